"""One form for all op decorators of a block, whatever the import: ``@weave.op()``.

Stored code says ``import weave`` and ``@weave.op()``, so that the official SDK can load it too.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from weave_lite.serialize.source import syntax
from weave_lite.serialize.source.index import parameter_names
from weave_lite.serialize.source.syntax import Edit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["normal_block", "renamed"]

_OUTER = {"classmethod", "staticmethod", "property"}  # they hide the op from a loader
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def normal_block(
    text: str, is_op: Callable[[tuple[str, ...]], bool], *, is_root: bool = False
) -> str:
    """Return the text of a definition with its op decorators in the normal form.

    Args:
        text: A function or class, without margin.
        is_op: Tells whether a dotted name is the op decorator.
        is_root: The definition is the op itself: it gets a decorator when it has none, and loses
            ``@classmethod``, ``@staticmethod`` and ``@property``, which mean nothing outside of
            a class.
    """
    tree = syntax.parse(text)
    if tree is None:
        return text
    edits: list[Edit] = []
    has_op = False
    for node in ast.walk(tree):
        if not isinstance(node, _FUNCTIONS):
            continue
        is_top = is_root and node is tree.body[0]
        for decorator in node.decorator_list:
            called = isinstance(decorator, ast.Call)
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            parts = syntax.dotted_name(target)
            if parts is None:
                continue
            if is_op(parts):
                has_op = has_op or is_top
                edits.append(_replaced(target, "weave.op" if called else "weave.op()"))
            elif is_top and not called and parts[0] in _OUTER and len(parts) == 1:
                edits.append(Edit(decorator.lineno, 0, decorator.lineno + 1, 0, ""))
    if "nonlocal" in text:
        edits.extend(_free_nonlocals(tree))
    if edits:
        text = syntax.edit_text(text, edits)
    return text if has_op or not is_root else f"@weave.op()\n{text}"


def renamed(text: str, name: str) -> str:
    """Return the text of a definition under another name."""
    tree = syntax.parse(text)
    node: Any = tree.body[0] if tree is not None else None
    if not isinstance(node, (*_FUNCTIONS, ast.ClassDef)) or node.name == name:
        return text
    lines = syntax.split_lines(text)
    column = lines[node.lineno - 1].index(node.name, _after_keyword(node))
    edit = Edit(node.lineno, column, node.lineno, column + len(node.name.encode()), name)
    return syntax.edit_text(text, [edit])


def _after_keyword(node: ast.stmt) -> int:
    if isinstance(node, ast.ClassDef):
        return len("class ")
    return len("async def ") if isinstance(node, ast.AsyncFunctionDef) else len("def ")


def _replaced(node: ast.expr, text: str) -> Edit:
    return Edit(*syntax.position(node), text)


def _free_nonlocals(tree: ast.Module) -> Iterator[Edit]:
    """Make ``nonlocal`` statements global whose variable stays outside of the block.

    The variable is stored as a global of the module, and ``nonlocal`` would not compile.
    """
    nothing: frozenset[str] = frozenset()
    pending: list[tuple[ast.AST, frozenset[str], frozenset[str]]] = [(tree, nothing, nothing)]
    while pending:
        node, enclosing, own = pending.pop()
        if isinstance(node, ast.Nonlocal) and not enclosing.intersection(node.names):
            start = node.col_offset
            yield Edit(node.lineno, start, node.lineno, start + len("nonlocal"), "global")
        if isinstance(node, _FUNCTIONS):
            enclosing, own = enclosing | own, _bound_by(node)
        pending.extend((child, enclosing, own) for child in ast.iter_child_nodes(node))


def _bound_by(function: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    """Return the local names of a function, those of functions inside it left out."""
    names, declared = set(parameter_names(function.args)), set()
    pending: list[ast.AST] = [*function.body]
    while pending:
        node = pending.pop()
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            names.add(node.name)
            continue
        if isinstance(node, ast.Nonlocal):
            declared.update(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.partition(".")[0])
        if not isinstance(node, ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))
    return frozenset(names - declared)

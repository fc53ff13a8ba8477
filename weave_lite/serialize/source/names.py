"""The free names of a block of code: what it takes from its module, in the order of the text.

The scopes come from the interpreter's own analysis (``symtable``), so every form of the language
that it knows is right: comprehensions, walrus, match patterns, except clauses, type parameters.
"""

from __future__ import annotations

import ast
import copy
import functools
import symtable
import sys
from typing import NamedTuple

from weave_lite.serialize.source import syntax

__all__ = ["FreeName", "default_names", "free_names", "has_annotations"]

_COMPREHENSIONS = {"listcomp", "setcomp", "dictcomp", "genexpr"}


class FreeName(NamedTuple):
    """A name that a block takes from its module.

    Attributes:
        name: The name.
        is_eager: Whether running the definition needs it: a default, a decorator, a base class.
        paths: Attribute chains read from it, each as its parts: ``os.path.join`` is
            ``("path", "join")``.
    """

    name: str
    is_eager: bool
    paths: tuple[tuple[str, ...], ...]


@functools.lru_cache(maxsize=1024)
def free_names(text: str) -> tuple[FreeName, ...]:
    """Return the free names of a block, builtins included, in the order of their first use.

    Empty when the text is not valid on its own.

    Example:
        >>> [name.name for name in free_names("def f(x=A): return [y for y in x if y > B]")]
        ['A', 'B']
    """
    tree = syntax.parse(text)
    if tree is None:
        return ()
    try:
        with syntax.quietly(text):
            table = symtable.symtable(_with_scopes_apart(text, tree), "<op>", "exec")
    except (SyntaxError, ValueError, RecursionError):
        return ()
    found: dict[str, bool] = dict.fromkeys(_rebound_in_classes(tree), True)
    _collect(table, True, found)
    first, paths = _uses(tree)
    last = (len(text), 0)
    return tuple(
        FreeName(name, found[name], tuple(sorted(paths.get(name, ()))))
        for name in sorted(found, key=lambda name: (first.get(name, last), name))
    )


def _with_scopes_apart(text: str, tree: ast.Module) -> str:
    """Return a text of the same scopes, where comprehensions keep theirs.

    Since 3.12 the interpreter moves the variables of comprehensions into the scope around them, and
    a global of the same name is lost from sight. It does not do so to generator expressions.
    """
    if sys.version_info < (3, 12):
        return text
    if not any(
        isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp)) for node in ast.walk(tree)
    ):
        return text
    return ast.unparse(_AsGenerators().visit(copy.deepcopy(tree)))


class _AsGenerators(ast.NodeTransformer):
    """Turn comprehensions into generator expressions, and f-strings into what can be written out."""

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace the nodes inside first."""
        self.generic_visit(node)
        match node:
            case ast.ListComp() | ast.SetComp():
                return ast.GeneratorExp(node.elt, node.generators)
            case ast.DictComp():
                pair = ast.Tuple([node.key, node.value], ast.Load())
                return ast.GeneratorExp(pair, node.generators)
            case ast.JoinedStr():  # unparse cannot write every quote inside of one
                return ast.Tuple(node.values, ast.Load())
            case ast.FormattedValue():
                parts = [node.value, *filter(None, [node.format_spec])]
                return ast.Tuple(parts, ast.Load())
        return node


def _collect(table: symtable.SymbolTable, is_eager: bool, found: dict[str, bool]) -> None:
    is_module = table.get_type() == "module"
    for symbol in table.get_symbols():
        if is_module:
            is_free = symbol.is_referenced() and not symbol.is_assigned()
            is_free = is_free and not symbol.is_imported()
        else:
            is_free = symbol.is_global()
        if is_free:
            name = symbol.get_name()
            found[name] = found.get(name, False) or is_eager
    for child in table.get_children():
        is_later = child.get_type() == "function" and child.get_name() not in _COMPREHENSIONS
        _collect(child, is_eager and not is_later, found)


def _uses(
    tree: ast.Module,
) -> tuple[dict[str, tuple[int, int]], dict[str, set[tuple[str, ...]]]]:
    """Return the first position of each name, and the attribute chains read from each."""
    first: dict[str, tuple[int, int]] = {}
    paths: dict[str, set[tuple[str, ...]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            place = (node.lineno, node.col_offset)
            first[node.id] = min(first.get(node.id, place), place)
        elif isinstance(node, ast.Attribute):
            parts = syntax.dotted_name(node)
            if parts is not None:
                paths.setdefault(parts[0], set()).add(parts[1:])
    return first, paths


def _rebound_in_classes(tree: ast.Module) -> list[str]:
    """Find names that a class body reads before it assigns them: ``run = staticmethod(run)``."""
    names = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        bound: set[str] = set()
        for statement in node.body:
            if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
                targets = _names(statement, ast.Store)
                names += [
                    name
                    for name in _names(statement.value, ast.Load)
                    if name in targets and name not in bound
                ]
                bound.update(targets)
            elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                bound.add(statement.name)
    return names


def _names(node: ast.AST, context: type[ast.expr_context]) -> list[str]:
    return [
        one.id
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, context)
    ]


@functools.lru_cache(maxsize=1024)
def default_names(text: str) -> tuple[tuple[str, str], ...]:
    """Return (parameter, name) for each default of a function block that is a bare name."""
    tree = syntax.parse(text)
    if tree is None or not isinstance(tree.body[0], (ast.FunctionDef, ast.AsyncFunctionDef)):
        return ()
    args = tree.body[0].args
    positional = [*args.posonlyargs, *args.args]
    pairs = [
        *zip(reversed(positional), reversed(args.defaults), strict=False),
        *zip(args.kwonlyargs, args.kw_defaults, strict=True),
    ]
    return tuple((arg.arg, default.id) for arg, default in pairs if isinstance(default, ast.Name))


@functools.lru_cache(maxsize=1024)
def has_annotations(text: str) -> bool:
    """Tell whether a block has any annotation, which a ``__future__`` import could change."""
    tree = syntax.parse(text)
    return tree is not None and any(
        isinstance(node, ast.AnnAssign)
        or (isinstance(node, ast.arg) and node.annotation is not None)
        or (isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None)
        for node in ast.walk(tree)
    )

"""What one file or cell defines, by qualified name: the lines of functions, classes and lambdas.

One parse per file; the index keeps positions only. Runs no code.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from weave_lite.serialize.source import syntax

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Definition", "FileIndex", "LambdaSpan", "build_index", "file_index", "parameter_names"]

_MAX_FILES = 64


class Definition(NamedTuple):
    """A function or class of a file: lines from 1, the first one of its decorators included."""

    start: int
    end: int
    is_class: bool
    parameters: tuple[str, ...]


class LambdaSpan(NamedTuple):
    """A lambda of a file, with the one name that its statement assigns, if there is one."""

    position: tuple[int, int, int, int]
    body: tuple[int, int, int, int]
    parameters: tuple[str, ...]
    target: str | None


class FileIndex(NamedTuple):
    """The definitions of a file by qualified name, in the order of the lines, and its lambdas."""

    definitions: dict[str, list[Definition]]
    lambdas: list[LambdaSpan]


_indexes: dict[str, tuple[Sequence[str], FileIndex]] = {}


def file_index(filename: str, lines: Sequence[str]) -> FileIndex:
    """Return the index of a file, made anew only when linecache has read it anew."""
    known = _indexes.get(filename)
    if known is not None and known[0] is lines:
        return known[1]
    index = build_index("".join(lines))
    if len(_indexes) >= _MAX_FILES:
        _indexes.clear()
    _indexes[filename] = (lines, index)
    return index


def build_index(text: str) -> FileIndex:
    """Return the index of a text; empty when it is not valid Python."""
    index = FileIndex({}, [])
    tree = syntax.parse(text)
    if tree is None:
        return index
    targets = _lambda_targets(tree)
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, prefix = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            qualname = prefix + node.name
            _add_definition(index, qualname, node)
            prefix = f"{qualname}." if isinstance(node, ast.ClassDef) else f"{qualname}.<locals>."
        elif isinstance(node, ast.Lambda):
            index.lambdas.append(_lambda_span(node, targets.get(node)))
        pending.extend((child, prefix) for child in ast.iter_child_nodes(node))
    for found in index.definitions.values():
        found.sort()
    index.lambdas.sort(key=lambda span: span.position)
    return index


def parameter_names(args: ast.arguments) -> tuple[str, ...]:
    """Return the names of all parameters in the order of ``co_varnames``."""
    names = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    names.extend(arg.arg for arg in (args.vararg, args.kwarg) if arg is not None)
    return tuple(names)


def _add_definition(
    index: FileIndex, qualname: str, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
) -> None:
    start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    is_class = isinstance(node, ast.ClassDef)
    names = () if isinstance(node, ast.ClassDef) else parameter_names(node.args)
    found = Definition(start, node.end_lineno or node.lineno, is_class, names)
    index.definitions.setdefault(qualname, []).append(found)


def _lambda_targets(tree: ast.Module) -> dict[ast.Lambda, str]:
    targets = {}
    for name, value in _assignments(tree):
        outer = list(_outer_lambdas(value))
        if len(outer) == 1:
            targets[outer[0]] = name
    return targets


def _outer_lambdas(value: ast.expr) -> Iterator[ast.Lambda]:
    pending: list[ast.AST] = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Lambda):
            yield node
        else:
            pending.extend(ast.iter_child_nodes(node))


def _assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, value = node.target, node.value
        else:
            continue
        if isinstance(target, ast.Name):
            yield target.id, value


def _lambda_span(node: ast.Lambda, target: str | None) -> LambdaSpan:
    return LambdaSpan(
        position=syntax.position(node),
        body=syntax.position(node.body),
        parameters=parameter_names(node.args),
        target=target,
    )

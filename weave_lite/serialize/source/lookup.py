"""Where the source of a function, lambda or class stands, and its text without the margin.

Reads through linecache only (files, notebook cells, doctests, loaded ops) and runs no code of the user.
"""

from __future__ import annotations

import functools
import inspect
import linecache
import re
import sys
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.serialize.introspect import derives_from, instance_fields, namespace_of
from weave_lite.serialize.source import syntax
from weave_lite.serialize.source.index import build_index, file_index

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Sequence

    from weave_lite.serialize.source.index import Definition, FileIndex, LambdaSpan

__all__ = [
    "Lambda",
    "class_functions",
    "class_text",
    "function_text",
    "lambda_parts",
    "plain_function",
]

_MAX_BLOCK_ENDS = 60  # then the whole file is parsed
_MAX_CACHED = 2048


class Lambda(NamedTuple):
    """The parts of a lambda: the text of its parameters and body, and the name it was assigned to."""

    parameters: str
    body: str
    target: str | None


_texts: dict[tuple[str, CodeType], str | None] = {}


def plain_function(value: Any) -> FunctionType | None:
    """Return the Python function at the bottom of wrappers, methods and descriptors, or None.

    Args:
        value: Anything. Only instance dictionaries are looked at, so no code of the user runs.
    """
    found: FunctionType | None = None
    seen: set[int] = set()
    while value is not None and id(value) not in seen:
        seen.add(id(value))
        if type(value) is FunctionType:  # an op may only pass for one
            found = value
        value = _wrapped_by(value)
    return found


def _wrapped_by(value: Any) -> Any:
    kind = type(value)  # asked instead of the value, which can lie about its class, or fail
    if any(derives_from(kind, one) for one in (MethodType, classmethod, staticmethod)):
        return value.__func__
    if derives_from(kind, property):
        return value.fget
    if derives_from(kind, functools.cached_property):
        return value.func
    attributes = instance_fields(value)
    inner = attributes.get("resolve_fn")
    return attributes.get("__wrapped__") if inner is None else inner


def function_text(function: FunctionType) -> str | None:
    """Return the source of a ``def``, decorators included, without its margin; None if not there."""
    code = function.__code__
    key = (code.co_filename, code)
    if key not in _texts:
        if len(_texts) >= _MAX_CACHED:
            _texts.clear()
        _texts[key] = _find_function(code, function.__globals__)
    return _texts[key]


def _find_function(code: CodeType, module_globals: dict[str, Any]) -> str | None:
    lines = linecache.getlines(code.co_filename, module_globals)
    start = code.co_firstlineno - 1
    if not 0 <= start < len(lines):
        return None
    end = _block_end(lines, start, code)
    if end is None:
        # Another text stands there by now (an edited file), or the block is out of the ordinary.
        found = file_index(code.co_filename, lines).definitions.get(code.co_qualname, ())
        fitting = [one for one in found if not one.is_class and one.parameters == _parameters(code)]
        if not fitting:
            return None
        nearest = min(fitting, key=lambda one: abs(one.start - code.co_firstlineno))
        start, end = nearest.start - 1, nearest.end
    return _block_text(lines[start:end])


def _block_end(lines: Sequence[str], start: int, code: CodeType) -> int | None:
    """Find the end of the definition at a line by trying the lines at which it may end."""
    width = _width(lines[start])
    tries = 0
    for end in range(start + 1, len(lines) + 1):
        if end < len(lines) and (_is_open(lines[end]) or _width(lines[end]) > width):
            continue
        tries += 1
        if tries > _MAX_BLOCK_ENDS:
            return None
        tree = _parse_block(lines[start:end])
        if tree is not None:
            node: Any = tree.body[0]
            node = node.body[0] if width else node
            if getattr(node, "name", None) != code.co_name or not hasattr(node, "args"):
                return None
            from_tree = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
            if tuple(from_tree) != code.co_varnames[: code.co_argcount]:
                return None
            return _without_tail(lines, start, end)
    return None


def _parameters(code: CodeType) -> tuple[str, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[:count]


def _width(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_open(line: str) -> bool:
    """Tell whether a line says nothing about where the block ends: blank, or a comment."""
    stripped = line.lstrip()
    return not stripped or stripped.startswith("#")


def _without_tail(lines: Sequence[str], start: int, end: int) -> int:
    """Leave out blank lines, and comments of the next block, at the end of a block."""
    width = _width(lines[start])
    while end > start + 1 and _is_open(lines[end - 1]):
        if lines[end - 1].strip() and _width(lines[end - 1]) > width:
            break
        end -= 1
    return end


def _parse_block(lines: Sequence[str]) -> ast.Module | None:
    """Parse a block where it stands: under an ``if`` when it has a margin."""
    text = "".join(lines)
    return syntax.parse(f"if 1:\n{text}" if _width(lines[0]) else text)


def _block_text(lines: Sequence[str]) -> str | None:
    tree = _parse_block(lines)
    if tree is None:
        return None
    text = syntax.dedent_block(lines, tree, 2 if _width(lines[0]) else 1)
    text = text.replace("\r\n", "\n")
    return text if text.endswith("\n") else f"{text}\n"


def lambda_parts(function: FunctionType) -> Lambda | None:
    """Return the parts of a lambda expression, cut out of the line it stands in.

    Several lambdas on one line are told apart by the columns of the code, or by the code itself.
    """
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines:
        return None
    spans = [
        span
        for span in file_index(code.co_filename, lines).lambdas
        if span.position[0] == code.co_firstlineno and span.parameters == _parameters(code)
    ]
    if len(spans) > 1:
        spans = [span for span in spans if _is_body(code, span)] or [
            span for span in spans if _does_same(code, _cut_lambda(lines, span))
        ]
    parts = {_cut_lambda(lines, span) for span in spans}
    return parts.pop() if len(parts) == 1 else None


def _is_body(code: CodeType, span: LambdaSpan) -> bool:
    """Tell whether the code returns the body of this lambda, by line and column."""
    *_, last = code.co_positions()
    return (last[0], last[2], last[1], last[3]) == span.body


def _does_same(code: CodeType, parts: Lambda | None) -> bool:
    """Compare what the code does, where the interpreter keeps no columns."""
    if parts is None:
        return False
    text = f"lambda {parts.parameters}: (\n{parts.body}\n)"
    inner = [
        const
        for const in compile(text, "<lambda>", "eval").co_consts
        if isinstance(const, CodeType)
    ]
    return any(
        (one.co_code, one.co_names, one.co_consts) == (code.co_code, code.co_names, code.co_consts)
        for one in inner
    )


def _cut_lambda(lines: Sequence[str], span: LambdaSpan) -> Lambda | None:
    text = syntax.between(lines, span.position)
    tree = syntax.parse(f"({text}\n)")
    if tree is None:
        return None
    node: Any = tree.body[0]
    colon = _colon(text, node.value)
    return Lambda(text[len("lambda") : colon].strip(), text[colon + 1 :].strip(), span.target)


def _colon(text: str, node: ast.Lambda) -> int:
    """Find the colon between parameters and body: the first one after the last parameter."""
    args = node.args
    parts: list[Any] = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
    parts += [*args.defaults, *args.kw_defaults]
    ends = [(part.end_lineno, part.end_col_offset) for part in parts if part is not None]
    line, column = max(ends, default=(1, 1))
    before = syntax.between(syntax.split_lines(f"({text}"), (1, 1, line, column))
    return text.index(":", len(before))


def class_text(cls: type, user: FunctionType) -> str | None:
    """Return the source of a class, decorators included, without its margin; None if not there.

    It is found through the code of its methods, then in the file of its module, then in the
    cells of the notebook, the newest first, then beside a function of its module that uses it.
    """
    for lines, index, line in _places_of_class(cls, user):
        found = [one for one in index.definitions.get(cls.__qualname__, ()) if one.is_class]
        if line is not None:
            found = [one for one in found if one.start <= line <= one.end]
        if found:
            last: Definition = found[-1]
            end = last.end
            while end < len(lines) and _is_inner_comment(lines[end], lines[last.start - 1]):
                end += 1
            return _block_text(lines[last.start - 1 : end])
    return None


def _is_inner_comment(line: str, first: str) -> bool:
    return line.lstrip().startswith("#") and _width(line) > _width(first)


def _places_of_class(
    cls: type, user: FunctionType
) -> Iterator[tuple[Sequence[str], FileIndex, int | None]]:
    for function in class_functions(cls):
        code = function.__code__
        lines = linecache.getlines(code.co_filename, function.__globals__)
        if lines:
            yield lines, file_index(code.co_filename, lines), code.co_firstlineno
    module = sys.modules.get(cls.__module__)
    filename = instance_fields(module).get("__file__")
    if isinstance(filename, str):
        lines = linecache.getlines(filename, dict(instance_fields(module)))
        line = namespace_of(cls).get("__firstlineno__")  # Python 3.13 tells which of several it is
        index = file_index(filename, lines)
        if line is not None:
            yield lines, index, line
        yield lines, index, None
    for cell in _cells(module):
        if re.search(rf"^\s*class\s+{re.escape(cls.__name__)}\b", cell, re.MULTILINE):
            yield syntax.split_lines(cell), build_index(cell), None
    if cls.__module__ == user.__module__:
        filename = user.__code__.co_filename
        lines = linecache.getlines(filename, user.__globals__)
        yield lines, file_index(filename, lines), None


def class_functions(cls: type) -> list[FunctionType]:
    """Return the functions that the body of a class defines, in its order."""
    found = []
    for value in list(namespace_of(cls).values()):
        function = plain_function(value)
        if function is not None and function.__qualname__.startswith(f"{cls.__qualname__}."):
            found.append(function)
    return found


def _cells(module: Any) -> Iterator[str]:
    """Yield the cells of a notebook, the newest first: IPython's history, then what linecache has."""
    history = instance_fields(module).get("In")
    if isinstance(history, list):
        yield from (cell for cell in reversed(history) if isinstance(cell, str))
    if getattr(module, "__name__", None) == "__main__":
        for filename in reversed(list(linecache.cache)):
            if "ipython" in filename or "ipykernel" in filename:
                yield "".join(linecache.getlines(filename))

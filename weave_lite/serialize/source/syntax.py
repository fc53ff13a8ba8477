"""Small tools on Python text: parse quietly, edit by position, take the margin off a block.

Pure: knows nothing of ops, and runs no code.
"""

from __future__ import annotations

import ast
import keyword
import re
import threading
import warnings
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "Edit",
    "between",
    "dedent_block",
    "dotted_name",
    "edit_text",
    "identifier",
    "parse",
    "position",
    "quietly",
    "split_lines",
]

# Only such texts can make the parser warn; the guard below is process-wide, so it is worth avoiding.
_MAY_WARN = re.compile(r"\\|[0-9a-fA-F](?:and|else|for|if|in|is|not|or)\b")
_warnings_lock = threading.Lock()


class Edit(NamedTuple):
    """A replacement of one stretch of text: lines from 1, columns in UTF-8 bytes, as in ``ast``."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


def parse(text: str) -> ast.Module | None:
    """Parse a text without a warning, whatever the filters; None when it is not valid Python.

    Who wants to change the tree makes a copy: short texts, which are asked for several times per
    capture and for the same op by every client of a test suite, share one.
    """
    return _parsed_lately(text) if len(text) <= _SHORT else _parsed(text)


def _parsed(text: str) -> ast.Module | None:
    try:
        with quietly(text):
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


_SHORT = 4000
_parsed_lately = lru_cache(maxsize=64)(_parsed)


@contextmanager
def quietly(text: str) -> Iterator[None]:
    """Keep the interpreter from warning of a text that it reads in the block."""
    if not _MAY_WARN.search(text):
        yield
        return
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def dotted_name(node: ast.AST) -> tuple[str, ...] | None:
    """Return ``("a", "b", "c")`` for the expression ``a.b.c``, None for any other."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return (node.id, *reversed(parts))


def identifier(name: str, default: str) -> str:
    """Return a name that can be defined: the last part of a dotted name, made valid, or a default.

    Example:
        >>> identifier("Model.predict", "func"), identifier("my op", "func"), identifier("1", "func")
        ('predict', 'my_op', 'func')
    """
    if name.startswith("<"):
        return default
    cleaned = re.sub(r"\W", "_", name.rpartition(".")[2] or name)
    return cleaned if cleaned.isidentifier() and not keyword.iskeyword(cleaned) else default


def split_lines(text: str) -> list[str]:
    """Split at line feeds only, as the parser counts lines; each line keeps its end."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def between(lines: Sequence[str], position: tuple[int, int, int, int]) -> str:
    """Return the text between two positions (line, column, end line, end column) of ``ast``."""
    line, column, end_line, end_column = position
    chosen = [text.encode(errors="surrogatepass") for text in lines[line - 1 : end_line]]
    chosen[-1] = chosen[-1][:end_column]
    chosen[0] = chosen[0][column:]
    return b"".join(chosen).decode(errors="surrogatepass")


def position(node: ast.expr) -> tuple[int, int, int, int]:
    """Return where an expression stands: line, column, end line, end column."""
    return (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)


def edit_text(text: str, edits: Iterable[Edit]) -> str:
    """Apply replacements that do not overlap."""
    lines = [line.encode(errors="surrogatepass") for line in split_lines(text)]
    for edit in sorted(edits, reverse=True):
        head = lines[edit.line - 1][: edit.column]
        tail = lines[edit.end_line - 1][edit.end_column :]
        lines[edit.line - 1 : edit.end_line] = [head + edit.text.encode() + tail]
    return b"".join(lines).decode(errors="surrogatepass")


def dedent_block(lines: Sequence[str], tree: ast.Module, first_line: int) -> str:
    """Take the margin of the first line off all lines, but not off the inside of text values.

    Docstrings lose the margin too, when all their lines have it; a prompt in triple quotes keeps
    every blank, since it is a value that the code computes with.

    Args:
        lines: The block, with line ends.
        tree: Its parsed form.
        first_line: The line of the tree at which the block begins.
    """
    first = lines[0]
    margin = first[: len(first) - len(first.lstrip())]
    if not margin:
        return "".join(lines)
    kept = _lines_inside_texts(lines, tree, first_line, margin)
    return "".join(
        line
        if number in kept
        else line.removeprefix(margin)
        if line.strip()
        else line.lstrip(" \t")
        for number, line in enumerate(lines)
    )


def _lines_inside_texts(
    lines: Sequence[str], tree: ast.Module, first_line: int, margin: str
) -> set[int]:
    docstrings = set()
    texts: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings.add(first.value)
        elif isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
        ):
            texts.append(node)
    kept: set[int] = set()
    for node in texts:
        start, end = node.lineno - first_line, (node.end_lineno or node.lineno) - first_line
        inside = range(start + 1, end + 1)
        if not inside or not _spans_lines("".join(lines[start : end + 1])):
            continue
        if node in docstrings and all(
            lines[i].startswith(margin) or not lines[i].strip() for i in inside
        ):
            continue
        kept.update(inside)
    return kept


def _spans_lines(text: str) -> bool:
    """Tell a text that goes over lines from parts in brackets that Python joins."""
    return '"""' in text or "'''" in text or "\\\n" in text

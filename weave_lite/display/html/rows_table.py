"""Rows as a table: of a dataset, of an evaluation, of anything. Pure: rows in, HTML out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.display.html.page import rendered
from weave_lite.display.html.values import Shown, as_it_is, brief

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from weave_lite.display.html.page import Page
    from weave_lite.display.html.values import Look

__all__ = ["Column", "columns_of", "rows_table", "with_flat_scores", "write_table"]

_MAX_COLUMNS = 20
_LONG_NUMBER = 10
# What each row of an evaluation has.
_RESULT = frozenset({"output", "scores", "model_latency"})


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        name: Its heading.
        is_number: Whether its cells are numbers, though they are given as text.
    """

    name: str
    is_number: bool = False


def rows_table(
    title: str,
    rows: Sequence[Mapping[str, Any]],
    count: int,
    look: Look = as_it_is,
    *,
    note: str = "",
) -> str:
    """Show the first rows of a table.

    Args:
        title: What it is.
        rows: The first rows.
        count: How many rows there are.
        look: Says how a value is to be seen.
        note: More about it, such as its link.
    """
    rows = [{str(name): value for name, value in row.items()} for row in rows]
    names = columns_of(rows)
    columns = [Column(name) for name in names[:_MAX_COLUMNS]]

    def write(page: Page) -> None:
        with page.tag("div", "wl-head"):
            page.element("bdi", title, "wl-name")
            page.element("span", _size(count, len(names)), "wl-dim")
        body = [
            [Shown(str(at)), *(row.get(column.name, Shown("")) for column in columns)]
            for at, row in enumerate(rows)
        ]
        write_table(page, [Column(""), *columns], body, look)
        if len(names) > len(columns):
            page.element("p", f"and {len(names) - len(columns):,} more columns", "wl-note")
        if count > len(rows):
            page.element("p", f"the first {len(rows):,} of {count:,} rows", "wl-note")
        if note:
            with page.tag("p", "wl-note"):
                page.element("code", note, "wl-code")

    return rendered(write)


def with_flat_scores(rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Give each score of rows of an evaluation a column of its own; other rows stay as they are.

    Example:
        >>> with_flat_scores([{"output": 1, "scores": {"exact": {"ok": True}}, "model_latency": 2}])
        [{'output': 1, 'exact.ok': True, 'model_latency': 2}]
    """
    if not all(row.keys() >= _RESULT and isinstance(row["scores"], dict) for row in rows):
        return rows
    flat = []
    for row in rows:
        made: dict[str, Any] = {}
        for name, value in row.items():
            made |= _leaves(value, "") if name == "scores" else {name: value}
        flat.append(made)
    return flat


def _leaves(scores: Mapping[str, Any], path: str) -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for name, value in scores.items():
        at = f"{path}.{name}" if path else str(name)
        leaves |= _leaves(value, at) if type(value) is dict and value else {at: value}
    return leaves


def columns_of(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Give the keys of rows, in the order in which they come up."""
    return list(dict.fromkeys(str(name) for row in rows for name in row))


def write_table(
    page: Page,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    look: Look = as_it_is,
) -> None:
    """Write a table whose cells are a line of their value.

    Args:
        page: Where to.
        columns: The columns.
        rows: The cells of each row.
        look: Says how a value is to be seen.
    """
    kept = list(rows)
    are_numbers = [
        column.is_number
        or (
            any(_is_number(row[at]) for row in kept)
            and all(_is_number(row[at]) or _is_empty(row[at]) for row in kept)
        )
        for at, column in enumerate(columns)
    ]
    with page.tag("table", "wl-rows"):
        with page.tag("thead"), page.tag("tr"):
            for column, is_number in zip(columns, are_numbers, strict=True):
                css = "wl-number" if is_number else ""
                page.element("th", column.name, css, attributes='scope="col"')
        with page.tag("tbody"):
            for row in kept:
                if page.is_full:
                    return
                with page.tag("tr"):
                    for value, is_number in zip(row, are_numbers, strict=True):
                        css = "wl-number" if is_number else ""
                        page.element("td", _cell_text(value, look), css, attributes='dir="auto"')


def _cell_text(value: Any, look: Look) -> str:
    """Write a value in a cell; numbers as short as they can be read."""
    if type(value) is float:
        text = repr(value)
        return text if len(text) <= _LONG_NUMBER else f"{value:.6g}"
    return "" if value is None else brief(value, look=look).text


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def _is_empty(value: Any) -> bool:
    return value is None or (type(value) is str and not value) or type(value) is Shown


def _size(count: int, columns: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}, {columns} {'column' if columns == 1 else 'columns'}"

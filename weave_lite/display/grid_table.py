"""A table of any values, and tables as text. Pure, except for :func:`show_pages`."""

from __future__ import annotations

import datetime as dt
import io
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from weave_lite.core import jsontext
from weave_lite.display.text_cells import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import RenderableType

__all__ = ["grid_table", "show_pages", "table_text", "value_text"]

# Where nobody says how wide the page is.
_MAX_WIDTH = 160
# Lines that a page of a terminal needs beside its rows: the frame, the titles and the question.
_FRAME_LINES = 6


def grid_table(
    titles: Iterable[str], rows: Iterable[Sequence[Any]], *, title: str | None = None
) -> Table:
    """Lay values out under their titles."""
    table = Table(title=None if title is None else plain(title))
    for each in titles:
        table.add_column(plain(each))
    for row in rows:
        table.add_row(*map(value_text, row))
    return table


def value_text(value: Any) -> Text:
    """A text as it is, None as a sign for it, a date in ISO form, anything else as JSON, else as its ``repr``."""
    if value is None:
        return Text("␀", style="dim")
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, bool | int | float | dt.date):
        return Text(str(value))
    try:
        return plain(jsontext.compact(value))
    except Exception:  # whatever a user's object does
        return plain(_described(value))


def table_text(renderable: RenderableType) -> str:
    """A table as plain text, as wide as its content needs; on a terminal no wider than that."""
    # In a notebook, rich would show the table there and then, whatever file it is given.
    terminal = Console(force_jupyter=False)
    most = terminal.width if terminal.is_terminal else _MAX_WIDTH
    console = Console(
        file=io.StringIO(),
        width=most,
        color_system=None,
        force_terminal=False,
        force_jupyter=False,
    )
    width = Measurement.get(console, console.options, renderable).maximum
    console.width = max(1, min(width, most))
    console.print(renderable)
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def show_pages(
    page: Callable[[int, int | None], Table], count: int, rows_per_page: int | None
) -> None:
    """Write a table to stdout, a page at a time where a person reads it.

    Args:
        page: Lays out the rows from one position to another.
        count: How many rows there are.
        rows_per_page: Rows of a page; None for what fits.
    """
    console = Console()
    if not (console.is_terminal and _is_terminal(sys.stdin)):
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        text = table_text(page(0, None)) + "\n"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        return
    size = rows_per_page or max(console.height - _FRAME_LINES, 1)
    for start in range(0, max(count, 1), size):
        stop = min(start + size, count)
        console.print(page(start, stop))
        if stop == count:
            return
        answer = console.input(f"rows {start + 1}-{stop} of {count}: Enter for more, q to end ")
        if answer.strip().lower() == "q":
            return


def _is_terminal(file: Any) -> bool:
    try:
        return bool(file.isatty())
    except (AttributeError, ValueError):  # closed, or replaced by something less
        return False


def _described(value: Any) -> str:
    try:
        return repr(value)
    except Exception:  # a broken __repr__ must not hide the other cells
        return f"<{type(value).__name__}>"

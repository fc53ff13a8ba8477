"""What a view says, as a table of two columns for people. Only what is set is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from weave_lite.core import jsontext
from weave_lite.core.errors import QueryTranslationException
from weave_lite.display.grid_table import grid_table, value_text
from weave_lite.flow.saved_view.path import ObjectPath
from weave_lite.flow.saved_view.summary import filter_rows

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import RenderableType

    from weave_lite.trace_server.interface.builtin_object_classes.saved_view import SavedView
    from weave_lite.trace_server.interface.query import Query

__all__ = ["view_table"]


def view_table(base: SavedView, url: str | None, uri: str | None) -> Table:
    """Lay a view out.

    Args:
        base: Its record.
        url: Its link, if it is saved.
        uri: Where it is stored, if it is.
    """
    definition = base.definition
    table = Table(show_header=False)
    table.add_column(justify="right", style="bold")
    table.add_column()
    rows: list[tuple[str, RenderableType | None]] = [
        ("Name", value_text(base.label)),
        ("Description", _text(base.description)),
        ("URL", _text(url)),
        ("Ref", _text(uri)),
        ("View type", value_text(base.view_type)),
        ("Call Filter", _pairs(definition.filter)),
        ("Filters", _filters(definition.query)),
        ("Columns", None),
        ("Column Visibility", None),
        ("Pin", _pairs(definition.pin)),
        ("Sort", _sort([(by.field, by.direction) for by in definition.sort_by or ()])),
        ("Page Size", _text(definition.page_size)),
    ]
    shown = dict(rows)
    if definition.columns:
        named = [(ObjectPath(each.path).to_str(), each.label or "") for each in definition.columns]
        shown["Columns"] = grid_table(["Column", "Label"], named)
    if definition.cols:
        shown["Column Visibility"] = grid_table(["Column", "Show"], definition.cols.items())
    for name, content in shown.items():
        if content is not None:
            table.add_row(name, content)
    return table


def _text(value: Any) -> RenderableType | None:
    return None if value is None else value_text(value)


def _pairs(model: BaseModel | None) -> RenderableType | None:
    given = {} if model is None else model.model_dump(exclude_none=True)
    if not given:
        return None
    table = Table(show_header=False)
    for name, value in given.items():
        table.add_row(name, value_text(value))
    return table


def _sort(order: list[tuple[str, str]]) -> RenderableType | None:
    return value_text("\n".join(f"{field} {way}" for field, way in order)) if order else None


def _filters(query: Query | None) -> RenderableType | None:
    if query is None:
        return None
    try:
        rows = filter_rows(query)
    except QueryTranslationException:
        return value_text(jsontext.compact(query.model_dump(by_alias=True, mode="json")))
    return grid_table(["Field", "Operator", "Value"], rows)

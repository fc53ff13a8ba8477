"""What a view says, as plain values by their names. Only what is set."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import QueryTranslationException
from weave_lite.flow.saved_view.filters import query_to_filters
from weave_lite.flow.saved_view.path import ObjectPath

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weave_lite.flow.saved_view.filters import Filter
    from weave_lite.trace_server.interface.builtin_object_classes.saved_view import (
        Column,
        SavedView,
    )
    from weave_lite.trace_server.interface.query import Query

__all__ = ["filter_rows", "view_facts"]


def view_facts(base: SavedView) -> dict[str, Any]:
    """Say what a view says."""
    definition = base.definition
    facts: Mapping[str, Any] = {
        "description": base.description,
        "view type": base.view_type,
        "call filter": definition.filter and definition.filter.model_dump(exclude_none=True),
        "filters": definition.query and _filters(definition.query),
        "columns": [_column(column) for column in definition.columns or ()],
        "column visibility": definition.cols,
        "pin": definition.pin and definition.pin.model_dump(exclude_none=True),
        "sort": [f"{by.field} {by.direction}" for by in definition.sort_by or ()],
        "page size": definition.page_size,
    }
    return {name: fact for name, fact in facts.items() if fact}


def _column(column: Column) -> str:
    path = ObjectPath(column.path).to_str()
    return f"{path} as {column.label}" if column.label else path


def _filters(query: Query) -> Any:
    try:
        rows = filter_rows(query)
    except QueryTranslationException:
        return query.model_dump(by_alias=True, mode="json")
    return [" ".join(str(part) for part in row if part != "") for row in rows]


def filter_rows(query: Query) -> list[tuple[str, str, Any]]:
    """Read the conditions of a query: field, operator and value of each.

    Raises:
        QueryTranslationException: The query says more than filters can.
    """
    return [(each.field, each.operator, _value(each)) for each in query_to_filters(query) or []]


def _value(each: Filter) -> Any:
    if each.value is None:
        return ""
    if each.operator in {"after", "before"}:
        try:
            return dt.datetime.fromtimestamp(each.value, dt.UTC).isoformat()
        except (OverflowError, ValueError, OSError):  # no year that has a name
            return each.value
    return each.value

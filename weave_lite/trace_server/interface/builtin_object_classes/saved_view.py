"""SavedView: filters, columns and order of a table of calls, kept under a name."""

from __future__ import annotations

from typing import ClassVar

from weave_lite.trace_server.interface import calls
from weave_lite.trace_server.interface.builtin_object_classes.base import (
    BuiltinObject,
    BuiltinPart,
)
from weave_lite.trace_server.interface.query import Query, SortBy  # noqa: TC001 - pydantic reads it

__all__ = ["Column", "Pin", "SavedView", "SavedViewDefinition"]


class SavedCallsFilter(BuiltinPart, calls.CallsFilter):
    """The conditions of a view."""

    only_when_set: ClassVar[frozenset[str]] = frozenset({"thread_ids", "turn_ids"})
    stored_name: ClassVar[str | None] = "CallsFilter"


class Column(BuiltinPart):
    """A column: the path of its values, and its title."""

    path: list[str | int] | None = None
    label: str | None = None


class Pin(BuiltinPart):
    """Columns that stay at the sides."""

    left: list[str]
    right: list[str]


class SavedViewDefinition(BuiltinPart):
    """What the view shows."""

    filter: SavedCallsFilter | None = None
    query: Query | None = None
    cols: dict[str, bool] | None = None
    columns: list[Column] | None = None
    pin: Pin | None = None
    sort_by: list[SortBy] | None = None
    page_size: int | None = None


class SavedView(BuiltinObject):
    """A view of ``view_type`` (``traces``, ``evaluations``); ``label`` is its title."""

    view_type: str
    label: str
    definition: SavedViewDefinition

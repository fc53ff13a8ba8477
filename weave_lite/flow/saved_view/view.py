"""SavedView: which calls a table shows, and how; built step by step, kept under a name."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from weave_lite.core.errors import InvalidRefError
from weave_lite.core.refs import SCHEME, ObjectRef, OpRef, parse_uri
from weave_lite.flow.saved_view import stored
from weave_lite.flow.saved_view.cells import cell, natural_order, paths_of, server_columns
from weave_lite.flow.saved_view.errors import ViewError, ViewIndexError
from weave_lite.flow.saved_view.fields import KNOWN_COLUMNS, filter_field
from weave_lite.flow.saved_view.filters import (
    Filter,
    clauses_of,
    query_of_clauses,
    query_to_filters,
    with_filter,
)
from weave_lite.flow.saved_view.layout import ViewLayout, checked_label
from weave_lite.serialize.introspect import derives_from
from weave_lite.serialize.registry import Codec, register_codec
from weave_lite.trace.classes import register_class
from weave_lite.trace.client_context import get_client, require_client
from weave_lite.trace.links import app_link
from weave_lite.trace_server.interface.builtin_object_classes.saved_view import (
    SavedCallsFilter,
    SavedViewDefinition,
)
from weave_lite.trace_server.interface.builtin_object_classes.saved_view import (
    SavedView as SavedViewBase,
)

if TYPE_CHECKING:
    from typing import Self

    from weave_lite.flow.saved_view.path import ObjectPath
    from weave_lite.trace.calls_iter import CallsIter
    from weave_lite.trace.grid import Grid
    from weave_lite.trace.values.record import WeaveObject

__all__ = ["SavedView"]

_VIEW_TYPES: Final = ("traces", "evaluations")
_EVALUATE: Final = "Evaluation.evaluate"
_KNOWN_COLUMN_CALLS: Final = 10


class SavedView(ViewLayout):
    """A table of calls: its conditions, columns and order. Methods change it and return it.

    Args:
        view_type: ``traces``, or ``evaluations`` for the calls of evaluations only.
        label: Its title.

    Raises:
        ValueError: There is no such type, or the label is no text.

    Example:
        >>> view = SavedView(label="Slow ones").add_filter("summary.weave.latency_ms", ">", 1000)
        >>> view = view.add_columns("inputs.question", "output").sort_by("started_at", "desc")
        >>> [column["label"] for column in view.get_table_columns()]
        ['inputs.question', 'output']
    """

    def __init__(self, view_type: str = "traces", label: str = "SavedView") -> None:
        if view_type not in _VIEW_TYPES:
            raise ViewError(
                f"view_type {view_type!r} is not known; use one of {', '.join(_VIEW_TYPES)}"
            )
        self.base = SavedViewBase(
            view_type=view_type, label=checked_label(label), definition=SavedViewDefinition()
        )
        self.ref: ObjectRef | None = None
        # Where it was read or saved last, also when it was changed since.
        self._home: ObjectRef | None = None

    # --- what it is ---

    @property
    def view_type(self) -> str:
        """``traces`` or ``evaluations``."""
        return self.base.view_type

    @property
    def label(self) -> str:
        """Its title."""
        return self.base.label

    @property
    def entity(self) -> str | None:
        """First part of the project that it is stored in, a new one in that of the client."""
        home = self._home or get_client()
        return None if home is None else home.entity

    @property
    def project(self) -> str | None:
        """Second part of the project that it is stored in, a new one in that of the client."""
        home = self._home or get_client()
        return None if home is None else home.project

    def rename(self, label: str) -> Self:
        """Give the view another title; the name that it is stored under stays.

        Raises:
            ValueError: The label is empty or no text.
        """
        self.base.label = checked_label(label)
        return self._changed()

    # --- filters ---

    def add_filter(self, field: str, operator: str, value: Any | None = None) -> Self:
        """Add a condition; calls must meet all of them. One that is there is not added again.

        Args:
            field: A column of calls, or a path into one: ``inputs.messages[0].text``.
            operator: For texts ``contains``, ``does not contain``, ``equals``, ``does not equal``
                and ``in`` (a list, or a text with commas); for numbers ``= != < <= > >=`` (also
                ``≠ ≤ ≥``); ``is`` for True and False; ``after`` and ``before`` (the instant itself
                included) for dates, which may be datetimes, ISO texts or seconds since the epoch;
                ``is empty`` and ``is not empty``.
            value: What to compare with; none for the last two.

        Raises:
            ValueError: The field or operator is not known, or the value is missing or does not fit.
        """
        definition = self.base.definition
        definition.query = with_filter(definition.query, Filter.of(field, operator, value))
        return self._changed()

    def remove_filter(self, index_or_field: int | str) -> Self:
        """Remove the condition at a position, or all those on a field; the others stay as they are.

        Raises:
            IndexError: There is no condition at that position; they count from 0.
            QueryTranslationException: The stored query says more than filters can.
        """
        definition = self.base.definition
        filters = query_to_filters(definition.query) or []
        if isinstance(index_or_field, int):
            if isinstance(index_or_field, bool) or not 0 <= index_or_field < len(filters):
                raise ViewIndexError(
                    f"index_or_field {index_or_field} is out of range; there are {len(filters)} "
                    "filters, from 0"
                )
            gone = {index_or_field}
        else:
            field = filter_field(index_or_field)
            gone = {at for at, each in enumerate(filters) if each.field == field}
        clauses = clauses_of(definition.query)
        kept = [clause for at, clause in enumerate(clauses) if at not in gone]
        definition.query = query_of_clauses(kept)
        return self._changed()

    def remove_filters(self) -> Self:
        """Remove all conditions, also those that are no filters; that on the op stays."""
        self.base.definition.query = None
        return self._changed()

    def filter_op(self, op_name: str | None) -> Self:
        """Show the calls of one op only.

        Args:
            op_name: The op's name in the project of the view, else of the active client; or its
                URI. None for all ops.

        Raises:
            ValueError: It is a name, and there is neither a stored view nor a client; or it is the
                URI of something else.
        """
        chosen = None if op_name is None else [self._op_uri(op_name)]
        conditions = self.base.definition.filter or SavedCallsFilter()
        conditions = conditions.model_copy(update={"op_names": chosen})
        is_empty = not conditions.model_dump(exclude_none=True)
        self.base.definition.filter = None if is_empty else conditions
        return self._changed()

    # --- what it shows ---

    def get_known_columns(self, num_calls_to_query: int | None = None) -> list[str]:
        """List what can be a column: those of every call, and the paths inside some calls.

        Args:
            num_calls_to_query: How many calls to look at; None for 10. Without a client none is.

        Raises:
            ValueError: The number is negative or no whole number.
        """
        count = _KNOWN_COLUMN_CALLS if num_calls_to_query is None else num_calls_to_query
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ViewError(f"num_calls_to_query must be a whole number, 0 or more, not {count!r}")
        known = set(KNOWN_COLUMNS)
        if count and get_client() is not None:
            for call in self.get_calls(limit=count, all_columns=True):
                known.update(paths_of(call))
        return sorted(known, key=natural_order)

    def get_calls(
        self,
        limit: int | None = None,
        offset: int | None = None,
        include_costs: bool = False,
        include_feedback: bool = False,
        all_columns: bool = False,
    ) -> CallsIter:
        """Find the calls of the view, in its order. Nothing is read before the result is looked at.

        Args:
            limit: Most calls.
            offset: How many to skip.
            include_costs: Add costs to ``summary.weave``.
            include_feedback: Add feedback to ``summary.weave``.
            all_columns: Read all values; otherwise those of the chosen columns only, if any are.

        Raises:
            WeaveInitError: No client is active.
            ValueError: The view is stored in another project than the active client's.
        """
        is_chosen = self.base.definition.columns and not all_columns
        return self._find_calls(
            [column["path"] for column in self.get_table_columns()] if is_chosen else None,
            limit=limit,
            offset=offset,
            include_costs=include_costs,
            include_feedback=include_feedback,
        )

    def to_grid(self, limit: int | None = None) -> Grid:
        """Read the calls into a grid: a column for each of the view, under its label.

        Args:
            limit: Most calls.

        Raises:
            WeaveInitError: No client is active.
        """
        from weave_lite.trace.grid import Grid  # noqa: PLC0415 - rarely asked for

        grid, paths = Grid(self.label), []
        for at, column in enumerate(self.get_table_columns()):
            name = column["path"].to_str()
            taken = any(other.id == name for other in grid.columns)
            grid.add_column(f"{name} ({at})" if taken else name, column["label"])
            paths.append(column["path"])
        for call in self._find_calls(paths, limit=limit):
            grid.add_row([cell(call, path) for path in paths])
        return grid

    def to_rich_table_str(self) -> str:
        """Lay out what the view says as text; only what is set."""
        from weave_lite.display.grid_table import table_text  # noqa: PLC0415 - loads rich
        from weave_lite.flow.saved_view.table import view_table  # noqa: PLC0415

        uri = None if self.ref is None else self.ref.uri()
        return table_text(view_table(self.base, self.ui_url(), uri))

    # --- the store ---

    def save(self) -> Self:
        """Store the view as the latest version of its name, and set ``ref``.

        Raises:
            WeaveInitError: No client is active.
        """
        client = require_client()
        name = self.base.name or (None if self._home is None else self._home.name)
        if name is None:
            moment = dt.datetime.now(dt.UTC)
            name = f"{self.view_type}_{moment:%Y-%m-%d_%H-%M-%S-%f}"
        self.ref = self._home = stored.publish(client, self.base, name)
        return self

    @classmethod
    def load(cls, ref: str) -> Self:
        """Read a stored view, also one of the official SDK.

        Args:
            ref: Its URI, or its name with or without a version (``traces_x:v0``).

        Raises:
            WeaveInitError: No client is active.
            NotFoundError: There is no such object.
            InvalidRefError: It is no saved view.
        """
        return cls._of(*stored.read(require_client(), ref))

    @classmethod
    def from_obj(cls, obj: WeaveObject) -> Self:
        """Make a view of its record, as ``ref(...).get()`` does.

        Raises:
            ValueError: It is the record of something else.
        """
        return cls._of(stored.of_fields(obj), obj.ref)

    @classmethod
    def _of(cls, base: SavedViewBase, ref: ObjectRef | None) -> Self:
        view = cls.__new__(cls)
        view.base = base
        view.ref = view._home = ref  # noqa: SLF001 - made here
        return view

    def ui_url(self) -> str | None:
        """Return the link of the view; None while it is not saved as it is now.

        It is its page on a hosted service; on an embedded store, its URI.
        """
        if self.ref is None:
            return None
        page = f"{self.base.view_type}?view={self.ref.name}"
        return app_link(self.ref.project_id, page) or self.ref.uri()

    # --- the rest ---

    def _find_calls(self, paths: list[ObjectPath] | None, **how: Any) -> CallsIter:
        client = require_client()
        if self._home is not None and self._home.project_id != client.project_id:
            raise ViewError(
                f"this view is stored in {self._home.project_id!r}, but the client works in "
                f"{client.project_id!r}; call weave.init({self._home.project_id!r}) first"
            )
        definition = self.base.definition
        conditions = definition.filter
        if self.view_type == "evaluations":
            op_uri = OpRef(client.entity, client.project, _EVALUATE, "*").uri()
            conditions = (conditions or SavedCallsFilter()).model_copy(
                update={"op_names": [op_uri]}
            )
        return client.get_calls(
            filter=conditions,
            query=definition.query,
            sort_by=definition.sort_by,
            columns=None if paths is None else server_columns(paths),
            **how,
        )

    def _op_uri(self, op_name: str) -> str:
        if not isinstance(op_name, str) or not op_name:
            raise ViewError(f"op_name must be a name, a URI or None, not {op_name!r}")
        if op_name.startswith(SCHEME):
            if not isinstance(parse_uri(op_name), OpRef):
                raise InvalidRefError(f"op_name {op_name!r} is not the URI of an op")
            return op_name
        home = self._home or get_client()
        if home is None:
            raise ViewError(
                f"op_name {op_name!r} is a name, which needs a project: call "
                "weave.init('my-project') first, or give the op's URI"
            )
        return OpRef(home.entity, home.project, op_name, "*").uri()

    def __str__(self) -> str:
        return self.to_rich_table_str()

    def __repr__(self) -> str:
        return f"SavedView(view_type={self.view_type!r}, label={self.label!r})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self) if cycle else str(self))

    def _repr_html_(self) -> str:
        from weave_lite.flow.saved_view.summary import view_facts  # noqa: PLC0415 - notebooks only
        from weave_lite.trace.notebook import facts_html  # noqa: PLC0415

        return facts_html(self, f"SavedView {self.label}", lambda: view_facts(self.base))


# A view given to an op, or published like any value, is written as it is saved.
register_class(SavedView)
register_codec(
    Codec(
        "saved_view",
        lambda cls: derives_from(cls, SavedView),
        lambda view, _: stored.record(view.base),
    )
)

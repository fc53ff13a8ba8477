"""WeaveClient: everything that is done in one project of one server. Thin: it delegates."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import InvalidNameError, InvalidRefError, InvalidRequest, NotFoundError
from weave_lite.core.names import check_project_id, split_project_name
from weave_lite.core.refs import ObjectRef
from weave_lite.trace import calls_query, settings
from weave_lite.trace.call import Call
from weave_lite.trace.calls_iter import CallsIter, PaginatedIterator
from weave_lite.trace.client_costs import ClientCosts
from weave_lite.trace.client_feedback import ClientFeedback
from weave_lite.trace.client_records import ClientRecords
from weave_lite.trace.flush_status import FlushStatus, flush_with_progress, progress_bar
from weave_lite.trace.publish import Publisher
from weave_lite.trace.recorder import Recorder
from weave_lite.trace.resolver import parse_location
from weave_lite.trace.stored_reader import StoredReader
from weave_lite.trace.table_rows import append_in_parts
from weave_lite.trace.values.build import Builder
from weave_lite.trace.values.table import WeaveTable
from weave_lite.trace.watch import wait_for_watcher
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.place import default_entity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from weave_lite.core.refs import OpRef, Ref
    from weave_lite.trace.table import Table
    from weave_lite.trace.values.table import RowReader
    from weave_lite.trace_server.interface.query import Query, SortBy
    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = ["Call", "CallsIter", "FlushStatus", "PaginatedIterator", "WeaveClient"]

# Only there it is known what a server can be, so it is named, and loaded when asked for.
_COMPOSITION_ROOT = "weave_lite.api"


class WeaveClient(ClientRecords, ClientCosts, ClientFeedback):
    """What one project of one server can be asked for.

    Args:
        entity: First part of the project id.
        project: Second part of it. Without it ``entity`` is the whole, ``"entity/project"``, or a
            project of the default entity.
        server: The trace server; by default the store that ``weave.init`` would trace into.
        ensure_project_exists: Ask the server for the project, which may give it another name.

    Raises:
        InvalidNameError: Entity or project is empty or has a slash.

    Example:
        >>> from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
        >>> client = WeaveClient("local", "demo", SqliteTraceServer(":memory:"))
        >>> len(client.get_calls())
        0
    """

    def __init__(
        self,
        entity: str,
        project: str | None = None,
        server: TraceServerInterface | None = None,
        ensure_project_exists: bool = True,
    ) -> None:
        if project is None and isinstance(entity, str):
            entity, project = split_project_name(entity, default_entity())
        if not isinstance(entity, str) or not isinstance(project, str):
            raise InvalidNameError(f"entity and project must be texts, not {entity!r}, {project!r}")
        check_project_id(f"{entity}/{project}")
        if server is None:
            server = import_module(_COMPOSITION_ROOT).default_server()
        if ensure_project_exists:
            project = server.ensure_project_exists(entity, project).project_name
        self.entity = entity
        self.project = project
        self.server = server
        self.ensure_project_exists = ensure_project_exists
        self.recorder = Recorder(server, sync=settings.current().is_sync)
        self._reader = StoredReader(server, self.recorder.flush)
        self.publisher = Publisher(entity, project, self.recorder, self._reader)
        self._builder = Builder(self._reader, self.publisher)
        # For tables that come from another process.
        self.row_reader: RowReader = self._builder
        self._calls = calls_query.CallReader(
            server, self.project_id, self._builder, self, self.recorder.flush
        )

    @property
    def project_id(self) -> str:
        """The project as ``entity/project``."""
        return f"{self.entity}/{self.project}"

    # --- reading calls ---

    def get_calls(
        self,
        *,
        filter: tsi.CallsFilter | Mapping[str, Any] | None = None,
        limit: int | None = None,
        offset: int | None = None,
        sort_by: Iterable[SortBy | Mapping[str, Any]] | None = None,
        query: Query | Mapping[str, Any] | None = None,
        include_costs: bool = False,
        include_feedback: bool = False,
        columns: Iterable[str] | None = None,
        scored_by: str | Ref | Iterable[str | Ref] | None = None,
        page_size: int = 1000,
        include_storage_size: bool = False,
        include_total_storage_size: bool = False,
        expand_columns: Iterable[str] | None = None,
    ) -> CallsIter:
        """Find calls. Nothing is read before the result is looked at.

        Args:
            filter: Conditions on op, parent, trace, ids and so on; also as a dict.
            limit: Most calls.
            offset: How many to skip.
            sort_by: Such as ``[{"field": "started_at", "direction": "desc"}]``; else oldest first.
            query: A condition in the query language; also as a dict (``{"$expr": ...}``).
            include_costs: Add costs to ``summary.weave``.
            include_feedback: Add feedback to ``summary.weave``.
            columns: Which values to read; by default all. ``id``, ``project_id``, ``trace_id``,
                ``op_name`` and ``started_at`` always come.
            scored_by: Only calls that these scorers scored: a name for any version, a ref for one.
            page_size: How many calls an index reads at a time.
            include_storage_size: Read ``storage_size_bytes``.
            include_total_storage_size: Read ``total_storage_size_bytes`` of roots.
            expand_columns: Paths such as ``inputs.model`` at which a ref becomes its object.

        Raises:
            InvalidRequest: A number is out of its range, or a part cannot be read.
            NotSupportedError: When read: the server cannot do what was asked for.

        Example:
            The newest call of an op::

                newest_first = [{"field": "started_at", "direction": "desc"}]
                client.get_calls(filter={"op_names": ["predict"]}, sort_by=newest_first)[0].output
        """
        return self._calls.find(
            calls_query.chosen(filter, query, scored_by),
            {
                "include_costs": include_costs,
                "include_feedback": include_feedback,
                "include_storage_size": include_storage_size,
                "include_total_storage_size": include_total_storage_size,
                "columns": calls_query.columns_of(columns),
                "expand_columns": calls_query.columns_of(expand_columns, "expand_columns"),
            },
            calls_query.sort_of(sort_by),
            limit=limit,
            offset=offset,
            page_size=page_size,
        )

    def get_call(
        self,
        call_id: str,
        include_costs: bool = False,
        include_feedback: bool = False,
        columns: list[str] | None = None,
    ) -> Call:
        """Read one call.

        Args:
            call_id: Its id.
            include_costs: Add costs to ``summary.weave``.
            include_feedback: Add feedback to ``summary.weave``.
            columns: Which values to read; by default all.

        Raises:
            NotFoundError: There is no such call (also a ValueError).
        """
        if not isinstance(call_id, str):
            raise InvalidRequest(f"call_id must be a text, not {type(call_id).__name__}")
        if columns is not None or include_feedback:
            found = self.get_calls(
                filter=tsi.CallsFilter(call_ids=[call_id]),
                limit=1,
                include_costs=include_costs,
                include_feedback=include_feedback,
                columns=columns,
            )
            call = next(iter(found), None)
        else:
            self.recorder.flush()
            call = self._calls.read(call_id, include_costs=include_costs)
        if call is None:
            raise NotFoundError(f"Call not found: {call_id!r} is no call of {self.project_id}")
        return call

    def calls(
        self, filter: tsi.CallsFilter | None = None, include_costs: bool = False
    ) -> CallsIter:
        """Find calls: the old name of :meth:`get_calls`."""
        _warn_old("calls", "get_calls")
        return self.get_calls(filter=filter, include_costs=include_costs)

    def call(self, call_id: str, include_costs: bool = False) -> Call:
        """Read one call: the old name of :meth:`get_call`."""
        _warn_old("call", "get_call")
        return self.get_call(call_id, include_costs=include_costs)

    # --- changing and deleting calls ---

    def delete_call(self, call: Call) -> None:
        """Delete a call and all its descendants."""
        if not isinstance(call, Call):
            raise InvalidRequest("call must be a Call; use delete_calls for ids")
        call.delete()

    def delete_calls(self, call_ids: list[str]) -> None:
        """Delete calls by their ids, and all their descendants; unknown ids are ignored.

        Raises:
            InvalidRequest: The ids are not a list of texts.
            RequestTooLarge: There are more than 1000 ids.
        """
        ids = calls_query.ids_of(call_ids)
        self.recorder.flush()
        self.server.calls_delete(tsi.CallsDeleteReq(project_id=self.project_id, call_ids=ids))

    def update_display_name(self, call_id: str, name: str) -> None:
        """Set the display name of a call; an empty one removes it."""
        self.recorder.flush()
        self.server.call_update(
            tsi.CallUpdateReq(project_id=self.project_id, call_id=call_id, display_name=name)
        )

    def read_children(self, call: Call, page_size: int = 1000) -> CallsIter:
        """Find the calls that a call made."""
        ids = [] if call.id is None else [call.id]
        return self.get_calls(filter=tsi.CallsFilter(parent_ids=ids), page_size=page_size)

    # --- objects and ops ---

    def get(
        self, ref: ObjectRef, objectify: bool = True, *, allow_stored_code: bool = False
    ) -> Any:
        """Read the value of a ref.

        Args:
            ref: Of an object or op; also as text, see ``weave.ref``.
            objectify: Make instances of known classes; otherwise records.
            allow_stored_code: Run code that was stored with ops. Never done otherwise.

        Raises:
            NotFoundError: There is no such object.
            ObjectDeletedError: The version was deleted.
        """
        builder = self._builder
        if allow_stored_code or not objectify:
            builder = Builder(
                self._reader,
                self.publisher,
                objectify=objectify,
                allow_stored_code=allow_stored_code,
            )
        return builder.get(self._object_ref(ref))

    def save(self, val: Any, name: str, branch: str = "latest") -> Any:
        """Store a value and read it back. Use ``weave.publish`` instead.

        Args:
            val: The value.
            name: The name to store it under.
            branch: Only ``latest`` exists.
        """
        del branch
        return self.get(self.publisher.publish(val, name))

    def delete_object_version(self, object: ObjectRef) -> None:
        """Mark a version of an object as deleted.

        Raises:
            InvalidRefError: The ref points into an object.
            NotFoundError: There is no such version.
        """
        ref = self._object_ref(object)
        if ref.extra:
            raise InvalidRefError(
                f"{ref.uri()} points into an object; delete the object itself, without the path"
            )
        self._reader.delete_version(ref)
        self.publisher.forget(ref.name)

    def delete_op_version(self, op: OpRef) -> None:
        """Mark a version of an op as deleted.

        Raises:
            NotFoundError: There is no such version of an op.
        """
        self.delete_object_version(self._reader.op_version(self._object_ref(op)))

    def append_rows(self, table: Table | WeaveTable, rows: Iterable[dict[str, Any]]) -> WeaveTable:
        """Store a copy of a table with more rows at its end; the rows there are not read.

        Args:
            table: The table; it stays as it is.
            rows: Dicts, taken in parts.

        Raises:
            TypeError: A row is not a dict.
        """
        ref = self.publisher.table_ref(table)
        ref = append_in_parts(ref, rows, self.publisher, self._reader.append_rows)
        return WeaveTable(self._builder, ref)

    def _object_ref(self, ref: Any) -> ObjectRef:
        return ref if isinstance(ref, ObjectRef) else parse_location(ref, self)

    # --- the queue ---

    def flush(self) -> None:
        """Wait until all is scored by monitors and written; may be called at any time."""
        wait_for_watcher(self)
        self.recorder.flush()

    def finish(
        self,
        use_progress_bar: bool = True,
        callback: Callable[[FlushStatus], None] | None = None,
    ) -> None:
        """Wait until all records are written, with progress. The client stays usable.

        Args:
            use_progress_bar: Show a bar on stderr, where that is a terminal.
            callback: Gets the progress instead, every 0.1 s and once at the end.
        """
        wait_for_watcher(self)
        if callback is None:
            if not use_progress_bar:
                self.recorder.flush()
                return
            callback = progress_bar()
        flush_with_progress(self.recorder, callback)

    @property
    def num_outstanding_jobs(self) -> int:
        """How many records are not written yet."""
        return self.recorder.outstanding

    def __repr__(self) -> str:
        return f"WeaveClient({self.project_id!r})"


def _warn_old(old: str, new: str) -> None:
    warnings.warn(
        f"WeaveClient.{old} is deprecated, use WeaveClient.{new}", DeprecationWarning, stacklevel=3
    )

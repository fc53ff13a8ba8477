"""SqliteTraceServer: the trace server in this process, on one SQLite file.

Per method: open a transaction, call the store, return a response. It knows no SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from weave_lite.core.digest import digest_bytes
from weave_lite.core.errors import InvalidRequest
from weave_lite.core.ids import new_id
from weave_lite.trace_server import store, validate, validate_costs, validate_feedback
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.own_methods import OwnMethods
from weave_lite.trace_server.store.engine import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from weave_lite.trace_server.interface.encoded import EncodedCall, EncodedRecord
    from weave_lite.trace_server.store.feedback import NewFeedback

__all__ = ["SqliteTraceServer"]


class SqliteTraceServer(OwnMethods):
    """The whole trace server on one SQLite file, with no server process.

    Args:
        place: Path of the file, or ``":memory:"`` for a store of this process alone.
        durability: ``"normal"``, or ``"full"`` to keep the last commits at power loss.
        read_only: Open an existing file without ever writing to it.
        time_limit_s: Stop a request that keeps SQLite reading for longer; None is no limit.

    Raises:
        StoreError: The file cannot be opened, or is not one of ours.
        SchemaVersionError: The file was written by a newer release.

    Example:
        >>> server = SqliteTraceServer(":memory:")
        >>> server.calls_query_stats(tsi.CallsQueryStatsReq(project_id="local/demo")).count
        0
        >>> server.close()
    """

    def __init__(
        self,
        place: str | Path = ":memory:",
        *,
        durability: str = "normal",
        read_only: bool = False,
        time_limit_s: float | None = None,
    ) -> None:
        self._store = Store.open(place, durability=durability, read_only=read_only)
        self._store.time_limit_s = time_limit_s

    @property
    def place(self) -> str:
        """Path of the file, or ``":memory:"``."""
        return self._store.place

    def close(self) -> None:
        """Close all connections; the store cannot be used afterwards."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def ensure_project_exists(self, entity: str, project: str) -> tsi.EnsureProjectExistsRes:
        """Check the names; projects need no creation. Returns the project's name."""
        validate.project_id(f"{entity}/{project}")
        return tsi.EnsureProjectExistsRes(project_name=project)

    # --- records of the recorder ---

    def write_encoded(self, records: Sequence[EncodedRecord]) -> None:
        """Write encoded records in order, in one transaction."""
        try:
            with self._store.write() as conn:
                store.encoded.write_records(conn, records)
        except InvalidRequest:
            # One text that cannot be stored as it is must not cost the others of its batch.
            with self._store.write() as conn:
                store.encoded.write_records(conn, store.encoded.without_surrogates(records))

    # --- calls ---

    def call_start(self, req: tsi.CallStartReq) -> tsi.CallStartRes:
        """Store the start of a call; ids that are left out are made."""
        start = validate.call_start(req)
        with self._store.write() as conn:
            return store.calls_write.start(conn, start)

    def call_end(self, req: tsi.CallEndReq) -> tsi.CallEndRes:
        """Store the end of a call, also when its start has not come yet."""
        end = validate.call_end(req)
        with self._store.write() as conn:
            return store.calls_write.end(conn, end)

    def call_start_batch(self, req: tsi.CallCreateBatchReq) -> tsi.CallCreateBatchRes:
        """Store starts and ends in order, in one transaction."""
        batch = validate.call_batch(req)
        with self._store.write() as conn:
            return store.calls_write.batch(conn, batch)

    def calls_complete(self, req: tsi.CallsUpsertCompleteReq) -> tsi.CallsUpsertCompleteRes:
        """Store whole calls in order, in one transaction."""
        parts = validate.calls_complete(req)
        with self._store.write() as conn:
            res = store.calls_write.batch(conn, parts).res
        return tsi.CallsUpsertCompleteRes.from_trusted({"res": res})

    def call_update(self, req: tsi.CallUpdateReq) -> tsi.CallUpdateRes:
        """Set or clear (with an empty text) the display name of a call."""
        validate.call_update(req)
        with self._store.write() as conn:
            return store.calls_write.update(conn, req)

    def calls_delete(self, req: tsi.CallsDeleteReq) -> tsi.CallsDeleteRes:
        """Mark calls and all their descendants as deleted."""
        validate.calls_delete(req)
        with self._store.write() as conn:
            return store.calls_write.delete(conn, req)

    def call_read(self, req: tsi.CallReadReq) -> tsi.CallReadRes:
        """Read one call; ``call`` is None when there is none."""
        validate.call_read(req)
        with self._store.read() as conn:
            return store.calls_read.read(conn, req)

    def calls_query(self, req: tsi.CallsQueryReq) -> tsi.CallsQueryRes:
        """Read all calls that a query finds."""
        calls = list(self.calls_query_stream(req))
        return tsi.CallsQueryRes.from_trusted({"calls": calls})

    def calls_query_stream(self, req: tsi.CallsQueryReq) -> Iterator[tsi.CallSchema]:
        """Read the calls that a query finds one by one; the request is checked at once."""
        validate.calls_query(req)
        return store.calls_read.stream(self._store, req)

    def calls_query_encoded(self, req: tsi.CallsQueryReq) -> Iterator[EncodedCall]:
        """Read the calls that a query finds one by one, their values still JSON text."""
        validate.calls_query(req)
        return store.calls_read.stream_encoded(self._store, req)

    def calls_query_stats(self, req: tsi.CallsQueryStatsReq) -> tsi.CallsQueryStatsRes:
        """Count the calls that a query finds."""
        validate.calls_query_stats(req)
        with self._store.read() as conn:
            return store.calls_read.stats(conn, req)

    # --- objects and ops ---

    def obj_create(self, req: tsi.ObjCreateReq) -> tsi.ObjCreateRes:
        """Store an object version; content that exists becomes the latest again."""
        validate.obj_create(req)
        with self._store.write() as conn:
            return store.objects.create(conn, req)

    def obj_read(self, req: tsi.ObjReadReq) -> tsi.ObjReadRes:
        """Read an object version by digest, ``latest`` or ``vN``."""
        validate.plain(req, "object_id", "digest")
        with self._store.read() as conn:
            return store.objects.read(conn, req)

    def objs_query(self, req: tsi.ObjQueryReq) -> tsi.ObjQueryRes:
        """List object versions that are not deleted."""
        validate.objs_query(req)
        with self._store.read() as conn:
            return store.objects_query.query(conn, req)

    def obj_delete(self, req: tsi.ObjDeleteReq) -> tsi.ObjDeleteRes:
        """Mark object versions as deleted; all or none."""
        validate.obj_delete(req)
        with self._store.write() as conn:
            return store.objects.delete(conn, req)

    def op_create(self, req: tsi.OpCreateReq) -> tsi.OpCreateRes:
        """Store an op version."""
        validate.op_create(req)
        with self._store.write() as conn:
            return store.objects.op_create(conn, req)

    def op_read(self, req: tsi.OpReadReq) -> tsi.OpReadRes:
        """Read an op version by digest, ``latest`` or ``vN``."""
        validate.plain(req, "name", "digest")
        with self._store.read() as conn:
            return store.objects.op_read(conn, req)

    def ops_query(self, req: tsi.OpQueryReq) -> tsi.OpQueryRes:
        """List op versions that are not deleted."""
        validate.project_id(req.project_id)
        with self._store.read() as conn:
            return store.objects_query.ops_query(conn, req)

    # --- tables ---

    def table_create(self, req: tsi.TableCreateReq) -> tsi.TableCreateRes:
        """Store a table and its rows by digest."""
        validate.project_id(req.table.project_id)
        with self._store.write() as conn:
            return store.tables.create(conn, req)

    def table_update(self, req: tsi.TableUpdateReq) -> tsi.TableUpdateRes:
        """Store a changed copy of a table."""
        validate.plain(req, "base_digest")
        with self._store.write() as conn:
            return store.tables.update(conn, req)

    def table_create_from_digests(
        self, req: tsi.TableCreateFromDigestsReq
    ) -> tsi.TableCreateFromDigestsRes:
        """Store a table whose rows are stored already."""
        validate.project_id(req.project_id)
        with self._store.write() as conn:
            return store.tables.create_from_digests(conn, req)

    def table_query(self, req: tsi.TableQueryReq) -> tsi.TableQueryRes:
        """Read rows of a table."""
        return tsi.TableQueryRes(rows=list(self.table_query_stream(req)))

    def table_query_stream(self, req: tsi.TableQueryReq) -> Iterator[tsi.TableRowSchema]:
        """Read rows of a table one by one; the request is checked at once."""
        validate.table_query(req)
        return store.rows_read.stream(self._store, req)

    def table_rows_encoded(
        self, project_id: str, digest: str, start: int, stop: int
    ) -> list[tuple[str, str]]:
        """Read rows of a table by position, their values still JSON text."""
        return store.rows_read.read_encoded(self._store, project_id, digest, start, stop)

    def table_query_stats(self, req: tsi.TableQueryStatsReq) -> tsi.TableQueryStatsRes:
        """Count the rows of a table."""
        validate.plain(req, "digest")
        with self._store.read() as conn:
            return store.tables.stats(conn, req)

    def table_query_stats_batch(
        self, req: tsi.TableQueryStatsBatchReq
    ) -> tsi.TableQueryStatsBatchRes:
        """Count the rows of several tables."""
        validate.project_id(req.project_id)
        with self._store.read() as conn:
            return store.tables.stats_batch(conn, req)

    # --- refs and files ---

    def refs_read_batch(self, req: tsi.RefsReadBatchReq) -> tsi.RefsReadBatchRes:
        """Read the values that object and op refs point to, in order."""
        validate.refs_read_batch(req)
        with self._store.read() as conn:
            return store.refs.read_batch(conn, req)

    def file_create(self, req: tsi.FileCreateReq) -> tsi.FileCreateRes:
        """Store a file by digest."""
        validate.plain(req, "name")
        # Not under the write lock: it takes a while for large files.
        digest = digest_bytes(req.content)
        new = store.files.NewFile(
            req.project_id, req.name, digest, len(req.content), req.expected_digest
        )
        with self._store.write() as conn:
            return store.files.create(conn, new, (req.content,))

    def file_content_read(self, req: tsi.FileContentReadReq) -> tsi.FileContentReadRes:
        """Read the bytes of a file."""
        validate.plain(req, "digest")
        with self._store.read() as conn:
            return store.files.content_read(conn, req)

    def files_stats(self, req: tsi.FilesStatsReq) -> tsi.FilesStatsRes:
        """Sum the stored bytes of a project's files."""
        validate.project_id(req.project_id)
        with self._store.read() as conn:
            return store.files.stats(conn, req)

    # --- feedback ---

    def feedback_create(self, req: tsi.FeedbackCreateReq) -> tsi.FeedbackCreateRes:
        """Store a feedback; its payload is checked by its type."""
        return self._feedback_create([validate_feedback.create(req)])[0]

    def feedback_create_batch(self, req: tsi.FeedbackCreateBatchReq) -> tsi.FeedbackCreateBatchRes:
        """Store several feedbacks in order, in one transaction."""
        res = self._feedback_create(validate_feedback.batch(req))
        return tsi.FeedbackCreateBatchRes.from_trusted({"res": res})

    def _feedback_create(self, rows: Sequence[NewFeedback]) -> list[tsi.FeedbackCreateRes]:
        self._check_annotations(rows)
        with self._store.write() as conn:
            return store.feedback.create(conn, rows)

    def _check_annotations(self, rows: Sequence[NewFeedback]) -> None:
        # Before the write, so that no lock is held while a schema is compiled.
        if any(row.annotation_ref is not None for row in rows):
            with self._store.read() as conn:
                store.annotation_specs.check(conn, rows)

    def feedback_query(self, req: tsi.FeedbackQueryReq) -> tsi.FeedbackQueryRes:
        """Read the feedback that a query finds."""
        validate_feedback.query(req)
        with self._store.read() as conn:
            return store.feedback_query.query(conn, req)

    def feedback_purge(self, req: tsi.FeedbackPurgeReq) -> tsi.FeedbackPurgeRes:
        """Delete feedback for good; the query must name it by id."""
        ids = validate_feedback.purge(req)
        with self._store.write() as conn:
            return store.feedback.purge(conn, req.project_id, ids)

    def feedback_replace(
        self, req: tsi.FeedbackReplaceReq, *, make_id: Callable[[], str] = new_id
    ) -> tsi.FeedbackReplaceRes:
        """Delete a feedback and store another in its place; nothing changes when that is refused."""
        row = validate_feedback.replace(req)._replace(id=make_id())
        self._check_annotations([row])
        with self._store.write() as conn:
            return store.feedback.replace(conn, req.feedback_id, row)

    # --- costs ---

    def cost_create(
        self, req: tsi.CostCreateReq, *, make_id: Callable[[], str] = new_id
    ) -> tsi.CostCreateRes:
        """Store prices of the project; they go before the built-in ones."""
        prices = validate_costs.create(req)
        with self._store.write() as conn:
            return store.costs.create(conn, req.project_id, prices, make_id)

    def cost_query(self, req: tsi.CostQueryReq) -> tsi.CostQueryRes:
        """Read the project's own prices that a query finds."""
        validate_costs.query(req)
        with self._store.read() as conn:
            return store.costs_query.query(conn, req)

    def cost_purge(self, req: tsi.CostPurgeReq) -> tsi.CostPurgeRes:
        """Delete prices for good; the query must name them by id."""
        ids = validate_costs.purge(req)
        with self._store.write() as conn:
            return store.costs.purge(conn, req.project_id, ids)

    # --- models, actions, spans ---

    def completions_create(self, req: tsi.CompletionsCreateReq) -> tsi.CompletionsCreateRes:
        """Ask a language model; the call is stored unless that is turned off."""
        from weave_lite.trace_server.completions.create import create  # noqa: PLC0415 - seldom used

        return create(self, req)

    def actions_execute_batch(self, req: tsi.ActionsExecuteBatchReq) -> tsi.ActionsExecuteBatchRes:
        """Run an action over calls; each result is stored as feedback on its call."""
        from weave_lite.trace_server.actions.execute import execute_batch  # noqa: PLC0415 - seldom used

        return execute_batch(self, req)

    def otel_export(self, req: tsi.OtelExportReq) -> tsi.OtelExportRes:
        """Store OpenTelemetry spans as calls; those that cannot be stored are counted."""
        from weave_lite.trace_server.otel.export import read_request  # noqa: PLC0415 - seldom used

        export = read_request(req)
        if export.parts:
            with self._store.write() as conn:
                store.calls_write.write_parts(conn, export.parts)
        return export.response


if TYPE_CHECKING:
    # The class does not inherit from the Protocol, which would load pydantic; the checker holds it
    # to the whole of it here.
    _server: tsi.TraceServerInterface = SqliteTraceServer()

"""Moving what happened: calls with their ids, feedback, prices."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import TYPE_CHECKING, Any

from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from weave_lite.sync.content import ContentMover
    from weave_lite.sync.journal import Journal
    from weave_lite.sync.report import ProjectReport
    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = ["EventMover"]

_BATCH = 200
# Calls are sent again from so long before the last one that was moved: another process may have
# written them late. Sending a call twice changes nothing.
_OVERLAP = dt.timedelta(minutes=10)


class EventMover:
    """Moves the events of a project.

    Args:
        source: Where they are.
        target: Where they go.
        from_project: Their project there.
        to_project: Their project here.
        content: Moves what they point to.
        journal: What was moved already.
        report: Is told what moves.
        tell: Is told what is under way.
        is_dry: Only count.
    """

    def __init__(
        self,
        source: TraceServerInterface,
        target: TraceServerInterface,
        from_project: str,
        to_project: str,
        content: ContentMover,
        journal: Journal,
        report: ProjectReport,
        tell: Callable[[str], object],
        *,
        is_dry: bool,
    ) -> None:
        self._source, self._target = source, target
        self._from, self._to = from_project, to_project
        self._content, self._journal, self._report = content, journal, report
        self._tell = tell
        self._is_dry = is_dry

    # --- calls ---

    def move_calls(self) -> None:
        """Move calls in the order of their start, and those again that had not ended before."""
        done = self._journal.read("calls")
        open_ids = [call_id for call_id, is_open in self._journal.read("open").items() if is_open]
        for start in range(0, len(open_ids), _BATCH):
            ids = open_ids[start : start + _BATCH]
            self._move(self._calls({"filter": {"call_ids": ids}}), note_start=False)
        query: dict[str, Any] = {}
        if done.get("through"):
            since = dt.datetime.fromisoformat(done["through"]) - _OVERLAP
            operands = [{"$getField": "started_at"}, {"$literal": since.timestamp()}]
            query = {"query": {"$expr": {"$gte": operands}}}
        self._move(self._calls(query), note_start=True)

    def _calls(self, conditions: dict[str, Any]) -> Iterator[tsi.CallSchema]:
        req = tsi.CallsQueryReq.model_validate(
            {
                "project_id": self._from,
                "sort_by": [{"field": "started_at", "direction": "asc"}],
                **conditions,
            }
        )
        return self._source.calls_query_stream(req)

    def _move(self, calls: Iterator[tsi.CallSchema], *, note_start: bool) -> None:
        while batch := list(islice(calls, _BATCH)):
            parts: list[Any] = []
            for call in batch:
                self._content.move_for([call.op_name, call.inputs, call.output, call.attributes])
                parts += self._parts(call)
            if not self._is_dry:
                self._target.call_start_batch(tsi.CallCreateBatchReq(batch=parts))
            is_open = {call.id: "" if call.ended_at else "1" for call in batch}
            known = self._journal.read("open")
            changed = {key: text for key, text in is_open.items() if known.get(key, "") != text}
            if changed:
                self._journal.note("open", changed)
            if note_start:
                self._journal.note("calls", {"through": batch[-1].started_at.isoformat()})
            self._report.calls += len(batch)
            self._tell(f"{self._report.calls} calls")

    def _parts(self, call: tsi.CallSchema) -> list[Any]:
        """Make the start and, when there is one, the end of a call."""
        rewrite = self._content.rewriter
        start = tsi.StartedCallSchemaForInsert(
            project_id=self._to,
            id=call.id,
            op_name=rewrite.text(call.op_name),
            display_name=call.display_name,
            trace_id=call.trace_id,
            parent_id=call.parent_id,
            thread_id=call.thread_id,
            turn_id=call.turn_id,
            started_at=call.started_at,
            attributes=rewrite.value(call.attributes),
            inputs=rewrite.value(call.inputs),
            wb_user_id=call.wb_user_id,
            wb_run_id=call.wb_run_id,
        )
        parts: list[Any] = [tsi.CallBatchStartMode(req=tsi.CallStartReq(start=start))]
        if call.ended_at is not None:
            # What the server derives is derived there again.
            summary = {key: each for key, each in (call.summary or {}).items() if key != "weave"}
            end = tsi.EndedCallSchemaForInsert(
                project_id=self._to,
                id=call.id,
                ended_at=call.ended_at,
                exception=call.exception,
                output=rewrite.value(call.output),
                summary=rewrite.value(summary),
            )
            parts.append(tsi.CallBatchEndMode(req=tsi.CallEndReq(end=end)))
        return parts

    # --- feedback ---

    def move_feedback(self) -> None:
        """Move feedback that was not moved before, under its own ids where the server takes them."""
        done = self._journal.read("feedback")
        offset = 0
        while True:
            page = self._source.feedback_query(
                tsi.FeedbackQueryReq(
                    project_id=self._from,
                    sort_by=[
                        tsi.SortBy(field="created_at", direction="asc"),
                        tsi.SortBy(field="id", direction="asc"),
                    ],
                    limit=_BATCH,
                    offset=offset,
                )
            ).result
            for row in page:
                if row["id"] not in done:
                    self._move_row(row)
            offset += len(page)
            self._tell(f"{offset} feedbacks")
            if len(page) < _BATCH:
                return

    def _move_row(self, row: dict[str, Any]) -> None:
        rewrite = self._content.rewriter
        names = ("weave_ref", "annotation_ref", "runnable_ref", "call_ref", "trigger_ref")
        refs = {name: row.get(name) and rewrite.text(row[name]) for name in names}
        if not self._is_dry:
            req = tsi.FeedbackCreateReq(
                project_id=self._to,
                id=row["id"],
                feedback_type=row["feedback_type"],
                payload=rewrite.value(row["payload"]),
                creator=row.get("creator"),
                wb_user_id=row.get("wb_user_id"),
                **refs,
            )
            self._target.feedback_create(req)
        self._journal.note("feedback", {row["id"]: ""})
        self._report.feedback += 1

    # --- prices ---

    def move_costs(self) -> None:
        """Move the project's own prices that were not moved before."""
        done = self._journal.read("cost")
        # A server gives prices ids of its own: one that was sent, and whose answer got lost, is
        # known by its content.
        there = [] if self._is_dry else self._prices(self._target, self._to)
        same = [_price(cost) for cost in there]
        for cost in self._prices(self._source, self._from):
            if cost.id is None or cost.id in done or cost.llm_id is None:
                continue
            fields = {key: each for key, each in dict(cost).items() if key not in {"id", "llm_id"}}
            price = tsi.CostCreateInput.model_validate(fields)
            if not self._is_dry and _price(cost) not in same:
                self._target.cost_create(
                    tsi.CostCreateReq(project_id=self._to, costs={cost.llm_id: price})
                )
            self._journal.note("cost", {cost.id: ""})
            self._report.costs += 1

    def _prices(self, server: TraceServerInterface, project_id: str) -> list[tsi.CostQueryOutput]:
        return list(server.cost_query(tsi.CostQueryReq(project_id=project_id)).results or ())


def _price(cost: tsi.CostQueryOutput) -> dict[str, Any]:
    return {key: each for key, each in dict(cost).items() if key != "id"}

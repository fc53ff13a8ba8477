"""Moving calls with their ids: what is new, what came late, what has ended since, new names."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import InvalidRequest, NotFoundError
from weave_lite.sync.pages import MARGIN_S, call_pages, calls_of, started
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weave_lite.sync.content import ContentMover
    from weave_lite.sync.route import Route

__all__ = ["CallMover"]

_BATCH = 200
_IDS = 500
# About so many characters are held at once.
_CHARACTERS = 8_000_000
# Other processes may have written calls late: so far back each is looked for in the target.
_OVERLAP = dt.timedelta(minutes=10)
# What is noted of a call that is to be moved again.
_OPEN = "1"
_REFUSED = "refused"
_IS_NAMED = {"$not": [{"$eq": [{"$getField": "display_name"}, {"$literal": None}]}]}


class CallMover:
    """Moves the calls of a project.

    Args:
        route: From where to where.
        content: Moves what they lead to.
    """

    def __init__(self, route: Route, content: ContentMover) -> None:
        self._route, self._content = route, content
        # Calls that had not ended when they were moved, or were refused: to be moved again.
        self._again = route.journal.read("open")
        self._limit = _BATCH
        self._total = 0

    def move(self) -> None:
        """Move calls in the order of their start, then what has changed of those from before."""
        journal = self._route.journal
        done = journal.read("calls")
        through = done.get("through")
        last = None if through is None else dt.datetime.fromisoformat(through)
        self._total = self._count(None)
        if last is not None:
            self._move_by_id(list(self._again))
            self._move_late(last, done.get("count"))
        for page in self._new(last):
            self._send(page)
            last = page[-1].started_at
            journal.note("calls", {"through": last.isoformat()})
        if last is not None:
            journal.note("calls", {"count": str(self._count(last))})
        if through is not None:
            self._rename()

    # --- which ---

    def _new(self, last: dt.datetime | None) -> Iterator[list[tsi.CallSchema]]:
        """Read what began after an instant: in pages, so that no cursor stays open meanwhile."""
        since = None if last is None else last.timestamp()
        yield from call_pages(
            self._route.source, self._route.from_project, since, limit=lambda: self._limit
        )

    def _move_late(self, last: dt.datetime, count: str | None) -> None:
        """Move what was written after the run that it was too old for."""
        since: float | None = (last - _OVERLAP).timestamp()
        if count is not None and str(self._count(last)) != count:
            since = None
        conditions = [started("$lte", last.timestamp() + MARGIN_S)]
        pages = call_pages(
            self._route.source, self._route.from_project, since, limit=lambda: _IDS,
            columns=["id"], conditions=conditions,
        )  # fmt: skip
        for page in pages:
            ids = [call.id for call in page]
            target, project_id = self._route.target, self._route.to_project
            here = {call.id for call in calls_of(target, project_id, ids, columns=["id"])}
            self._move_by_id([each for each in ids if each not in here])

    def _move_by_id(self, ids: list[str]) -> None:
        gone = set(ids) & set(self._again)
        at = 0
        while part := ids[at : at + self._limit]:
            at += len(part)
            calls = calls_of(self._route.source, self._route.from_project, part)
            gone.difference_update(call.id for call in calls)
            self._send([call for call in calls if self._is_news(call)])
        self._forget(gone)

    def _is_news(self, call: tsi.CallSchema) -> bool:
        """Tell whether a call is to be sent: not, if it is still open and was sent."""
        return self._again.get(call.id) != _OPEN or call.ended_at is not None

    def _count(self, last: dt.datetime | None) -> int:
        query = None
        if last is not None:
            query = {"$expr": started("$lte", last.timestamp() + MARGIN_S)}
        req = tsi.CallsQueryStatsReq.model_validate(
            {"project_id": self._route.from_project, "query": query}
        )
        return self._route.source.calls_query_stats(req).count

    # --- sending ---

    def _send(self, calls: list[tsi.CallSchema]) -> None:
        if not calls:
            return
        report = self._route.report
        groups: list[tuple[str, list[Any]]] = []
        characters = 0
        for call in calls:
            parts, length = self._parts(call)
            groups.append((call.id, parts))
            characters += length
        refused: dict[str, str] = {}
        if not self._route.is_dry:
            self._send_groups(groups, refused)
        self._limit = max(1, min(_BATCH, _CHARACTERS * len(calls) // (characters + 1)))
        self._note_open(calls, refused)
        named = {call.id: call.display_name for call in calls if call.display_name}
        if named:
            self._route.journal.note("name", named)
        report.calls += len(calls) - len(refused)
        self._route.tell(f"{report.calls:,} calls, {self._total:,} in all")

    def _send_groups(self, groups: list[tuple[str, list[Any]]], refused: dict[str, str]) -> None:
        """Send calls; where some are refused, find out which."""
        batch = [part for _, parts in groups for part in parts]
        try:
            self._route.target.call_start_batch(tsi.CallCreateBatchReq(batch=batch))
        except InvalidRequest as error:
            if len(groups) == 1:
                call_id = groups[0][0]
                self._route.refusals.add(f"call {call_id}", error)
                refused[call_id] = _REFUSED
                return
            middle = len(groups) // 2
            self._send_groups(groups[:middle], refused)
            self._send_groups(groups[middle:], refused)
        else:
            self._route.refusals.taken()

    def _note_open(self, calls: list[tsi.CallSchema], refused: dict[str, str]) -> None:
        left = {call.id: _OPEN for call in calls if call.ended_at is None} | refused
        if left:
            self._again.update(left)
            self._route.journal.note("open", left)
        self._forget({call.id for call in calls if call.id in self._again} - left.keys())

    def _forget(self, ids: Iterable[str]) -> None:
        """Forget calls that have ended since, or are gone."""
        keys = list(ids)
        if keys:
            self._route.journal.drop("open", keys)
            for key in keys:
                del self._again[key]

    def _parts(self, call: tsi.CallSchema) -> tuple[list[Any], int]:
        """Make the start and, when there is one, the end of a call; tell how large they are."""
        inputs, length = self._content.prepared(call.inputs)
        attributes, more = self._content.prepared(call.attributes)
        length += more
        start = tsi.StartedCallSchemaForInsert(
            project_id=self._route.to_project,
            id=call.id,
            op_name=self._content.rewriter.text(call.op_name),
            display_name=call.display_name,
            trace_id=call.trace_id,
            parent_id=call.parent_id,
            thread_id=call.thread_id,
            turn_id=call.turn_id,
            started_at=call.started_at,
            attributes=attributes,
            inputs=inputs,
            wb_user_id=call.wb_user_id,
            wb_run_id=call.wb_run_id,
        )
        parts: list[Any] = [tsi.CallBatchStartMode(req=tsi.CallStartReq(start=start))]
        if call.ended_at is not None:
            # What the server derives is derived there again.
            own = {key: each for key, each in (call.summary or {}).items() if key != "weave"}
            (output, summary), more = self._content.prepared([call.output, own])
            length += more
            end = tsi.EndedCallSchemaForInsert(
                project_id=self._route.to_project,
                id=call.id,
                ended_at=call.ended_at,
                exception=call.exception,
                output=output,
                summary=summary,
            )
            parts.append(tsi.CallBatchEndMode(req=tsi.CallEndReq(end=end)))
        return parts, length

    # --- names ---

    def _rename(self) -> None:
        """Give calls their new names, and take those that were taken."""
        source, project_id = self._route.source, self._route.from_project
        now: dict[str, str] = {}
        pages = call_pages(
            source, project_id, None, limit=lambda: _IDS, columns=["id", "display_name"],
            conditions=[_IS_NAMED],
        )  # fmt: skip
        for page in pages:
            now.update({call.id: call.display_name for call in page if call.display_name})
        known = self._route.journal.read("name")
        for call_id, name in now.items():
            if known.get(call_id) != name:
                self._set_name(call_id, name)
        # What a name was taken from is asked for: not every server compares with null.
        unnamed = [call_id for call_id, name in known.items() if name and call_id not in now]
        for start in range(0, len(unnamed), _IDS):
            part = unnamed[start : start + _IDS]
            for call in calls_of(source, project_id, part, columns=["id", "display_name"]):
                if (call.display_name or "") != known[call.id]:
                    self._set_name(call.id, call.display_name or "")

    def _set_name(self, call_id: str, name: str) -> None:
        if not self._route.is_dry:
            req = tsi.CallUpdateReq(
                project_id=self._route.to_project, call_id=call_id, display_name=name
            )
            try:
                self._route.target.call_update(req)
            except NotFoundError:
                return
            except InvalidRequest as error:
                self._route.refusals.add(f"the name of call {call_id}", error)
                return
        self._route.journal.note("name", {call_id: name})
        self._route.report.renamed += 1

"""Reading back what was moved, from both servers."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import NotFoundError
from weave_lite.sync.pages import (
    call_pages,
    calls_of,
    feedback_pages,
    has_id,
    price_of,
    prices,
    started,
    versions,
)
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from weave_lite.sync.content import ContentMover
    from weave_lite.sync.route import Route

__all__ = ["check"]

_SAMPLE = 100
_WINDOW = 10
_PAGE = 50
_FILES = 20
# Names are not compared: they may be changed on either side.
_CALL = (
    "op_name", "trace_id", "parent_id", "thread_id", "turn_id", "inputs",
    "attributes", "output", "exception", "summary", "started_at", "ended_at",
)  # fmt: skip
_FEEDBACK = ("feedback_type", "payload", "weave_ref", "annotation_ref", "runnable_ref", "call_ref")


def check(route: Route, content: ContentMover, *, is_whole: bool = False) -> None:
    """Read back all versions of objects by name, numbers of rows and calls, and values.

    Args:
        route: What moved where; its report is told what is right and what is not.
        content: Rewrites refs as they were rewritten.
        is_whole: Compare all values, not a sample of each kind.
    """
    dangling = route.report.dangling
    checker = _Checker(route, content, is_whole=is_whole)
    checker.check_objects()
    checker.check_tables()
    checker.check_files()
    checker.check_calls()
    checker.check_feedback()
    checker.check_prices()
    # Those were counted when they were moved.
    route.report.dangling = dangling


def _or_none(read: Callable[[Any], Any], req: Any) -> Any:
    """Ask for one thing; None when it is not there."""
    try:
        return read(req)
    except NotFoundError:
        return None


class _Checker:
    def __init__(self, route: Route, content: ContentMover, *, is_whole: bool) -> None:
        self._route = route
        self._source, self._target = route.source, route.target
        self._from, self._to = route.from_project, route.to_project
        self._rewrite = content.rewriter.value
        self._is_whole = is_whole

    def check_objects(self) -> None:
        moved = self._route.journal.read("object")
        here = {
            f"{obj.kind}/{obj.object_id}:{obj.digest}"
            for page in versions(self._target, self._to)
            for obj in page
        }
        for key, digest in moved.items():
            name = f"{key.rpartition(':')[0]}:{digest}"
            self._hold(name in here, f"{key} is not there")
        for key in self._some(moved):
            name, _, before = key.partition("/")[2].rpartition(":")
            req = tsi.ObjReadReq(project_id=self._from, object_id=name, digest=before)
            there = _or_none(self._source.obj_read, req)
            req = tsi.ObjReadReq(project_id=self._to, object_id=name, digest=moved[key])
            # Not there: deleted since. Not here: told above.
            if there is None or (moved_there := _or_none(self._target.obj_read, req)) is None:
                continue
            is_same = moved_there.obj.val == self._rewrite(there.obj.val)
            self._hold(is_same, f"{key} is not what it was")

    def check_tables(self) -> None:
        moved = self._route.journal.read("table")
        digests = list(moved)
        for start in range(0, len(digests), _PAGE):
            part = digests[start : start + _PAGE]
            there = self._counts(self._source, self._from, part)
            here = self._counts(self._target, self._to, [moved[each] for each in part])
            for digest in part:
                if digest in there:
                    rows, found = there[digest], here.get(moved[digest])
                    self._hold(
                        rows == found, f"table {digest}: {rows} rows there, {found or 'no'} here"
                    )
        for digest in self._some(moved):
            self._check_rows(digest, moved[digest])

    def _counts(self, server: Any, project_id: str, digests: list[str]) -> dict[str, int]:
        req = tsi.TableQueryStatsBatchReq(project_id=project_id, digests=digests)
        return {row.digest: row.count for row in server.table_query_stats_batch(req).tables}

    def _check_rows(self, before: str, after: str) -> None:
        """Compare some rows, the last one among them, or all."""
        try:
            count = self._source.table_query_stats(
                tsi.TableQueryStatsReq(project_id=self._from, digest=before)
            ).count
        except NotFoundError:
            return
        for offset in self._offsets(count):
            page: dict[str, Any] = {"limit": _WINDOW, "offset": offset}
            try:
                there = self._source.table_query(
                    tsi.TableQueryReq(project_id=self._from, digest=before, **page)
                ).rows
                here = self._target.table_query(
                    tsi.TableQueryReq(project_id=self._to, digest=after, **page)
                ).rows
            except NotFoundError:
                return  # told by its count
            is_same = [self._rewrite(row.val) for row in there] == [row.val for row in here]
            self._hold(is_same, f"table {before}: rows from {offset} on are not what they were")

    def check_files(self) -> None:
        moved = list(self._route.journal.read("file"))
        if not self._is_whole:
            moved = random.sample(moved, min(_FILES, len(moved)))  # not for security
        for digest in moved:
            req = tsi.FileContentReadReq(project_id=self._from, digest=digest)
            there = _or_none(self._source.file_content_read, req)
            if there is not None:
                req = tsi.FileContentReadReq(project_id=self._to, digest=digest)
                here = _or_none(self._target.file_content_read, req)
                is_same = here is not None and here.content == there.content
                self._hold(is_same, f"file {digest} is not what it was")

    def check_calls(self) -> None:
        through = self._route.journal.read("calls").get("through")
        if through is None:
            return
        # Programs may write on: what began after the last call that was moved is of the next run.
        is_moved = started("$lte", dt.datetime.fromisoformat(through).timestamp())
        query = {"project_id": self._from, "query": {"$expr": is_moved}}
        count = self._source.calls_query_stats(tsi.CallsQueryStatsReq.model_validate(query)).count
        found = self._target.calls_query_stats(tsi.CallsQueryStatsReq(project_id=self._to)).count
        self._hold(found >= count, f"{count} calls are in the source, {found} in the target")
        left = self._route.journal.read("open")
        for calls in self._call_pages(count, is_moved):
            # Those that were open may have ended meanwhile.
            ended = [call for call in calls if call.id not in left]
            ids = [call.id for call in ended]
            here = {call.id: call for call in calls_of(self._target, self._to, ids)}
            for call in ended:
                problem = f"call {call.id} is not what it was"
                self._hold(self._is_same(call, here.get(call.id)), problem)

    def _call_pages(self, count: int, is_moved: dict[str, Any]) -> Iterator[list[tsi.CallSchema]]:
        if self._is_whole or count <= _SAMPLE:
            yield from call_pages(
                self._source, self._from, None, limit=lambda: _PAGE, conditions=[is_moved]
            )
            return
        for offset in self._offsets(count):
            page = {"query": {"$expr": is_moved}, "limit": _WINDOW, "offset": offset}
            req = tsi.CallsQueryReq.model_validate({"project_id": self._from, **page})
            yield list(self._source.calls_query_stream(req))

    def _is_same(self, before: tsi.CallSchema, after: tsi.CallSchema | None) -> bool:
        if after is None:
            return False
        for name in _CALL:
            wanted, found = self._rewrite(getattr(before, name)), getattr(after, name)
            if name == "summary":
                wanted, found = _own(wanted), _own(found)
            if wanted != found:
                return False
        return True

    def check_feedback(self) -> None:
        moved = self._some(self._route.journal.read("feedback"))
        own = dict(zip(moved, moved, strict=True)) | self._route.journal.read("feedback_id")
        for start in range(0, len(moved), _WINDOW * _WINDOW):
            ids = moved[start : start + _WINDOW * _WINDOW]
            there = self._feedback(self._source, self._from, has_id(ids))
            here = self._feedback(self._target, self._to, has_id([own[each] for each in ids]))
            for feedback_id, row in there.items():
                wanted = [self._rewrite(row[name]) for name in _FEEDBACK]
                found = here.get(own[feedback_id])
                is_same = found is not None and [found[name] for name in _FEEDBACK] == wanted
                self._hold(is_same, f"feedback {feedback_id} is not what it was")

    def _feedback(
        self, server: Any, project_id: str, conditions: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        pages = feedback_pages(server, project_id, conditions=conditions)
        return {row["id"]: row for page in pages for row in page}

    def check_prices(self) -> None:
        moved = self._route.journal.read("cost")
        here = [price_of(cost) for cost in prices(self._target, self._to)] if moved else []
        for cost in prices(self._source, self._from) if moved else ():
            if cost.id in moved:
                self._hold(price_of(cost) in here, f"price {cost.id} is not what it was")

    # --- what is looked at ---

    def _some(self, keys: Iterable[str]) -> list[str]:
        found = list(keys)
        if self._is_whole or len(found) <= _SAMPLE:
            return found
        return random.sample(found, _SAMPLE)  # not for security

    def _offsets(self, count: int) -> list[int]:
        """Choose where windows begin, the last one at the end."""
        starts = range(0, count, _WINDOW)
        if self._is_whole or len(starts) <= _WINDOW:
            return list(starts)
        return sorted({*random.sample(starts, _WINDOW - 1), starts[-1]})

    def _hold(self, is_right: bool, problem: str) -> None:
        if is_right:
            self._route.report.checked += 1
        else:
            self._route.report.problems.append(problem)


def _own(summary: dict[str, Any] | None) -> dict[str, Any]:
    """Give a summary without what the server derives."""
    return {key: each for key, each in (summary or {}).items() if key != "weave"}

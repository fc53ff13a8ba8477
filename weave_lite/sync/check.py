"""Reading back what was moved."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import WeaveLiteError
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from weave_lite.sync.content import ContentMover
    from weave_lite.sync.journal import Journal
    from weave_lite.sync.report import ProjectReport
    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = ["check"]

_SAMPLE = 100
_COMPARED = ("op_name", "trace_id", "parent_id", "inputs", "output", "exception", "started_at", "ended_at")  # fmt: skip


def check(
    source: TraceServerInterface,
    target: TraceServerInterface,
    content: ContentMover,
    journal: Journal,
    report: ProjectReport,
) -> None:
    """Read back all versions of objects, and calls: their number, and a sample value by value.

    Args:
        source: Where all came from.
        target: Where it is now.
        content: Rewrites refs as they were rewritten.
        journal: What was moved.
        report: Is told what is right and what is not.
    """
    for key, digest in journal.read("object").items():
        name = key.partition("/")[2].rpartition(":")[0]
        req = tsi.ObjReadReq(
            project_id=report.target, object_id=name, digest=digest, metadata_only=True
        )
        _hold(report, f"{key} is not there", lambda req=req: target.obj_read(req) is not None)
    for digest in journal.read("table").values():
        stats = tsi.TableQueryStatsReq(project_id=report.target, digest=digest)
        _hold(
            report,
            f"table {digest} is not there",
            lambda req=stats: target.table_query_stats(req).count >= 0,
        )
    _check_calls(source, target, content, journal, report)


def _check_calls(
    source: TraceServerInterface,
    target: TraceServerInterface,
    content: ContentMover,
    journal: Journal,
    report: ProjectReport,
) -> None:
    through = journal.read("calls").get("through")
    if through is None:
        return
    # Programs may write on: what began after the last call that was moved is of the next run.
    last = dt.datetime.fromisoformat(through).timestamp()
    is_later = {"$gt": [{"$getField": "started_at"}, {"$literal": last}]}
    moved = {"project_id": report.source, "query": {"$expr": {"$not": [is_later]}}}
    count = source.calls_query_stats(tsi.CallsQueryStatsReq.model_validate(moved)).count
    still_open = {call_id for call_id, is_open in journal.read("open").items() if is_open}
    found = target.calls_query_stats(tsi.CallsQueryStatsReq(project_id=report.target)).count
    _hold(report, f"{count} calls are in the source, {found} in the target", lambda: found >= count)
    offsets = sorted(random.sample(range(count), min(_SAMPLE, count)))  # not for security
    for offset in offsets:
        req = tsi.CallsQueryReq.model_validate({**moved, "limit": 1, "offset": offset})
        for call in source.calls_query(req).calls:
            if call.id in still_open:
                continue  # it may have ended meanwhile
            read = tsi.CallReadReq(project_id=report.target, id=call.id)
            _hold(
                report,
                f"call {call.id} is not what it was",
                lambda call=call, read=read: _is_same(call, target.call_read(read).call, content),
            )


def _is_same(before: tsi.CallSchema, after: tsi.CallSchema | None, content: ContentMover) -> bool:
    if after is None:
        return False
    for name in _COMPARED:
        wanted: Any = content.rewriter.value(getattr(before, name))
        if wanted != getattr(after, name):
            return False
    return True


def _hold(report: ProjectReport, problem: str, look: Any) -> None:
    try:
        is_right = look()
    except WeaveLiteError as error:
        is_right, problem = False, f"{problem}: {error}"
    if is_right:
        report.checked += 1
    else:
        report.problems.append(problem)

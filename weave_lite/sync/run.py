"""A whole run: project by project, content first, then events, then the check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weave_lite.core.names import check_project_id
from weave_lite.sync.calls import CallMover
from weave_lite.sync.check import check
from weave_lite.sync.content import ContentMover
from weave_lite.sync.events import EventMover
from weave_lite.sync.journal import DryJournal, MemoryJournal
from weave_lite.sync.pages import prices
from weave_lite.sync.report import ProjectReport
from weave_lite.sync.route import Refusals, Route
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.sync.journal import Journal
    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = ["sync_project"]


def sync_project(
    source: TraceServerInterface,
    target: TraceServerInterface,
    from_project: str,
    to_project: str | None = None,
    *,
    journal: Journal | None = None,
    is_dry: bool = False,
    tell: Callable[[str], object] = str,
    is_check_whole: bool = False,
) -> ProjectReport:
    """Move a project. It can be broken off at any moment and run again; nothing is moved twice.

    Args:
        source: Where it is.
        target: Where it goes; what is there already stays.
        from_project: ``entity/project`` in the source.
        to_project: ``entity/project`` in the target; the same by default.
        journal: What earlier runs moved; without one, all is sent again, which changes nothing but
            feedback on servers that give it ids of their own.
        is_dry: Only count what would be moved.
        tell: Is told what is under way.
        is_check_whole: Read back all that was moved, in place of a sample.

    Returns:
        What was moved, what was refused, and what reading back found.

    Raises:
        InvalidNameError: A project is not one.
        InvalidRequest: The target refuses everything.
        WeaveLiteError: A server failed; run it again to go on.
    """
    to_project = to_project or from_project
    for each in (from_project, to_project):
        check_project_id(each)
    known: Journal = MemoryJournal() if journal is None else journal
    if is_dry:
        known = DryJournal(journal)
    report = ProjectReport(from_project, to_project)
    refusals = Refusals(report)
    route = Route(source, target, from_project, to_project, known, report, refusals, tell, is_dry)
    # The first request of all: a wrong address or key is told before anything is read.
    if _is_empty(target, to_project):
        # What was moved once is there no more.
        known.forget()
    if not is_dry:
        entity, _, project = to_project.partition("/")
        target.ensure_project_exists(entity, project)
    content = ContentMover(route)
    content.move_objects()
    CallMover(route, content).move()
    events = EventMover(route, content)
    events.move_feedback()
    events.move_costs()
    if not is_dry:
        tell("reading back")
        check(route, content, is_whole=is_check_whole)
    return report


def _is_empty(target: TraceServerInterface, project_id: str) -> bool:
    calls = tsi.CallsQueryStatsReq(project_id=project_id, limit=1)
    if target.calls_query_stats(calls).count:
        return False
    objs = tsi.ObjQueryReq(project_id=project_id, limit=1, metadata_only=True)
    if target.objs_query(objs).objs:
        return False
    feedback = tsi.FeedbackQueryReq(project_id=project_id, limit=1)
    return not target.feedback_query(feedback).result and not prices(target, project_id)

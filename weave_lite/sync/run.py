"""A whole run: project by project, content first, then events, then the check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weave_lite.core.names import check_project_id
from weave_lite.sync.check import check
from weave_lite.sync.content import ContentMover
from weave_lite.sync.events import EventMover
from weave_lite.sync.journal import MemoryJournal
from weave_lite.sync.report import ProjectReport

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
) -> ProjectReport:
    """Move a project. It can be broken off at any moment and run again; nothing is moved twice.

    Args:
        source: Where it is.
        target: Where it goes; what is there already stays.
        from_project: ``entity/project`` in the source.
        to_project: ``entity/project`` in the target; the same by default.
        journal: What earlier runs moved; without one, all is sent again, which changes nothing but
            prices, and feedback on servers that give it ids of their own.
        is_dry: Only count what would be moved.
        tell: Is told what is under way.

    Returns:
        What was moved, and what reading back found.

    Raises:
        InvalidNameError: A project is not one.
        WeaveLiteError: A server failed; run it again to go on.
    """
    to_project = to_project or from_project
    for each in (from_project, to_project):
        check_project_id(each)
    known = MemoryJournal() if journal is None or is_dry else journal
    if journal is not None and is_dry:
        for kind in ("object", "table", "file", "row", "calls", "open", "feedback", "cost"):
            known.note(kind, journal.read(kind))
    report = ProjectReport(from_project, to_project)
    if not is_dry:
        entity, _, project = to_project.partition("/")
        target.ensure_project_exists(entity, project)
    content = ContentMover(
        source, target, from_project, to_project, known, report, tell, is_dry=is_dry
    )
    content.move_objects()
    events = EventMover(
        source, target, from_project, to_project, content, known, report, tell, is_dry=is_dry
    )
    events.move_calls()
    events.move_feedback()
    events.move_costs()
    if not is_dry:
        tell("reading back")
        check(source, target, content, known, report)
    return report

"""A route: from where to where a project moves, and who keeps the books on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.core.errors import InvalidRequest, NotFoundError
    from weave_lite.sync.journal import Journal
    from weave_lite.sync.report import ProjectReport
    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = ["Refusals", "Route"]

# So many refusals one after the other are no matter of single records: a key expired, say.
_MAX_IN_A_ROW: Final = 20


class Refusals:
    """What the target does not take: told and passed by, unless it takes nothing at all.

    Args:
        report: Is told of each.
    """

    def __init__(self, report: ProjectReport) -> None:
        self._report = report
        self._in_a_row = 0

    def add(self, what: str, error: InvalidRequest | NotFoundError) -> None:
        """Tell of something that was refused.

        Raises:
            InvalidRequest: The error itself, when nothing was taken for a long time.
        """
        self._in_a_row += 1
        if self._in_a_row >= _MAX_IN_A_ROW:
            raise error
        self._report.problems.append(f"{what} was refused: {error}")

    def taken(self) -> None:
        """Tell that something was taken."""
        self._in_a_row = 0


class Route(NamedTuple):
    """The way of one project.

    Attributes:
        source: Where it is.
        target: Where it goes.
        from_project: Its project there.
        to_project: Its project here.
        journal: What was moved already.
        report: Is told what moves.
        refusals: Is told what the target does not take.
        tell: Is told what is under way.
        is_dry: Only count.
    """

    source: TraceServerInterface
    target: TraceServerInterface
    from_project: str
    to_project: str
    journal: Journal
    report: ProjectReport
    refusals: Refusals
    tell: Callable[[str], object]
    is_dry: bool

"""What a request may ask for beside the columns of calls, added to a chunk of them at a time.

Each extra costs one more select per chunk, and nothing when it is not asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from weave_lite.trace_server.store import call_costs, call_expansion, call_feedback, call_sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weave_lite.trace_server import trace_server_interface as tsi
    from weave_lite.trace_server.interface.encoded import EncodedCall
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["Extras", "add", "extras_of"]


class Extras(NamedTuple):
    """The extras of a request.

    Attributes:
        has_sizes: Whether the stored size of each call is wanted.
        has_total_sizes: Whether that of the whole trace is wanted, for roots.
        expansion: Paths at which refs are replaced by what they point to, the short ones first.
        has_feedback: Whether the feedback on each call is wanted.
        has_costs: Whether the cost of each call is wanted, by model.
    """

    has_sizes: bool = False
    has_total_sizes: bool = False
    expansion: tuple[str, ...] = ()
    has_feedback: bool = False
    has_costs: bool = False


def extras_of(req: tsi.CallsQueryReq | tsi.CallReadReq) -> Extras | None:
    """Read which extras a request asks for; None when there are none."""
    expansion: tuple[str, ...] = ()
    if getattr(req, "return_expanded_column_values", None) is not False:
        expansion = call_expansion.in_order(getattr(req, "expand_columns", None) or ())
    extras = Extras(
        bool(req.include_storage_size),
        bool(req.include_total_storage_size),
        expansion,
        bool(getattr(req, "include_feedback", None)),
        bool(req.include_costs),
    )
    return extras if any(extras) else None


def add(
    conn: StoreConnection, project: int, extras: Extras, calls: Sequence[EncodedCall]
) -> list[EncodedCall]:
    """Add the extras to calls of a project.

    Args:
        conn: A connection; all selects are of its snapshot.
        project: Integer of the project.
        extras: What to add.
        calls: Calls as they are stored.
    """
    added = list(calls)
    if extras.expansion:
        added = call_expansion.add(conn, extras.expansion, added)
    if extras.has_sizes:
        added = call_sizes.add_sizes(conn, project, added)
    if extras.has_total_sizes:
        added = call_sizes.add_total_sizes(conn, project, added)
    if extras.has_feedback:
        added = call_feedback.add(conn, project, added)
    if extras.has_costs:
        added = call_costs.add(conn, project, added)
    return added

"""Prices that a project sets itself: create and purge. A row belongs to a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from weave_lite.core.ids import new_id
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store.projects import project_pk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["NewPrice", "create", "purge"]


class NewPrice(NamedTuple):
    """A checked price of one token of a model; dates in microseconds since the epoch."""

    llm_id: str
    provider_id: str
    effective_date: int
    prompt_token_cost: float
    completion_token_cost: float
    cache_read_input_token_cost: float | None
    cache_creation_input_token_cost: float | None
    prompt_token_cost_unit: str
    completion_token_cost_unit: str
    created_by: str
    created_at: int


_INSERT: Final = (
    f"INSERT INTO costs (project, id, {', '.join(NewPrice._fields)})"  # noqa: S608 - our own names
    f" VALUES ({', '.join('?' * (2 + len(NewPrice._fields)))})"
    " ON CONFLICT (project, id) DO NOTHING"
)
_DELETE: Final = "DELETE FROM costs WHERE project = ? AND id = ?"


def create(
    conn: StoreConnection,
    project_id: str,
    prices: Sequence[NewPrice],
    make_id: Callable[[], str] = new_id,
) -> tsi.CostCreateRes:
    """Store prices; those that a model has already stay.

    Args:
        conn: A connection inside a write transaction, so that all prices are stored or none.
        project_id: Whose prices they are.
        prices: What to store.
        make_id: Gives the id of each in turn. One that is there already is not stored again, so
            that a request can be repeated.

    Returns:
        Pairs of the new id and the model, in order.
    """
    project = project_pk(conn, project_id, create=True)
    ids = [(make_id(), price.llm_id) for price in prices]
    rows = [(project, new, *price) for (new, _), price in zip(ids, prices, strict=True)]
    conn.raw.executemany(_INSERT, rows)
    return tsi.CostCreateRes.from_trusted({"ids": ids})


def purge(conn: StoreConnection, project_id: str, ids: Sequence[str]) -> tsi.CostPurgeRes:
    """Delete prices of a project by id, for good; unknown ids are ignored."""
    project = project_pk(conn, project_id, create=False)
    if project is not None:
        conn.raw.executemany(_DELETE, [(project, each) for each in ids])
    return tsi.CostPurgeRes()

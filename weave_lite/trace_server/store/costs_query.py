"""Prices that a project sets itself: find them, and give the fields that were asked for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from weave_lite.core.clock import from_micros
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.query.compile import compile_filter
from weave_lite.trace_server.query.cost_fields import cost_fields
from weave_lite.trace_server.query.sort import compile_sort
from weave_lite.trace_server.store.projects import project_pk
from weave_lite.trace_server.store.schema import costs, projects

if TYPE_CHECKING:
    from weave_lite.trace_server.query.fields import FieldMap
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["query"]

# What an answer has of a price.
_ANSWERED: Final = (
    "id",
    "llm_id",
    "prompt_token_cost",
    "completion_token_cost",
    "prompt_token_cost_unit",
    "completion_token_cost_unit",
    "effective_date",
    "provider_id",
)
# No project has this integer: a query of an unknown project is compiled with it, to be checked.
_NO_PROJECT: Final = 0
# SQLite takes no larger integer, and has no offset without a limit, which this is.
_MAX_COUNT: Final = 2**63 - 1


def query(conn: StoreConnection, req: tsi.CostQueryReq) -> tsi.CostQueryRes:
    """Find prices of a project, the oldest first; fields that were not asked for are None.

    Raises:
        InvalidFieldError: A field does not exist.
        InvalidQueryError: The query is not a sentence of the query language.
    """
    fields = _fields()
    for name in req.fields or ():
        fields.resolve(name)
    wanted = frozenset(req.fields or _ANSWERED)
    project = project_pk(conn, req.project_id, create=False) or _NO_PROJECT
    conditions = [costs.c.project == project]
    if req.query is not None:
        conditions.append(compile_filter(req.query, fields))
    found = select(*(costs.c[name] for name in _ANSWERED)).where(*conditions)
    found = found.order_by(*compile_sort(req.sort_by, fields))
    if req.limit is not None or req.offset:
        limit = _MAX_COUNT if req.limit is None else min(req.limit, _MAX_COUNT)
        found = found.limit(limit).offset(min(req.offset or 0, _MAX_COUNT))
    rows = conn.core.execute(found).mappings().all()
    results = [_output(dict(row), wanted) for row in rows]
    return tsi.CostQueryRes.from_trusted({"results": results})


@cache
def _fields() -> FieldMap:
    return cost_fields(costs, projects)


def _output(row: dict[str, Any], wanted: frozenset[str]) -> tsi.CostQueryOutput:
    row["effective_date"] = from_micros(row["effective_date"])
    values = {name: value if name in wanted else None for name, value in row.items()}
    return tsi.CostQueryOutput.from_trusted(values)

"""Feedback: find it, and give the columns and paths that were asked for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from weave_lite.core.clock import from_micros
from weave_lite.core.jsontext import parse
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.query.compile import compile_filter
from weave_lite.trace_server.query.feedback_fields import COLUMNS, feedback_fields
from weave_lite.trace_server.query.jsonpath import candidates
from weave_lite.trace_server.query.sort import compile_sort
from weave_lite.trace_server.store.projects import project_pk
from weave_lite.trace_server.store.schema import feedback, projects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weave_lite.trace_server.query.fields import FieldMap
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["query"]

# No project has this integer: a query of an unknown project is compiled with it, to be checked.
_NO_PROJECT: Final = 0
# SQLite takes no larger integer, and has no offset without a limit, which this is.
_MAX_COUNT: Final = 2**63 - 1
_PAYLOAD: Final = "payload."


def query(conn: StoreConnection, req: tsi.FeedbackQueryReq) -> tsi.FeedbackQueryRes:
    """Find feedback; each row has exactly the fields that were asked for.

    Raises:
        InvalidFieldError: A field does not exist.
        InvalidQueryError: The query is not a sentence of the query language.
    """
    fields = _fields()
    wanted = list(dict.fromkeys(req.fields or COLUMNS))
    for name in wanted:
        fields.resolve(name)
    project = project_pk(conn, req.project_id, create=False) or _NO_PROJECT
    conditions = [feedback.c.project == project]
    if req.query is not None:
        conditions.append(compile_filter(req.query, fields))
    columns = [feedback.c[name] for name in COLUMNS if name != "project_id"]
    found = select(*columns).where(*conditions).order_by(*compile_sort(req.sort_by, fields))
    if req.limit is not None or req.offset:
        limit = _MAX_COUNT if req.limit is None else min(req.limit, _MAX_COUNT)
        found = found.limit(limit).offset(min(req.offset or 0, _MAX_COUNT))
        counting = select(func.count()).select_from(feedback).where(*conditions)
        total_count = int(conn.core.execute(counting).scalar_one())
        rows = conn.core.execute(found).mappings().all()
    else:
        rows = conn.core.execute(found).mappings().all()
        total_count = len(rows)
    result = [_row(dict(row), req.project_id, wanted) for row in rows]
    return tsi.FeedbackQueryRes.from_trusted({"result": result, "total_count": total_count})


@cache
def _fields() -> FieldMap:
    return feedback_fields(feedback, projects)


def _row(row: dict[str, Any], project_id: str, wanted: Sequence[str]) -> dict[str, Any]:
    row["project_id"] = project_id
    row["created_at"] = from_micros(row["created_at"])
    payload = row["payload"] = parse(row["payload"])
    return {
        name: _at(payload, name.removeprefix(_PAYLOAD)) if name.startswith(_PAYLOAD) else row[name]
        for name in wanted
    }


def _at(payload: Any, path: str) -> Any:
    """Read the value at a path, by the same readings as a query of it."""
    for steps in candidates(path.split("."), is_object=True):
        value = payload
        for step in steps:
            value = _step(value, step)
        if value is not None:
            return value
    return None


def _step(value: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return value.get(step) if isinstance(value, dict) else None
    return value[step] if isinstance(value, list) and step < len(value) else None

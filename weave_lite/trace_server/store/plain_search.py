"""Searches of calls of a common form: a plain filter with one value a field, ordered by start.

Their statements are text, so that reading traces, the pages of a list and the children of a call
does not load SQLAlchemy. A test holds them equal to what is compiled of the same search.
"""

# ruff: noqa: S608 - all parts are texts of this module

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from weave_lite.trace_server.interface.calls import CallsFilter

__all__ = ["Form", "form_of", "statement"]

_REF: Final = (
    "calls.pk IN (SELECT call_refs.call FROM call_refs WHERE call_refs.project = :project"
    " AND call_refs.ref = :{field} AND call_refs.side = {side})"
)
# The condition of each field of a filter that has one value.
_CONDITIONS: Final = {
    "op_names": (
        "calls.op = (SELECT op_names_1.pk FROM op_names AS op_names_1"
        " WHERE op_names_1.op_name = :op_names)"
    ),
    "input_refs": _REF.format(field="input_refs", side=0),
    "output_refs": _REF.format(field="output_refs", side=1),
    "parent_ids": "calls.parent_id = :parent_ids",
    "trace_ids": "calls.trace_id = :trace_ids",
    "call_ids": "calls.id = :call_ids",
    "wb_user_ids": "calls.wb_user_id = :wb_user_ids",
    "wb_run_ids": "calls.wb_run_id = :wb_run_ids",
    "thread_ids": "calls.thread_id = :thread_ids",
    "turn_ids": "calls.turn_id = :turn_ids",
}
# Word for word what the partial indexes say, so that SQLite may use them.
_VISIBLE: Final = (
    "calls.project = :project AND calls.started_at IS NOT NULL AND calls.deleted_at IS NULL"
)


class Form(NamedTuple):
    """A common form of search: the fields of its filter, each with one value, and its direction.

    Attributes:
        fields: Fields of the filter that have a value.
        is_roots_only: Whether only roots are wanted.
        direction: 1 or -1: upward or downward by start.
    """

    fields: tuple[str, ...]
    is_roots_only: bool
    direction: int


def form_of(
    calls_filter: CallsFilter | None, direction: int
) -> tuple[Form, dict[str, str | int]] | None:
    """Read a filter as a form and the values of its fields; None when it is of another form."""
    values: dict[str, str | int] = {}
    if calls_filter is None:
        return Form((), False, direction), values
    for field in _CONDITIONS:
        wanted = getattr(calls_filter, field)
        if not wanted:
            continue
        if len(wanted) > 1 or (field == "op_names" and wanted[0].endswith(":*")):
            return None
        values[field] = wanted[0]
    return Form(tuple(values), bool(calls_filter.trace_roots_only), direction), values


@lru_cache(maxsize=256)
def statement(kind: str, form: Form) -> str:
    """Write a kind of statement for a form.

    Args:
        kind: ``page``, ``page_from``, ``window``, ``count`` or ``count_to``.
        form: The form.

    Returns:
        Its text, with the parameters ``:project``, one per field, and ``:limit``, ``:offset`` and
        ``:start`` where the kind has them.
    """
    conditions = [_VISIBLE, *(_CONDITIONS[field] for field in form.fields)]
    if form.is_roots_only:
        conditions.append("calls.parent_id IS NULL")
    comparison, order = (">=", "ASC") if form.direction > 0 else ("<=", "DESC")
    if kind == "page_from":
        conditions.append(f"calls.started_at {comparison} :start")
    found = f"FROM calls WHERE {' AND '.join(conditions)}"
    page = "LIMIT :limit OFFSET :offset"
    match kind:
        case "page" | "page_from":
            return f"SELECT calls.pk {found} ORDER BY calls.started_at {order}, calls.id ASC {page}"
        case "window":
            return f"SELECT calls.started_at {found} ORDER BY calls.started_at {order} {page}"
        case "count":
            return f"SELECT count(*) AS count_1 {found}"
        case _:
            limited = f"SELECT calls.pk AS pk {found} LIMIT :limit OFFSET 0"
            return f"SELECT count(*) AS count_1 FROM ({limited}) AS anon_1"

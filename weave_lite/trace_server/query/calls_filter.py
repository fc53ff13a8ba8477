"""The plain filter of calls (``CallsFilter``) as SQL conditions.

Fields are ANDed, the entries of a list are ORed, and an empty list is no condition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, or_, select

from weave_lite.trace_server.query.values import Sql, bind_int, bind_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.sql.elements import ColumnElement

    from weave_lite.trace_server.interface.calls import CallsFilter
    from weave_lite.trace_server.query.call_tables import CallTables

__all__ = ["compile_calls_filter"]

_INPUT_SIDE = 0
_OUTPUT_SIDE = 1
_MEMBERSHIPS = {
    "parent_ids": "parent_id",
    "trace_ids": "trace_id",
    "call_ids": "id",
    "wb_user_ids": "wb_user_id",
    "wb_run_ids": "wb_run_id",
    "thread_ids": "thread_id",
    "turn_ids": "turn_id",
}


def compile_calls_filter(
    calls_filter: CallsFilter | None, project: int, tables: CallTables
) -> list[ColumnElement[bool]]:
    """Compile a filter of calls; all of the conditions must hold.

    The caller adds that a call is of the project and visible.

    Args:
        calls_filter: What to look for; None is no condition.
        project: Key of the project.
        tables: The tables of calls.
    """
    if calls_filter is None:
        return []
    calls = tables.calls
    conditions: list[Sql] = []
    if calls_filter.op_names:
        conditions.append(_has_op(calls_filter.op_names, tables))
    sides = ((calls_filter.input_refs, _INPUT_SIDE), (calls_filter.output_refs, _OUTPUT_SIDE))
    conditions += [_has_ref(refs, side, project, tables) for refs, side in sides if refs]
    for name, column in _MEMBERSHIPS.items():
        wanted = getattr(calls_filter, name)
        if wanted:
            conditions.append(_is_in(calls.c[column], wanted))
    if calls_filter.trace_roots_only:
        conditions.append(calls.c.parent_id.is_(None))
    return conditions


def _is_in(column: ColumnElement[Any], wanted: Sequence[str]) -> Sql:
    """One value gives an equation, because an index then keeps its order."""
    bound = [bind_text(one) for one in dict.fromkeys(wanted)]
    found: Sql = column == bound[0] if len(bound) == 1 else column.in_(bound)
    return found


def _has_op(wanted: Sequence[str], tables: CallTables) -> Sql:
    """Match whole names, and with ``:*`` at the end all names up to the colon."""
    names = tables.op_names.alias()
    plain = [name for name in wanted if not name.endswith(":*")]
    conditions = [_is_in(names.c.op_name, plain)] if plain else []
    for name in wanted:
        if name.endswith(":*"):
            prefix = name[:-2]
            # The semicolon follows the colon in Unicode: a range finds a prefix by the index.
            is_above = names.c.op_name >= bind_text(prefix + ":")
            conditions.append(and_(is_above, names.c.op_name < bind_text(prefix + ";")))
    keys = select(names.c.pk).where(or_(*conditions))
    if len(wanted) == 1 and plain:
        single: Sql = tables.calls.c.op == keys.scalar_subquery()
        return single
    return tables.calls.c.op.in_(keys)


def _has_ref(refs: Sequence[str], side: int, project: int, tables: CallTables) -> Sql:
    found = tables.call_refs
    keys = select(found.c.call).where(
        found.c.project == bind_int(project),
        _is_in(found.c.ref, refs),
        found.c.side == bind_int(side),
    )
    return tables.calls.c.pk.in_(keys)

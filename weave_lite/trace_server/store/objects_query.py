"""Lists of object versions: filter, sort and page. Deleted versions are never listed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BLOB,
    ColumnElement,
    Integer,
    Select,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
)

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store.content import names_json
from weave_lite.trace_server.store.object_versions import FoundVersion, to_schema
from weave_lite.trace_server.store.projects import project_pk
from weave_lite.trace_server.store.schema import objects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import UnaryExpression

    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["ops_query", "query"]

_NO_LIMIT: Final = -1
# SQLite takes no larger integer.
_MAX_COUNT: Final = 2**63 - 1


def query(conn: StoreConnection, req: tsi.ObjQueryReq) -> tsi.ObjQueryRes:
    """List live versions, by default in the order of their creation."""
    pk = project_pk(conn, req.project_id, create=False)
    if pk is None:
        return tsi.ObjQueryRes(objs=[])
    statement = (
        _selection(with_val=not req.metadata_only, with_size=bool(req.include_storage_size))
        .where(objects.c.project == pk, *_conditions(req.filter or tsi.ObjectVersionFilter()))
        .order_by(*_order(req.sort_by or ()))
    )
    if req.limit is not None or req.offset is not None:
        # SQLite knows no offset without a limit.
        statement = statement.limit(_NO_LIMIT if req.limit is None else min(req.limit, _MAX_COUNT))
        statement = statement.offset(min(req.offset or 0, _MAX_COUNT))
    rows = conn.core.execute(statement)
    objs = [
        to_schema(req.project_id, object_id, FoundVersion._make(version), size_bytes)
        for object_id, size_bytes, *version in rows
    ]
    return tsi.ObjQueryRes(objs=objs)


def ops_query(conn: StoreConnection, req: tsi.OpQueryReq) -> tsi.OpQueryRes:
    """List live versions of ops: the old form of :func:`query`."""
    wanted = req.filter or tsi.OpVersionFilter()
    found = query(
        conn,
        tsi.ObjQueryReq(
            project_id=req.project_id,
            filter=tsi.ObjectVersionFilter(
                is_op=True, object_ids=wanted.op_names, latest_only=wanted.latest_only
            ),
        ),
    )
    return tsi.OpQueryRes(op_objs=found.objs)


@cache
def _is_latest() -> ColumnElement[bool]:
    newer = objects.alias("newer")
    return ~exists().where(
        newer.c.project == objects.c.project,
        newer.c.object_id == objects.c.object_id,
        newer.c.kind == objects.c.kind,
        newer.c.publish_order > objects.c.publish_order,
        newer.c.deleted_at.is_(None),
    )


def _selection(*, with_val: bool, with_size: bool) -> Select[Any]:
    """Select the object id, the size, and what makes a FoundVersion."""
    return select(
        objects.c.object_id,
        # The length of a text is in characters, that of a blob in bytes.
        func.length(cast(objects.c.val, BLOB)) if with_size else null(),
        objects.c.pk,
        objects.c.kind,
        objects.c.digest,
        objects.c.version_index,
        # As an integer, and no boolean that would be turned into Python's.
        type_coerce(_is_latest(), Integer),
        objects.c.base_object_class,
        objects.c.leaf_object_class,
        objects.c.created_at,
        objects.c.deleted_at,
        objects.c.wb_user_id,
        objects.c.val if with_val else literal("{}"),
    ).where(objects.c.deleted_at.is_(None))


def _conditions(wanted: tsi.ObjectVersionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.is_op is not None:
        conditions.append(objects.c.kind == ("op" if wanted.is_op else "object"))
    if wanted.object_ids:
        conditions.append(_is_one_of(objects.c.object_id, wanted.object_ids))
    if wanted.base_object_classes:
        conditions.append(_is_one_of(objects.c.base_object_class, wanted.base_object_classes))
    if wanted.leaf_object_classes:
        conditions.append(_is_one_of(objects.c.leaf_object_class, wanted.leaf_object_classes))
    if wanted.exclude_base_object_classes:
        base = objects.c.base_object_class
        excluded = _is_one_of(base, wanted.exclude_base_object_classes)
        conditions.append(or_(base.is_(None), ~excluded))
    if wanted.latest_only:
        conditions.append(_is_latest())
    return conditions


def _is_one_of(column: ColumnElement[Any], values: Sequence[str]) -> ColumnElement[bool]:
    # One parameter, however many values: SQLite bounds the number of parameters.
    listed = func.json_each(names_json(values)).table_valued("value")
    return column.in_(select(listed.c.value))


def _order(sort_by: Sequence[tsi.SortBy]) -> list[UnaryExpression[Any]]:
    """Other fields than these two are ignored, as the reference does."""
    order: list[UnaryExpression[Any]] = []
    for term in sort_by:
        if term.field not in {"object_id", "created_at"}:
            continue
        columns = [objects.c[term.field]]
        if term.field == "created_at":
            # Versions of one instant keep the order of their indexes.
            columns.append(objects.c.version_index)
        order += [column.desc() if term.direction == "desc" else column.asc() for column in columns]
    return [
        *order,
        objects.c.created_at.asc(),
        objects.c.version_index.asc(),
        objects.c.pk.asc(),
    ]

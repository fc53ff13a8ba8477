"""Refs: the values that they point to, read in batches.

Each ref is walked by a generator that stops where it needs an object or a row. All needs of all
walks are met together, so that no object is read twice and no table looked through twice in a
round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from weave_lite.core.errors import InvalidRefError, InvalidRequest, NotFoundError
from weave_lite.core.jsontext import compact, parse
from weave_lite.core.refs import (
    ATTRIBUTE_EDGE,
    INDEX_EDGE,
    KEY_EDGE,
    ROW_EDGE,
    SCHEME,
    ArtifactRef,
    ObjectRef,
    TableRef,
    parse_server_uri,
)
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store.object_hints import missing_error
from weave_lite.trace_server.store.object_versions import find_version
from weave_lite.trace_server.store.projects import project_pk
from weave_lite.trace_server.store.table_rows import find_table

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["read_batch"]

# Refs may lead to each other in a circle, through ``latest``.
_MAX_HOPS: Final = 100

_MAX_INDEX_DIGITS: Final = 18

# The table's positions are looked through once, for all rows that are needed of it.
_SELECT_ROWS: Final = (
    "SELECT r.digest, r.val FROM table_rows AS r WHERE r.pk IN ("
    'SELECT p."row" FROM table_positions AS p WHERE p."table" = ? AND p."row" IN ('
    "SELECT pk FROM table_rows WHERE project = ?"
    " AND digest IN (SELECT value FROM json_each(?))))"
)


class _ObjectNeed(NamedTuple):
    project_id: str
    kind: str
    name: str
    version: str


class _RowNeed(NamedTuple):
    project_id: str
    table: str
    row: str


_Need = _ObjectNeed | _RowNeed


def read_batch(conn: StoreConnection, req: tsi.RefsReadBatchReq) -> tsi.RefsReadBatchRes:
    """Read the values that object and op refs point to, in order.

    A path that leads nowhere, into another project, or into a deleted object gives None.

    Raises:
        InvalidRefError: A text is no ref of an object or op.
        InvalidRequest: A ref is of a call.
        NotFoundError: An object, a table or a row of one does not exist.
    """
    walks = [_walk(_parse(at, uri)) for at, uri in enumerate(req.refs)]
    vals: list[Any] = [None] * len(walks)
    answers: dict[_Need, Any] = {}
    uses: dict[_Need, int] = {}
    open_walks = [(at, walk, next(walk)) for at, walk in enumerate(walks)]
    while open_walks:
        _meet(conn, {need for _, _, need in open_walks} - answers.keys(), answers)
        still_open = []
        for at, walk, need in open_walks:
            uses[need] = uses.get(need, 0) + 1
            try:
                still_open.append((at, walk, walk.send(answers[need])))
            except StopIteration as end:
                # No two answers share a list or dict that a caller could change.
                vals[at] = parse(compact(end.value)) if uses[need] > 1 else end.value
        open_walks = still_open
    return tsi.RefsReadBatchRes(vals=vals)


def _parse(at: int, uri: str) -> ObjectRef:
    ref = parse_server_uri(uri)
    if isinstance(ref, ObjectRef):
        if ref.digest == "*":
            raise InvalidRefError(f"refs[{at}] {uri!r}: version '*' stands only in filters")
        return ref
    if isinstance(ref, TableRef):
        raise InvalidRefError(
            f"refs[{at}] {uri!r} is the ref of a table; read its rows with table_query"
        )
    if isinstance(ref, ArtifactRef):
        raise InvalidRefError(
            f"refs[{at}] {uri!r} is the ref of an artifact of the hosted service, which cannot be read "
            "here; leave it out"
        )
    raise InvalidRequest(
        f"refs[{at}] {uri!r} is not the ref of an object or op; read calls with call_read"
    )


def _walk(ref: ObjectRef) -> Generator[_Need, Any, Any]:
    """Follow a ref to its value; yields what it needs, is sent the JSON value of it."""
    project_id = ref.project_id
    # Steps that are left, the next one last.
    steps = _steps(ref)
    value = yield _ObjectNeed(project_id, ref.kind, ref.name, ref.digest)
    for _ in range(_MAX_HOPS):
        while steps and isinstance(value, dict | list):
            value = _step(value, *steps.pop())
        target = _target(value, project_id) if steps else None
        if isinstance(target, TableRef):
            edge, row = steps.pop()
            if edge != ROW_EDGE:
                return None
            value = yield _RowNeed(project_id, target.digest, row)
        elif target is not None:
            steps += _steps(target)
            value = yield _ObjectNeed(project_id, target.kind, target.name, target.digest)
        else:
            # Whatever is left of the path leads nowhere.
            return None if steps else value
    return None


def _steps(ref: ObjectRef) -> list[tuple[str, str]]:
    return list(zip(ref.extra[-2::-2], ref.extra[::-2], strict=True))


def _step(value: dict[str, Any] | list[Any], edge: str, name: str) -> Any:
    if edge in {ATTRIBUTE_EDGE, KEY_EDGE} and isinstance(value, dict):
        return value.get(name)
    if edge == INDEX_EDGE and isinstance(value, list) and not name.startswith("-"):
        index = int(name) if len(name) <= _MAX_INDEX_DIGITS else len(value)
        return value[index] if index < len(value) else None
    return None


def _target(value: Any, project_id: str) -> ObjectRef | TableRef | None:
    """Return the ref that a value is, when it may be followed."""
    if not isinstance(value, str) or not value.startswith(SCHEME):
        return None
    try:
        ref = parse_server_uri(value)
    except InvalidRefError:
        return None
    if not isinstance(ref, ObjectRef | TableRef) or ref.project_id != project_id:
        return None
    return ref


def _meet(conn: StoreConnection, needs: Iterable[_Need], answers: dict[_Need, Any]) -> None:
    rows_of: dict[tuple[str, str], list[_RowNeed]] = {}
    for need in needs:
        if isinstance(need, _ObjectNeed):
            answers[need] = _object_value(conn, need)
        else:
            rows_of.setdefault((need.project_id, need.table), []).append(need)
    for (project_id, table), row_needs in rows_of.items():
        found = _rows_json(conn, project_id, table, [need.row for need in row_needs])
        for need in row_needs:
            if need.row not in found:
                raise NotFoundError(
                    f"row {need.row!r} is not in table {table!r} of project {project_id!r}"
                )
            answers[need] = parse(found[need.row])


def _object_value(conn: StoreConnection, need: _ObjectNeed) -> Any:
    """Read the value of an object; None when it was deleted."""
    project_id, kind, name, version = need
    # Object and op refs are interchangeable; the ref's own kind goes first.
    kinds = (kind, "object" if kind == "op" else "op")
    raw = conn.raw
    pk = project_pk(conn, project_id, create=False)
    found = None if pk is None else find_version(raw, pk, kinds, name, version)
    if found is None:
        raise missing_error(raw, project_id, pk, kinds, name, version)
    return None if found.deleted_at is not None else parse(found.val_json)


def _rows_json(
    conn: StoreConnection, project_id: str, table: str, rows: list[str]
) -> dict[str, str]:
    raw = conn.raw
    pk = project_pk(conn, project_id, create=False)
    table_pk = None if pk is None else find_table(raw, pk, table)
    if pk is None or table_pk is None:
        raise NotFoundError(f"table {table!r} does not exist in project {project_id!r}")
    return dict(raw.execute(_SELECT_ROWS, (table_pk, pk, compact(rows))).fetchall())

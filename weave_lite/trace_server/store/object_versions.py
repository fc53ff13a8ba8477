"""Object versions, one at a time: how one is inserted, and how one is found by its name.

An object is (project, kind, object id); a version of it is a digest. ``vN`` keeps its meaning for
ever; ``latest`` is the live version that was published last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from weave_lite.core.clock import from_micros
from weave_lite.core.errors import ObjectDeletedError
from weave_lite.core.jsontext import parse
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store.object_hints import missing_error
from weave_lite.trace_server.user import default_user

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = [
    "LATEST",
    "FoundVersion",
    "find_version",
    "insert_version",
    "read_version",
    "to_schema",
]

LATEST: Final = "latest"
# Beyond these digits a number is no version that exists, and might be no 64-bit integer.
_MAX_INDEX_DIGITS: Final = 18

# One statement, because publishing is hot. Content that is there and is the latest stays as it
# is; a live older version becomes the latest; a deleted one comes back as a new version.
_INSERT: Final = (
    "INSERT INTO objects (project, kind, object_id, digest, version_index, publish_order,"
    " base_object_class, leaf_object_class, val, created_at, wb_user_id)"
    " VALUES (?, ?, ?, ?,"
    " (SELECT coalesce(max(version_index), -1) + 1 FROM objects"
    " WHERE project = ? AND object_id = ? AND kind = ?),"
    " (SELECT coalesce(max(publish_order), -1) + 1 FROM objects"
    " WHERE project = ? AND object_id = ? AND kind = ?),"
    " ?, ?, ?, ?, ?)"
    " ON CONFLICT (project, object_id, kind, digest) DO UPDATE SET"
    " publish_order = excluded.publish_order,"
    " version_index = iif(deleted_at IS NULL, version_index, excluded.version_index),"
    " created_at = iif(deleted_at IS NULL, created_at, excluded.created_at),"
    " deleted_at = NULL"
    " WHERE deleted_at IS NOT NULL OR publish_order < excluded.publish_order - 1"
)

_IS_LATEST: Final = (
    "o.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM objects AS newer"
    " WHERE newer.project = o.project AND newer.object_id = o.object_id AND newer.kind = o.kind"
    " AND newer.publish_order > o.publish_order AND newer.deleted_at IS NULL)"
)
_SELECT: Final = (
    "SELECT o.pk, o.kind, o.digest, o.version_index, {is_latest}, o.base_object_class,"
    " o.leaf_object_class, o.created_at, o.deleted_at, o.wb_user_id, {val}"
    " FROM objects AS o WHERE o.project = ? AND o.object_id = ? AND o.kind = ? AND {condition}"
)
_BY_DIGEST: Final = "o.digest = ?"
_BY_INDEX: Final = "o.version_index = ?"
_BY_ORDER: Final = "o.deleted_at IS NULL ORDER BY o.publish_order DESC LIMIT 1"
_BY_DELETION: Final = "o.deleted_at IS NOT NULL ORDER BY o.deleted_at DESC LIMIT 1"
_FIND: Final = {
    (condition, is_metadata): _SELECT.format(
        is_latest=_IS_LATEST, condition=condition, val="'{}'" if is_metadata else "o.val"
    )
    for condition in (_BY_DIGEST, _BY_INDEX, _BY_ORDER, _BY_DELETION)
    for is_metadata in (False, True)
}


class FoundVersion(NamedTuple):
    """A version as it is stored; ``deleted_at`` tells whether it is live."""

    pk: int
    kind: str
    digest: str
    version_index: int
    is_latest: int
    base_object_class: str | None
    leaf_object_class: str | None
    created_at: int
    deleted_at: int | None
    wb_user_id: str | None
    val_json: str


def insert_version(
    conn: StoreConnection,
    project_pk: int,
    kind: str,
    object_id: str,
    digest: str,
    val_json: str,
    base_object_class: str | None,
    leaf_object_class: str | None,
    wb_user_id: str | None,
    now: int,
) -> None:
    """Store an object version and make it the latest.

    Args:
        conn: A connection inside a write transaction.
        project_pk: The project.
        kind: ``object`` or ``op``.
        object_id: The object's name in the project.
        digest: The version's digest.
        val_json: Compact JSON text of the value.
        base_object_class: The class right below ``Object``.
        leaf_object_class: The value's own class.
        wb_user_id: Who publishes it; the local user when None.
        now: Microseconds since the epoch.
    """
    conn.raw.execute(
        _INSERT,
        (
            project_pk,
            kind,
            object_id,
            digest,
            project_pk,
            object_id,
            kind,
            project_pk,
            object_id,
            kind,
            base_object_class,
            leaf_object_class,
            val_json,
            now,
            default_user() if wb_user_id is None else wb_user_id,
        ),
    )


def find_version(
    raw: sqlite3.Connection,
    project_pk: int,
    kinds: Sequence[str],
    object_id: str,
    version: str,
    *,
    is_metadata: bool = False,
) -> FoundVersion | None:
    """Find a version by digest, ``latest`` or ``vN``.

    An op and an object may have one name: a live version goes before a deleted one, and then the
    kind that stands first in ``kinds``.

    Args:
        raw: The driver's connection.
        project_pk: The project.
        kinds: The kinds to look for, preferred ones first.
        object_id: The object's name.
        version: A digest, ``latest`` or ``vN``.
        is_metadata: Leave the value out; it is then ``{}``.

    Returns:
        The version, also when it is deleted, or None.
    """
    index = _index_of(version)
    if version == LATEST:
        found = _find(raw, _BY_ORDER, project_pk, kinds, object_id, (), is_metadata=is_metadata)
        if found is not None:
            return found
        return _find(raw, _BY_DELETION, project_pk, kinds, object_id, (), is_metadata=is_metadata)
    if index is not None:
        return _find(
            raw, _BY_INDEX, project_pk, kinds, object_id, (index,), is_metadata=is_metadata
        )
    return _find(raw, _BY_DIGEST, project_pk, kinds, object_id, (version,), is_metadata=is_metadata)


def read_version(
    conn: StoreConnection,
    project_id: str,
    project_pk: int | None,
    kinds: Sequence[str],
    object_id: str,
    version: str,
    *,
    is_metadata: bool = False,
) -> FoundVersion:
    """Find a live version, see :func:`find_version`.

    Raises:
        NotFoundError: There is no such object or version.
        ObjectDeletedError: The version was deleted; for ``latest``, all versions were.
    """
    raw = conn.raw
    found = (
        None
        if project_pk is None
        else find_version(raw, project_pk, kinds, object_id, version, is_metadata=is_metadata)
    )
    if found is None:
        raise missing_error(raw, project_id, project_pk, kinds, object_id, version)
    if found.deleted_at is not None:
        raise ObjectDeletedError(
            f"{found.kind} {object_id!r} version {version!r} of project {project_id!r} was "
            "deleted; publish it again to bring it back",
            from_micros(found.deleted_at),
        )
    return found


def to_schema(
    project_id: str, object_id: str, found: FoundVersion, size_bytes: int | None = None
) -> tsi.ObjSchema:
    """Make the answer for a live version."""
    return tsi.ObjSchema.from_trusted(
        {
            "project_id": project_id,
            "object_id": object_id,
            "created_at": from_micros(found.created_at),
            "deleted_at": None,
            "digest": found.digest,
            "version_index": found.version_index,
            "is_latest": found.is_latest,
            "kind": found.kind,
            "base_object_class": found.base_object_class,
            "leaf_object_class": found.leaf_object_class,
            "val": parse(found.val_json),
            "wb_user_id": found.wb_user_id,
            "size_bytes": size_bytes,
        }
    )


def _find(
    raw: sqlite3.Connection,
    condition: str,
    project_pk: int,
    kinds: Sequence[str],
    object_id: str,
    key: tuple[object, ...],
    *,
    is_metadata: bool,
) -> FoundVersion | None:
    deleted: FoundVersion | None = None
    for kind in kinds:
        row = raw.execute(
            _FIND[condition, is_metadata], (project_pk, object_id, kind, *key)
        ).fetchone()
        if row is None:
            continue
        found = FoundVersion._make(row)
        if found.deleted_at is None:
            return found
        deleted = deleted or found
    return deleted


def _index_of(version: str) -> int | None:
    """Return N of ``vN``; None for any other text."""
    digits = version[1:]
    if version[:1] != "v" or not digits.isascii() or not digits.isdigit():
        return None
    return int(digits) if len(digits) <= _MAX_INDEX_DIGITS else None

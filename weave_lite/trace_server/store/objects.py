"""Objects and ops: create, read and delete. An op is an object of kind ``op``.

Lists of versions are read in ``objects_query``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from weave_lite.core import digest as digests
from weave_lite.core.clock import now_micros
from weave_lite.core.errors import InvalidRequest, NotFoundError
from weave_lite.core.object_kinds import classes_of, kind_of
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store.content import digest_and_json, stored_digest
from weave_lite.trace_server.store.object_hints import missing_error
from weave_lite.trace_server.store.object_versions import (
    LATEST,
    find_version,
    insert_version,
    read_version,
    to_schema,
)
from weave_lite.trace_server.store.projects import project_pk

if TYPE_CHECKING:
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = [
    "create",
    "delete",
    "insert_version",
    "op_create",
    "op_read",
    "read",
]

# An op and an object may share a name; a request that does not say means the object first.
_ANY_KIND: Final = ("object", "op")
_OP_ONLY: Final = ("op",)

_DELETE_ALL: Final = (
    "UPDATE objects SET deleted_at = ? WHERE project = ? AND object_id = ? AND deleted_at IS NULL"
)
_DELETE_ONE: Final = "UPDATE objects SET deleted_at = ? WHERE pk = ?"


def create(conn: StoreConnection, req: tsi.ObjCreateReq) -> tsi.ObjCreateRes:
    """Store an object version; content that is there already becomes the latest again.

    A value of a built-in class is expanded first.

    Raises:
        InvalidRequest: The value is not JSON, or not of the class ``builtin_object_class``.
        DigestMismatchError: ``expected_digest`` is not the digest of the value.
    """
    obj = req.obj
    return tsi.ObjCreateRes(digest=_create(conn, obj), object_id=obj.object_id)


def op_create(conn: StoreConnection, req: tsi.OpCreateReq) -> tsi.OpCreateRes:
    """Store an op version: the old form of :func:`create`."""
    return tsi.OpCreateRes(digest=_create(conn, req.op_obj))


def read(conn: StoreConnection, req: tsi.ObjReadReq) -> tsi.ObjReadRes:
    """Read a version by digest, ``latest`` or ``vN``.

    Raises:
        NotFoundError: There is no such object or version.
        ObjectDeletedError: The version was deleted.
    """
    found = read_version(
        conn,
        req.project_id,
        project_pk(conn, req.project_id, create=False),
        _ANY_KIND,
        req.object_id,
        req.digest,
        is_metadata=bool(req.metadata_only),
    )
    return tsi.ObjReadRes(obj=to_schema(req.project_id, req.object_id, found))


def op_read(conn: StoreConnection, req: tsi.OpReadReq) -> tsi.OpReadRes:
    """Read an op version, as :func:`read` does; objects are not seen."""
    pk = project_pk(conn, req.project_id, create=False)
    found = read_version(conn, req.project_id, pk, _OP_ONLY, req.name, req.digest)
    return tsi.OpReadRes(op_obj=to_schema(req.project_id, req.name, found))


def delete(conn: StoreConnection, req: tsi.ObjDeleteReq) -> tsi.ObjDeleteRes:
    """Mark versions as deleted: those that ``digests`` names, or all of the name.

    Raises:
        NotFoundError: An entry of ``digests`` is no live version, or two are the same one; then
            nothing is deleted.
    """
    raw = conn.raw
    pk = project_pk(conn, req.project_id, create=False)
    now = now_micros()
    if pk is not None and req.digests is None:
        count = raw.execute(_DELETE_ALL, (now, pk, req.object_id)).rowcount
        if count:
            return tsi.ObjDeleteRes(num_deleted=count)
    if pk is None or req.digests is None:
        raise missing_error(raw, req.project_id, pk, _ANY_KIND, req.object_id, LATEST)
    versions = list(dict.fromkeys(req.digests))
    named: dict[int, str] = {}
    for version in versions:
        found = find_version(raw, pk, _ANY_KIND, req.object_id, version, is_metadata=True)
        if found is None or found.deleted_at is not None:
            raise missing_error(raw, req.project_id, pk, _ANY_KIND, req.object_id, version)
        if found.pk in named:
            raise NotFoundError(
                f"digests: {named[found.pk]!r} and {version!r} name one version of "
                f"{req.object_id!r}; name each version once"
            )
        named[found.pk] = version
    if not named:
        raise NotFoundError(
            "digests is empty, so no version is named; leave it out to delete all versions"
        )
    raw.executemany(_DELETE_ONE, [(now, version_pk) for version_pk in named])
    return tsi.ObjDeleteRes(num_deleted=len(named))


def _create(conn: StoreConnection, obj: tsi.ObjSchemaForInsert) -> str:
    val, base, leaf = _classed(obj)
    actual, text = digest_and_json("obj.val", val)
    digest = stored_digest(obj.expected_digest, actual, lambda: digests.digest_json_sorted(val))
    pk = project_pk(conn, obj.project_id, create=True)
    kind = kind_of(val)
    insert_version(
        conn, pk, kind, obj.object_id, digest, text, base, leaf, obj.wb_user_id, now_micros()
    )
    return digest


def _classed(obj: tsi.ObjSchemaForInsert) -> tuple[Any, str | None, str | None]:
    """Give a value as it is stored, with its base class and its own class."""
    base, leaf = classes_of(obj.val)
    builtin = obj.builtin_object_class
    if builtin is None:
        return obj.val, base, leaf
    if leaf is None:
        # Models of all classes are built on import, and few objects are of one.
        from weave_lite.trace_server.interface.builtin_object_classes import (  # noqa: PLC0415
            registry,
        )

        return registry.expanded(builtin, obj.val), builtin, builtin
    if leaf != builtin:
        raise InvalidRequest(
            f"obj.builtin_object_class {builtin!r} is not the class of obj.val, {leaf!r}; "
            "give the value's own class or leave it out"
        )
    return obj.val, base, leaf

"""The record of a view: written and read through a client, in the form of all clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from weave_lite.core.errors import InvalidRefError
from weave_lite.core.refs import ObjectRef
from weave_lite.trace.resolver import parse_location
from weave_lite.trace.values.record import WeaveObject, fields_of
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.builtin_object_classes.registry import expanded
from weave_lite.trace_server.interface.builtin_object_classes.saved_view import SavedView

if TYPE_CHECKING:
    from weave_lite.trace.weave_client import WeaveClient

__all__ = ["of_fields", "publish", "read", "record"]

_CLASS = SavedView.__name__


def record(base: SavedView) -> dict[str, Any]:
    """Return a record in the form in which it is stored."""
    return expanded(_CLASS, base.model_dump(by_alias=True), "saved view")


def publish(client: WeaveClient, base: SavedView, name: str) -> ObjectRef:
    """Store a record as the latest version of a name."""
    return client.publisher.publish(record(base), name)


def of_fields(obj: WeaveObject) -> SavedView:
    """Make a record of its fields as they were built.

    Raises:
        ValueError: They do not fit.
    """
    return SavedView.model_validate(_as_stored(obj))


def _as_stored(value: Any) -> Any:
    """Undo what reading made of a stored value; the ops that a filter names are texts again."""
    if isinstance(value, WeaveObject):
        return {name: _as_stored(part) for name, part in fields_of(value).items()}
    if isinstance(value, dict):
        return {name: _as_stored(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_as_stored(part) for part in value]
    ref = value if isinstance(value, ObjectRef) else getattr(value, "ref", None)
    return ref.uri() if isinstance(ref, ObjectRef) else value


def read(client: WeaveClient, location: Any) -> tuple[SavedView, ObjectRef]:
    """Read a record, and where it is stored.

    Raises:
        NotFoundError: There is no such object.
        InvalidRefError: It is no saved view.
    """
    ref = location if isinstance(location, ObjectRef) else parse_location(location, client)
    # As it is stored: a record that is built would look up the ops that the filter names.
    client.flush()
    found = client.server.obj_read(
        tsi.ObjReadReq(project_id=ref.project_id, object_id=ref.name, digest=ref.digest)
    ).obj
    if _CLASS not in {found.leaf_object_class, found.base_object_class}:
        raise InvalidRefError(
            f"ref {ref.uri()!r} is no saved view but {_described(found)}; give the ref of one"
        )
    try:
        base = SavedView.model_validate(found.val)
    except ValidationError as refused:
        first = refused.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidRefError(
            f"ref {ref.uri()!r} is a saved view that cannot be read: {where}: {first['msg']}"
        ) from None
    return base, ObjectRef(ref.entity, ref.project, ref.name, found.digest)


def _described(found: tsi.ObjSchema) -> str:
    kind = found.leaf_object_class or found.base_object_class
    return f"a value of kind {found.kind}" if kind is None else f"an object of class {kind}"

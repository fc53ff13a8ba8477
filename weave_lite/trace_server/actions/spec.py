"""Action specs as they are stored."""

from __future__ import annotations

from typing import Protocol

from pydantic import ValidationError

from weave_lite.core.errors import InvalidRefError, InvalidRequest
from weave_lite.core.refs import ObjectRef, OpRef, parse_server_uri
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.builtin_object_classes.actions import ActionSpec

__all__ = ["SpecReader", "parse_ref", "read_spec"]


class SpecReader(Protocol):
    """What is needed of a server to read a spec."""

    def obj_read(self, req: tsi.ObjReadReq) -> tsi.ObjReadRes:
        """Read an object version."""


def parse_ref(action_ref: str, project_id: str) -> ObjectRef:
    """Read the ref of an action.

    Raises:
        InvalidRequest: It is not the ref of a whole object of the project.
    """
    try:
        ref = parse_server_uri(action_ref)
    except InvalidRefError as error:
        raise InvalidRequest(f"action_ref: {error}") from error
    if not isinstance(ref, ObjectRef) or isinstance(ref, OpRef) or ref.extra:
        raise InvalidRequest(
            f"action_ref {action_ref!r} is not the ref of an object; send that of the ActionSpec"
        )
    if ref.project_id != project_id:
        raise InvalidRequest(
            f"action_ref {action_ref!r} is of another project than {project_id!r}; publish the "
            "ActionSpec there"
        )
    return ref


def read_spec(server: SpecReader, ref: ObjectRef) -> ActionSpec:
    """Read the spec that a ref points to.

    Raises:
        InvalidRequest: The object is no valid ActionSpec.
        NotFoundError: There is no such object.
    """
    req = tsi.ObjReadReq(project_id=ref.project_id, object_id=ref.name, digest=ref.digest)
    obj = server.obj_read(req).obj
    if "ActionSpec" not in {obj.base_object_class, obj.leaf_object_class}:
        raise InvalidRequest(
            f"action_ref {ref.uri()!r} is not the ref of an ActionSpec; publish one with "
            "builtin_object_class 'ActionSpec'"
        )
    # A name of null is stored where none was sent.
    val = {key: value for key, value in obj.val.items() if key != "name" or value is not None}
    try:
        return ActionSpec.model_validate(val)
    except ValidationError as error:
        raise InvalidRequest(
            f"action_ref {ref.uri()!r} is the ref of an ActionSpec that cannot be run: {error}"
        ) from error

"""Objects and ops: versions of named JSON values, and what a server of objects does."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Protocol

from pydantic import Field

from weave_lite.trace_server.interface.query import SortBy
from weave_lite.trace_server.interface.wire import UtcDatetime, WireModel

__all__ = [
    "ObjCreateReq",
    "ObjCreateRes",
    "ObjDeleteReq",
    "ObjDeleteRes",
    "ObjQueryReq",
    "ObjQueryRes",
    "ObjReadReq",
    "ObjReadRes",
    "ObjSchema",
    "ObjSchemaForInsert",
    "ObjectServer",
    "ObjectVersionFilter",
    "OpCreateReq",
    "OpCreateRes",
    "OpQueryReq",
    "OpQueryRes",
    "OpReadReq",
    "OpReadRes",
    "OpVersionFilter",
]


class ObjSchema(WireModel):
    """An object version as it is read; ``kind`` is ``object`` or ``op``."""

    project_id: str
    object_id: str
    created_at: UtcDatetime
    deleted_at: UtcDatetime | None = None
    digest: str
    version_index: int
    is_latest: int
    kind: str
    base_object_class: str | None
    leaf_object_class: str | None = None
    val: Any
    wb_user_id: str | None = None
    size_bytes: int | None = None


class ObjSchemaForInsert(WireModel):
    """An object version to be stored."""

    project_id: str
    object_id: str
    val: Any
    builtin_object_class: str | None = None
    # The old name of builtin_object_class.
    set_base_object_class: str | None = Field(default=None, exclude=True)
    expected_digest: str | None = None
    # Filled by the server, never taken from a caller.
    wb_user_id: str | None = None

    def model_post_init(self, context: Any, /) -> None:
        """Take the class from its old name when the new one is absent."""
        del context
        if self.builtin_object_class is None and self.set_base_object_class is not None:
            self.builtin_object_class = self.set_base_object_class


class ObjCreateReq(WireModel):
    """Store an object version."""

    obj: ObjSchemaForInsert


class ObjCreateRes(WireModel):
    """The digest of the stored version."""

    digest: str
    object_id: str | None = None


class ObjReadReq(WireModel):
    """Read an object version; ``digest`` may be ``latest`` or ``vN``."""

    project_id: str
    object_id: str
    digest: str
    metadata_only: bool | None = False


class ObjReadRes(WireModel):
    """The object version."""

    obj: ObjSchema


class ObjectVersionFilter(WireModel):
    """Conditions on object versions: all given ones hold; an empty list is no condition."""

    base_object_classes: list[str] | None = None
    exclude_base_object_classes: list[str] | None = None
    leaf_object_classes: list[str] | None = None
    object_ids: list[str] | None = None
    is_op: bool | None = None
    latest_only: bool | None = None


class ObjQueryReq(WireModel):
    """Find object versions that are not deleted."""

    project_id: str
    filter: ObjectVersionFilter | None = None
    limit: int | None = None
    offset: int | None = None
    sort_by: list[SortBy] | None = None
    metadata_only: bool | None = False
    include_storage_size: bool | None = False


class ObjQueryRes(WireModel):
    """The object versions found."""

    objs: list[ObjSchema]


class ObjDeleteReq(WireModel):
    """Delete versions of an object; all of them when ``digests`` is absent."""

    project_id: str
    object_id: str
    digests: list[str] | None = None


class ObjDeleteRes(WireModel):
    """How many versions were deleted."""

    num_deleted: int


class OpCreateReq(WireModel):
    """Store an op version."""

    op_obj: ObjSchemaForInsert


class OpCreateRes(WireModel):
    """The digest of the stored op version."""

    digest: str


class OpReadReq(WireModel):
    """Read an op version; ``digest`` may be ``latest`` or ``vN``."""

    project_id: str
    name: str
    digest: str


class OpReadRes(WireModel):
    """The op version."""

    op_obj: ObjSchema


class OpVersionFilter(WireModel):
    """Conditions on op versions."""

    op_names: list[str] | None = None
    latest_only: bool | None = None


class OpQueryReq(WireModel):
    """Find op versions that are not deleted."""

    project_id: str
    filter: OpVersionFilter | None = None


class OpQueryRes(WireModel):
    """The op versions found."""

    op_objs: list[ObjSchema]


class ObjectServer(Protocol):
    """What a server of objects and ops does."""

    @abstractmethod
    def obj_create(self, req: ObjCreateReq) -> ObjCreateRes:
        """Store an object version."""

    @abstractmethod
    def obj_read(self, req: ObjReadReq) -> ObjReadRes:
        """Read an object version."""

    @abstractmethod
    def objs_query(self, req: ObjQueryReq) -> ObjQueryRes:
        """List object versions that are not deleted."""

    @abstractmethod
    def obj_delete(self, req: ObjDeleteReq) -> ObjDeleteRes:
        """Delete object versions; all or none."""

    @abstractmethod
    def op_create(self, req: OpCreateReq) -> OpCreateRes:
        """Store an op version."""

    @abstractmethod
    def op_read(self, req: OpReadReq) -> OpReadRes:
        """Read an op version."""

    @abstractmethod
    def ops_query(self, req: OpQueryReq) -> OpQueryRes:
        """List op versions that are not deleted."""

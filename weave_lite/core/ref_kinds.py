"""The kinds of refs as frozen values, each with its URI.

Reading what a ref points to is not done here: the tracer registers a :class:`RefResolver`, and
``get`` and ``delete`` hand over to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from weave_lite.core.errors import WeaveInitError
from weave_lite.core.frozen import Frozen, set_part

if TYPE_CHECKING:
    from typing import Self

__all__ = [
    "ATTRIBUTE_EDGE",
    "EDGES",
    "INDEX_EDGE",
    "KEY_EDGE",
    "ROW_EDGE",
    "SCHEME",
    "ArtifactRef",
    "CallRef",
    "InternalRef",
    "ObjectRef",
    "OpRef",
    "Ref",
    "RefResolver",
    "TableRef",
    "set_resolver",
]

SCHEME = "weave:///"

ATTRIBUTE_EDGE = "attr"
KEY_EDGE = "key"
INDEX_EDGE = "index"
ROW_EDGE = "id"
EDGES = frozenset({ATTRIBUTE_EDGE, KEY_EDGE, INDEX_EDGE, ROW_EDGE})


class RefResolver(Protocol):
    """What a ref needs of the tracer to be read or deleted."""

    def get(self, ref: ObjectRef, *, objectify: bool, allow_stored_code: bool) -> Any:
        """Read the value that the ref points to."""

    def delete(self, ref: ObjectRef) -> None:
        """Mark the version that the ref points to as deleted."""

    def feedback_on(self, ref: ObjectRef) -> Any:
        """Find the feedback on what the ref points to."""


_resolver: RefResolver | None = None


def set_resolver(resolver: RefResolver) -> None:
    """Register what reads and deletes the targets of refs (called by the tracer on import)."""
    global _resolver  # noqa: PLW0603 - registration goes downward, see the layer contract
    _resolver = resolver


class Ref(Frozen):
    """The base of all refs.

    Args:
        entity: First part of the project id.
        project: Second part of the project id.
    """

    __slots__ = ("entity", "project")
    _fields: ClassVar[tuple[str, ...]] = ("entity", "project")

    kind: str = ""
    entity: str
    project: str

    def __init__(self, entity: str, project: str) -> None:
        set_part(self, "entity", entity)
        set_part(self, "project", project)

    @property
    def project_id(self) -> str:
        """The project as ``entity/project``."""
        return f"{self.entity}/{self.project}"

    def uri(self) -> str:
        """Format as a URI."""
        raise TypeError(
            f"{type(self).__name__} has no URI; use a ref of an object, op, table or call"
        )

    def __str__(self) -> str:
        return self.uri()


class TableRef(Ref):
    """The address of a table.

    Args:
        entity: First part of the project id.
        project: Second part of the project id.
        digest: The table's digest (64 hex characters).
    """

    __slots__ = ("digest",)
    _fields: ClassVar[tuple[str, ...]] = ("entity", "project", "digest")
    kind = "table"

    digest: str

    def __init__(self, entity: str, project: str, digest: str) -> None:
        set_part(self, "entity", entity)
        set_part(self, "project", project)
        set_part(self, "digest", digest)

    def uri(self) -> str:
        """Format as ``weave:///ENTITY/PROJECT/table/DIGEST``."""
        return f"{SCHEME}{self.entity}/{self.project}/table/{self.digest}"


class _PathRef(Ref):
    """A ref that may point below its target, along ``extra``: pairs of edge and value."""

    __slots__ = ("extra",)

    extra: tuple[str, ...]

    def _with(self, edge: str, value: str) -> Self:
        # ``extra`` is the last part of every ref that has one.
        make: Any = type(self)
        extended: Self = make(*self.parts()[:-1], (*self.extra, edge, value))
        return extended

    def with_key(self, key: str) -> Self:
        """Point at a key of the dict that this ref points to."""
        return self._with(KEY_EDGE, str(key))

    def with_attr(self, attribute: str) -> Self:
        """Point at an attribute of the object that this ref points to."""
        return self._with(ATTRIBUTE_EDGE, attribute)

    def with_index(self, index: int) -> Self:
        """Point at a position of the list that this ref points to."""
        return self._with(INDEX_EDGE, str(index))

    def with_item(self, row_digest: str) -> Self:
        """Point at a row of the table that this ref points to."""
        return self._with(ROW_EDGE, row_digest)


class ObjectRef(_PathRef):
    """The address of an object version, or of a value inside it.

    Args:
        entity: First part of the project id.
        project: Second part of the project id.
        name: Object id.
        digest: The version: a digest, ``latest`` or ``vN``.
        extra: Pairs of edge (``attr``, ``key``, ``index``, ``id``) and value, decoded.
    """

    __slots__ = ("digest", "name")
    _fields: ClassVar[tuple[str, ...]] = ("entity", "project", "name", "digest", "extra")
    kind = "object"

    name: str
    digest: str

    def __init__(
        self, entity: str, project: str, name: str, digest: str, extra: tuple[str, ...] = ()
    ) -> None:
        set_part(self, "entity", entity)
        set_part(self, "project", project)
        set_part(self, "name", name)
        set_part(self, "digest", digest)
        set_part(self, "extra", tuple(extra))

    def uri(self) -> str:
        """Format as ``weave:///ENTITY/PROJECT/object/NAME:DIGEST[/EDGE/VALUE ...]``."""
        base = f"{SCHEME}{self.entity}/{self.project}/{self.kind}/{self.name}:{self.digest}"
        return base + _format_extra(self.extra) if self.extra else base

    def is_descended_from(self, other: ObjectRef) -> bool:
        """Tell whether this ref points to a value inside the value of another ref."""
        return (
            self.parts()[:-1] == other.parts()[:-1]
            and len(self.extra) > len(other.extra)
            and self.extra[: len(other.extra)] == other.extra
        )

    def get(self, *, objectify: bool = True, allow_stored_code: bool = False) -> Any:
        """Read the value from the active client's store.

        Args:
            objectify: Turn known classes back into their Python class.
            allow_stored_code: Run code that was stored with an op or class. Never done otherwise.

        Raises:
            WeaveInitError: No client is active.
            NotFoundError: There is no such object.
            ObjectDeletedError: The version was deleted.
        """
        return _resolver_of(self).get(
            self, objectify=objectify, allow_stored_code=allow_stored_code
        )

    def delete(self) -> None:
        """Mark the version as deleted.

        Raises:
            WeaveInitError: No client is active.
            NotFoundError: There is no such object.
        """
        _resolver_of(self).delete(self)

    @property
    def feedback(self) -> Any:
        """The feedback on this version: a ``RefFeedbackQuery`` of the active client's store.

        Raises:
            WeaveInitError: No client is active.
        """
        return _resolver_of(self).feedback_on(self)


class OpRef(ObjectRef):
    """The address of an op version."""

    __slots__ = ()
    kind = "op"


class CallRef(_PathRef):
    """The address of a call, or of a value inside its record.

    Args:
        entity: First part of the project id.
        project: Second part of the project id.
        id: The call's id.
        extra: Pairs of edge and value, decoded.
    """

    __slots__ = ("id",)
    _fields: ClassVar[tuple[str, ...]] = ("entity", "project", "id", "extra")
    kind = "call"

    id: str

    def __init__(self, entity: str, project: str, id: str, extra: tuple[str, ...] = ()) -> None:
        set_part(self, "entity", entity)
        set_part(self, "project", project)
        set_part(self, "id", id)
        set_part(self, "extra", tuple(extra))

    def uri(self) -> str:
        """Format as ``weave:///ENTITY/PROJECT/call/ID[/EDGE/VALUE ...]``."""
        base = f"{SCHEME}{self.entity}/{self.project}/call/{self.id}"
        return base + _format_extra(self.extra) if self.extra else base


class InternalRef(Frozen):
    """The hosted service's own form of a ref; the server knows it only to refuse it.

    Args:
        project_id: The service's opaque id of the project.
        kind: ``object``, ``op``, ``table`` or ``call``.
        name: Object id, or the id of a call; empty for a table.
        digest: Empty for a call.
        extra: Pairs of edge and value, decoded.
    """

    __slots__ = ("digest", "extra", "kind", "name", "project_id")
    _fields: ClassVar[tuple[str, ...]] = ("project_id", "kind", "name", "digest", "extra")

    project_id: str
    kind: str
    name: str
    digest: str
    extra: tuple[str, ...]

    def __init__(
        self, project_id: str, kind: str, name: str, digest: str, extra: tuple[str, ...] = ()
    ) -> None:
        for part, value in zip(
            self._fields, (project_id, kind, name, digest, tuple(extra)), strict=True
        ):
            set_part(self, part, value)


class ArtifactRef(Frozen):
    """A file of a wandb artifact; it counts as a ref, and cannot be read.

    Args:
        project_id: ``entity/project``.
        id: ``NAME:VERSION``.
        path: Below the artifact; may be empty.
    """

    __slots__ = ("id", "path", "project_id")
    _fields: ClassVar[tuple[str, ...]] = ("project_id", "id", "path")

    kind = "artifact"
    project_id: str
    id: str
    path: str

    def __init__(self, project_id: str, id: str, path: str = "") -> None:
        set_part(self, "project_id", project_id)
        set_part(self, "id", id)
        set_part(self, "path", path)


def _format_extra(extra: tuple[str, ...]) -> str:
    from urllib.parse import quote  # noqa: PLC0415 - kept out of the import of the decorators

    steps = [step if at % 2 == 0 else quote(step, safe="") for at, step in enumerate(extra)]
    return "/" + "/".join(steps)


def _resolver_of(ref: ObjectRef) -> RefResolver:
    if _resolver is None:
        raise WeaveInitError(f"Call weave.init('project') before reading {ref.uri()}")
    return _resolver

"""Refs: the address of an object, op, table or call as a frozen value, and its URI.

Two parsers exist, because clients and servers do not agree on what a URI may leave out:
:func:`parse_uri` is the client's (a missing version means ``latest``), :func:`parse_server_uri`
the server's (strict). Reading what a ref points to is not done here: the tracer registers a
:class:`RefResolver`, and ``get`` and ``delete`` hand over to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, Self
from urllib.parse import quote, unquote

from weave_lite.core.errors import InvalidRefError, WeaveInitError

__all__ = [
    "ATTRIBUTE_EDGE",
    "EDGES",
    "INDEX_EDGE",
    "KEY_EDGE",
    "REF_PREFIXES",
    "ROW_EDGE",
    "SCHEME",
    "CallRef",
    "ObjectRef",
    "OpRef",
    "Ref",
    "RefResolver",
    "TableRef",
    "is_ref_text",
    "maybe_parse_uri",
    "parse_server_uri",
    "parse_uri",
    "set_resolver",
]

SCHEME = "weave:///"
# What counts as a ref when refs are collected from inputs and outputs.
REF_PREFIXES = ("weave://", "weave-trace-internal://", "wandb-artifact://")

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


_resolver: RefResolver | None = None


def set_resolver(resolver: RefResolver) -> None:
    """Register what reads and deletes the targets of refs (called by the tracer on import)."""
    global _resolver  # noqa: PLW0603 - registration goes downward, see the layer contract
    _resolver = resolver


def is_ref_text(text: str) -> bool:
    """Tell whether a text counts as a ref when refs are collected from values.

    Example:
        >>> is_ref_text("weave:///acme/demo/call/1")
        True
    """
    return text.startswith(REF_PREFIXES)


@dataclass(frozen=True, slots=True)
class Ref:
    """The base of all refs.

    Args:
        entity: First part of the project id.
        project: Second part of the project id.
    """

    kind: ClassVar[str] = ""

    entity: str
    project: str

    @property
    def project_id(self) -> str:
        """The project as ``entity/project``."""
        return f"{self.entity}/{self.project}"

    def uri(self) -> str:
        """Format the ref as a URI."""
        raise TypeError(f"{type(self).__name__} has no URI; use a ref of an object, op, table or call")

    def __str__(self) -> str:
        return self.uri()


@dataclass(frozen=True, slots=True)
class TableRef(Ref):
    """The address of a table.

    Args:
        digest: The table's digest (64 hex characters).
    """

    kind: ClassVar[str] = "table"

    digest: str

    def uri(self) -> str:
        """Format as ``weave:///ENTITY/PROJECT/table/DIGEST``."""
        return f"{SCHEME}{self.entity}/{self.project}/table/{self.digest}"


@dataclass(frozen=True, slots=True)
class _PathRef(Ref):
    """A ref that may point below its target, along ``extra``: pairs of edge and value."""

    def _with(self, *steps: str) -> Self:
        return replace(self, extra=(*self.extra, *steps))  # type: ignore[attr-defined, call-arg]

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


@dataclass(frozen=True, slots=True)
class ObjectRef(_PathRef):
    """The address of an object version, or of a value inside it.

    Args:
        name: Object id.
        digest: The version: a digest, ``latest`` or ``vN``.
        extra: Pairs of edge (``attr``, ``key``, ``index``, ``id``) and value, decoded.
    """

    kind: ClassVar[str] = "object"

    name: str
    digest: str
    extra: tuple[str, ...] = ()

    def uri(self) -> str:
        """Format as ``weave:///ENTITY/PROJECT/object/NAME:DIGEST[/EDGE/VALUE ...]``."""
        return (
            f"{SCHEME}{self.entity}/{self.project}/{self.kind}/{self.name}:{self.digest}"
            f"{_format_extra(self.extra)}"
        )

    def is_descended_from(self, other: ObjectRef) -> bool:
        """Tell whether this ref points to a value inside the value of another ref."""
        return (
            (self.entity, self.project, self.name, self.digest)
            == (other.entity, other.project, other.name, other.digest)
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


@dataclass(frozen=True, slots=True)
class OpRef(ObjectRef):
    """The address of an op version."""

    kind: ClassVar[str] = "op"


@dataclass(frozen=True, slots=True)
class CallRef(_PathRef):
    """The address of a call, or of a value inside its record.

    Args:
        id: The call's id.
        extra: Pairs of edge and value, decoded.
    """

    kind: ClassVar[str] = "call"

    id: str
    extra: tuple[str, ...] = ()

    def uri(self) -> str:
        """Format as ``weave:///ENTITY/PROJECT/call/ID[/EDGE/VALUE ...]``."""
        return f"{SCHEME}{self.entity}/{self.project}/call/{self.id}{_format_extra(self.extra)}"


def parse_uri(uri: str) -> ObjectRef | TableRef | CallRef:
    """Parse a URI as a client does: a missing version means ``latest``.

    Raises:
        InvalidRefError: It is not a weave URI of a known kind.

    Example:
        >>> parse_uri("weave:///acme/demo/op/predict").uri()
        'weave:///acme/demo/op/predict:latest'
    """
    entity, project, kind, rest = _split(uri)
    target, *steps = rest
    extra = tuple(step if at % 2 == 0 else unquote(step) for at, step in enumerate(steps))
    if kind == "call":
        return CallRef(entity, project, target, extra)
    if kind == "table":
        return TableRef(entity, project, target)
    name, colon, digest = target.partition(":")
    if ":" in digest:
        raise InvalidRefError(f"Invalid ref {uri!r}: write NAME:VERSION with one colon")
    ref_class = OpRef if kind == "op" else ObjectRef
    return ref_class(entity, project, name, digest if colon else "latest", extra)


def maybe_parse_uri(uri: str) -> ObjectRef | TableRef | CallRef | None:
    """Parse a URI as a client does; None when it is none."""
    try:
        return parse_uri(uri)
    except InvalidRefError:
        return None


def parse_server_uri(uri: str) -> ObjectRef | TableRef | CallRef:
    """Parse a URI as the trace server does: name, version and path must be well formed.

    Raises:
        InvalidRefError: Something is missing, an edge is unknown, or an index is not a number.
    """
    ref = parse_uri(uri)
    if isinstance(ref, ObjectRef):
        if not ref.name:
            raise InvalidRefError(f"Invalid ref {uri!r}: the name is empty")
        if not ref.digest or f"/{ref.name}:" not in uri:
            raise InvalidRefError(f"Invalid ref {uri!r}: the version is missing, write NAME:DIGEST")
        _check_extra(uri, ref.extra)
    return ref


def _split(uri: str) -> tuple[str, str, str, list[str]]:
    if not uri.startswith(SCHEME):
        raise InvalidRefError(f"Invalid ref {uri!r}: a ref begins with {SCHEME!r}")
    parts = uri[len(SCHEME) :].split("/")
    if len(parts) < 4:  # noqa: PLR2004 - entity, project, kind, target
        raise InvalidRefError(f"Invalid ref {uri!r}: write {SCHEME}ENTITY/PROJECT/KIND/...")
    entity, project, kind, *rest = parts
    if kind not in {"object", "op", "table", "call"}:
        raise InvalidRefError(
            f"Invalid ref {uri!r}: kind {kind!r} is none of object, op, table, call"
        )
    return entity, project, kind, rest


def _format_extra(extra: tuple[str, ...]) -> str:
    if not extra:
        return ""
    steps = (step if at % 2 == 0 else quote(step, safe="") for at, step in enumerate(extra))
    return "/" + "/".join(steps)


def _check_extra(uri: str, extra: tuple[str, ...]) -> None:
    if len(extra) % 2:
        raise InvalidRefError(f"Invalid ref {uri!r}: edge {extra[-1]!r} has no value")
    for edge, value in zip(extra[::2], extra[1::2], strict=True):
        if edge not in EDGES:
            raise InvalidRefError(f"Invalid ref {uri!r}: unknown edge {edge!r}")
        if edge == INDEX_EDGE and not value.lstrip("-").isdecimal():
            raise InvalidRefError(f"Invalid ref {uri!r}: index {value!r} is not a number")


def _resolver_of(ref: ObjectRef) -> RefResolver:
    if _resolver is None:
        raise WeaveInitError(f"Call weave.init('project') before reading {ref.uri()}")
    return _resolver

"""Refs: the address of an object, op, table or call as a frozen value, and its URI.

Two parsers exist, because clients and servers do not agree on what a URI may leave out:
:func:`parse_uri` is the client's (a missing version means ``latest``), :func:`parse_server_uri`
the server's (strict). The values are defined in ``ref_kinds``.
"""

from __future__ import annotations

from weave_lite.core.errors import InvalidRefError
from weave_lite.core.ref_kinds import (
    ATTRIBUTE_EDGE,
    EDGES,
    INDEX_EDGE,
    KEY_EDGE,
    ROW_EDGE,
    SCHEME,
    ArtifactRef,
    CallRef,
    InternalRef,
    ObjectRef,
    OpRef,
    Ref,
    RefResolver,
    TableRef,
    set_resolver,
)

__all__ = [
    "ATTRIBUTE_EDGE",
    "EDGES",
    "INDEX_EDGE",
    "KEY_EDGE",
    "REF_PREFIXES",
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
    "is_ref_text",
    "maybe_parse_uri",
    "parse_server_uri",
    "parse_uri",
    "set_resolver",
]

_INTERNAL_SCHEME = "weave-trace-internal:///"
_ARTIFACT_SCHEME = "wandb-artifact:///"
# What counts as a ref when refs are collected from inputs and outputs.
REF_PREFIXES = ("weave://", "weave-trace-internal://", "wandb-artifact://")


def is_ref_text(text: str) -> bool:
    """Tell whether a text counts as a ref when refs are collected from values.

    Example:
        >>> is_ref_text("weave:///acme/demo/call/1")
        True
    """
    return text.startswith(REF_PREFIXES)


def parse_uri(uri: str) -> ObjectRef | TableRef | CallRef:
    """Parse a URI as a client does: a missing version means ``latest``.

    Raises:
        InvalidRefError: It is not a weave URI of a known kind.

    Example:
        >>> parse_uri("weave:///acme/demo/op/predict").uri()
        'weave:///acme/demo/op/predict:latest'
    """
    if not isinstance(uri, str) or not uri.startswith(SCHEME):
        raise InvalidRefError(f"Invalid ref {uri!r:.300}: a ref begins with {SCHEME!r}")
    parts = uri[len(SCHEME) :].split("/")
    if len(parts) < 4:  # noqa: PLR2004 - entity, project, kind, target
        raise InvalidRefError(f"Invalid ref {uri!r:.300}: write {SCHEME}ENTITY/PROJECT/KIND/...")
    entity, project, kind, target, *steps = parts
    if kind == "table":
        return TableRef(entity, project, target)
    if kind == "call":
        return CallRef(entity, project, target, _parse_extra(steps))
    name, digest = _split_target(uri, kind, target)
    ref_class = OpRef if kind == "op" else ObjectRef
    return ref_class(entity, project, name, digest or "latest", _parse_extra(steps))


def maybe_parse_uri(uri: str) -> ObjectRef | TableRef | CallRef | None:
    """Parse a URI as a client does; None when it is none."""
    try:
        return parse_uri(uri)
    except InvalidRefError:
        return None


def parse_server_uri(uri: str) -> ObjectRef | TableRef | CallRef | InternalRef | ArtifactRef:
    """Parse a URI as the trace server does: name, version and path must be well formed.

    Raises:
        InvalidRefError: Something is missing, an edge is unknown, or an index is not a number.

    Example:
        >>> parse_server_uri("wandb-artifact:///acme/demo/model:v0").project_id
        'acme/demo'
    """
    if isinstance(uri, str) and uri.startswith(_ARTIFACT_SCHEME):
        return _parse_artifact(uri)
    if isinstance(uri, str) and uri.startswith(_INTERNAL_SCHEME):
        return _parse_internal(uri)
    ref = parse_uri(uri)
    if isinstance(ref, ObjectRef):
        # The client's parser fills in ``latest``; a server wants to be told.
        target = uri[len(SCHEME) :].split("/", 4)[3]
        _check_object(uri, ref.name, target.partition(":")[2], ref.extra)
    return ref


def _parse_internal(uri: str) -> InternalRef:
    parts = uri[len(_INTERNAL_SCHEME) :].split("/")
    if len(parts) < 3 or not parts[0]:  # noqa: PLR2004 - project, kind, target
        raise InvalidRefError(f"Invalid ref {uri!r:.300}: write {_INTERNAL_SCHEME}PROJECT/KIND/...")
    project_id, kind, target, *steps = parts
    if kind == "table":
        return InternalRef(project_id, kind, "", target)
    extra = _parse_extra(steps)
    if kind == "call":
        return InternalRef(project_id, kind, target, "", extra)
    name, digest = _split_target(uri, kind, target)
    _check_object(uri, name, digest, extra)
    return InternalRef(project_id, kind, name, digest, extra)


def _parse_artifact(uri: str) -> ArtifactRef:
    entity, _, rest = uri[len(_ARTIFACT_SCHEME) :].partition("/")
    project, _, rest = rest.partition("/")
    target, _, path = rest.partition("/")
    name, _, version = target.partition(":")
    if not (entity and project and name and version) or ":" in version:
        raise InvalidRefError(
            f"Invalid ref {uri!r:.300}: write {_ARTIFACT_SCHEME}ENTITY/PROJECT/NAME:VERSION[/PATH]"
        )
    return ArtifactRef(f"{entity}/{project}", target, path)


def _split_target(uri: str, kind: str, target: str) -> tuple[str, str]:
    if kind not in {"object", "op"}:
        raise InvalidRefError(
            f"Invalid ref {uri!r:.300}: kind {kind!r} is none of object, op, table, call"
        )
    name, colon, digest = target.partition(":")
    if ":" in digest or (colon and not digest):
        raise InvalidRefError(f"Invalid ref {uri!r:.300}: write NAME:VERSION with one colon")
    return name, digest


def _parse_extra(steps: list[str]) -> tuple[str, ...]:
    if not steps:
        return ()
    from urllib.parse import unquote  # noqa: PLC0415 - kept out of the import of the decorators

    return tuple([step if at % 2 == 0 else unquote(step) for at, step in enumerate(steps)])


def _check_object(uri: str, name: str, digest: str, extra: tuple[str, ...]) -> None:
    if not name:
        raise InvalidRefError(f"Invalid ref {uri!r:.300}: the name is empty")
    if not digest:
        raise InvalidRefError(
            f"Invalid ref {uri!r:.300}: the version is missing, write NAME:DIGEST"
        )
    if len(extra) % 2:
        raise InvalidRefError(f"Invalid ref {uri!r:.300}: edge {extra[-1]!r} has no value")
    for edge, value in zip(extra[::2], extra[1::2], strict=True):
        if edge not in EDGES:
            raise InvalidRefError(
                f"Invalid ref {uri!r:.300}: edge {edge!r} is none of attr, key, index, id"
            )
        if edge == INDEX_EDGE and not value.removeprefix("-").isdecimal():
            raise InvalidRefError(f"Invalid ref {uri!r:.300}: index {value!r} is not a number")

"""From a text to a ref, and from a ref to its value: hands over to a client."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import InvalidRefError
from weave_lite.core.refs import ObjectRef, OpRef, parse_uri, set_resolver
from weave_lite.trace.client_context import get_client, require_client
from weave_lite.trace_server import place as places

if TYPE_CHECKING:
    from weave_lite.trace.feedback import RefFeedbackQuery
    from weave_lite.trace.weave_client import WeaveClient

__all__ = ["parse_location"]

_VERSION = re.compile(r"latest|v[0-9]+|[0-9A-Za-z]{43}")
_OP = "op"


class _RefKindError(InvalidRefError, TypeError):
    """A ref is of another kind than its place needs."""


def parse_location(location: str, client: WeaveClient | None) -> ObjectRef:
    """Read what users write for an object: its URI, or with a client a short form.

    Short forms are ``name``, ``name:latest``, ``name:v3``, ``name:<digest>``, and the same for ops
    with ``op:`` in front. Nothing is looked up.

    Args:
        location: The text.
        client: Whose project short forms are in.

    Raises:
        InvalidRefError: The text is neither (also a ValueError); or it is the URI of a call or
            table (also a TypeError).
    """
    if not isinstance(location, str):
        raise _RefKindError(f"location must be a text, not {type(location).__name__}")
    if "://" in location:
        ref = parse_uri(location)
        if not isinstance(ref, ObjectRef):
            raise _RefKindError(
                f"{location!r} is the ref of a {ref.kind}; give the ref of an object or op"
            )
        return ref
    if client is None:
        raise InvalidRefError(
            f"location {location!r} is a short form, which needs a client: call "
            "weave.init('my-project') first, or give the full URI (weave:///...)"
        )
    return _parse_short(location, client)


def _parse_short(location: str, client: WeaveClient) -> ObjectRef:
    if "/" in location:
        raise InvalidRefError(
            f"location {location!r} must not have a '/': write NAME, NAME:VERSION or a full URI"
        )
    make: type[ObjectRef] = ObjectRef
    kind, colon, rest = location.partition(":")
    # `op:v3` is version 3 of an object named op, `op:predict` an op.
    if kind == _OP and colon and not _VERSION.fullmatch(rest):
        make, location = OpRef, rest
    name, colon, version = location.partition(":")
    if ":" in version:
        raise InvalidRefError(
            f"location {location!r} must have one ':' at most: write NAME:VERSION"
        )
    if not name or (colon and not version):
        raise InvalidRefError(
            f"location {location!r} has an empty part: write NAME or NAME:VERSION"
        )
    return make(client.entity, client.project, name, version or "latest")


class _ActiveClient:
    """Reads and deletes refs through the client that is active.

    A ref names its project, so it is read without a client as well, from the store that ``init``
    would open, where that is there.
    """

    def __init__(self) -> None:
        self._reader: tuple[tuple[str, str], WeaveClient] | None = None

    def get(self, ref: ObjectRef, *, objectify: bool, allow_stored_code: bool) -> Any:
        """Read the value of a ref.

        Raises:
            WeaveInitError: No client is active, and there is no store yet.
        """
        client = get_client() or self._reader_of(ref)
        return client.get(ref, objectify=objectify, allow_stored_code=allow_stored_code)

    def _reader_of(self, ref: ObjectRef) -> WeaveClient:
        place = places.resolve()
        if not place.is_url and not Path(place.text).is_file():
            return require_client()
        key = (place.text, ref.project_id)
        if self._reader is None or self._reader[0] != key:
            from weave_lite.trace.weave_client import WeaveClient  # noqa: PLC0415 - it imports this

            client = WeaveClient(ref.entity, ref.project, ensure_project_exists=False)
            self._reader = key, client
        return self._reader[1]

    def delete(self, ref: ObjectRef) -> None:
        """Mark the version of a ref as deleted."""
        require_client().delete_object_version(ref)

    def feedback_on(self, ref: ObjectRef) -> RefFeedbackQuery:
        """Find the feedback on what a ref points to."""
        return require_client().feedback_on(ref)


set_resolver(_ActiveClient())

"""What a client knows of the instances that it stored or read: where they are, and their content.

Kept beside the instances, which are the user's, and dropped with them.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.core.refs import ObjectRef, TableRef
from weave_lite.serialize.introspect import class_name
from weave_lite.trace import saved_instance
from weave_lite.trace.fingerprint import Fingerprints

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Known", "KnownInstances"]


class Known(NamedTuple):
    """What is known of one instance.

    Args:
        owner: The instance.
        fingerprint: Of the content that is stored; None if there is no cheap one.
        ref: Where it is stored.
        uri: The text of ``ref``.
        own_name: The instance's own name at that time.
    """

    owner: weakref.ref[Any]
    fingerprint: bytes | None
    ref: ObjectRef | TableRef
    uri: str
    own_name: str | None


class _Printing(threading.local):
    """Ids of the instances whose fingerprint a thread is making: one may contain itself."""

    def __init__(self) -> None:
        self.ids: set[int] = set()


class KnownInstances:
    """Knows instances by identity, because users' classes need not be hashable.

    Args:
        save: Stores a value on its own, if need be, and gives its URI; None for other values.
    """

    def __init__(self, save: Callable[[Any], str | None]) -> None:
        self._save = save
        self._known: dict[int, Known] = {}
        self._fingerprints = Fingerprints(self._uri_of_part)
        self._printing = _Printing()

    def find(self, value: Any) -> Known | None:
        """Return what is known of an instance, changed or not."""
        known = self._known.get(id(value))
        return known if known is not None and known.owner() is value else None

    def find_unchanged(self, value: Any) -> Known | None:
        """Return what is known of an instance whose content surely is what is stored."""
        known = self._known.get(id(value))
        if (
            known is None
            or known.fingerprint is None
            or known.owner() is not value
            or known.fingerprint != self._fingerprints.of(saved_instance.content(value))
        ):
            return None
        return known

    def fingerprint(self, value: Any) -> bytes | None:
        """Return the fingerprint of an instance as it is now.

        It is taken before the instance is encoded: what changes in between is then noticed later.
        """
        ids = self._printing.ids
        is_outermost = id(value) not in ids
        ids.add(id(value))
        try:
            return self._fingerprints.of(saved_instance.content(value))
        finally:
            if is_outermost:
                ids.discard(id(value))

    def note(self, value: Any, ref: ObjectRef | TableRef, fingerprint: bytes | None) -> None:
        """Note where an instance is stored, and set its ``ref``.

        Args:
            value: The instance.
            ref: Where it is stored.
            fingerprint: Of the content that is stored; with None its next use encodes it.
        """
        saved_instance.set_ref(value, ref)
        key, all_known = id(value), self._known

        def drop(owner: weakref.ref[Any]) -> None:
            known = all_known.get(key)
            if known is not None and known.owner is owner:
                all_known.pop(key, None)

        own_name = saved_instance.own_name(value)
        all_known[key] = Known(weakref.ref(value, drop), fingerprint, ref, ref.uri(), own_name)

    def forget(self, object_id: str) -> None:
        """Forget the instances that are stored under a name."""
        for key, known in list(self._known.items()):
            if isinstance(known.ref, ObjectRef) and known.ref.name == object_id:
                self._known.pop(key, None)

    def _uri_of_part(self, value: Any) -> str | None:
        ids = self._printing.ids
        if id(value) in ids:
            return f"<cycle: {class_name(type(value))}>"
        ids.add(id(value))
        try:
            return self._save(value)
        finally:
            ids.discard(id(value))

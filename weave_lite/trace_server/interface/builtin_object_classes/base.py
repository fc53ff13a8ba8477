"""What all built-in classes share. Each class stands in a file of its own."""

from __future__ import annotations

from typing import ClassVar

from weave_lite.trace_server.interface.wire import WireModel

__all__ = ["BuiltinObject", "BuiltinPart"]


class BuiltinPart(WireModel):
    """A model inside a built-in object."""

    # Fields of newer releases; stored only when set, so that digests stay those of 0.51.45.
    only_when_set: ClassVar[frozenset[str]] = frozenset()
    # The class name in stored values, when it is another than the model's own.
    stored_name: ClassVar[str | None] = None


class BuiltinObject(BuiltinPart):
    """The base of the built-in classes."""

    name: str | None = None
    description: str | None = None

"""Attributes of calls: the scopes that ``attributes({...})`` opens, and their JSON text.

Most calls of a run carry the same attributes, so their JSON text is made once per scope.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Self

from weave_lite.core.errors import UsageError
from weave_lite.core.version import VERSION
from weave_lite.trace.context import attribute_scope, enter_block, leave_block

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from weave_lite.trace.settings import Settings

__all__ = ["AttributeScope", "CallAttributes", "attributes", "automatic_attributes"]


class AttributeScope:
    """What one ``attributes`` block adds up to: its values over those of the enclosing blocks.

    Args:
        values: Attributes by name; not changed afterwards.
    """

    __slots__ = ("key", "text", "values")

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        # JSON text of the whole attributes of a call in this scope, valid for one `key`: the
        # tracer that made it.
        self.text = ""
        self.key: object = None


@contextmanager
def attributes(attributes: Mapping[str, Any]) -> Iterator[None]:
    """Give all calls started inside the block these attributes, at any depth.

    Blocks nest: the inner one's top-level keys win.

    Args:
        attributes: Dict of str to JSON; keys that are not text become text.

    Raises:
        UsageError: It is not a dict.

    Example:
        >>> with attributes({"env": "production"}):
        ...     pass
    """
    try:
        given = {str(key): value for key, value in dict(attributes).items()}
    except (TypeError, ValueError):
        raise UsageError(
            f"attributes must be a dict such as {{'env': 'production'}}, not {type(attributes).__name__}"
        ) from None
    before = attribute_scope.get()
    values = given if before is None else {**before.values, **given}
    key = enter_block(attribute_scope, AttributeScope(values))
    try:
        yield
    finally:
        leave_block(key)


def automatic_attributes(settings: Settings) -> dict[str, Any]:
    """Return what stands under ``weave`` in the attributes of every call."""
    found: dict[str, Any] = {}
    if settings.capture_client_info:
        found.update(client_version=VERSION, source="python-sdk", sys_version=sys.version)
    if settings.capture_system_info:
        import platform  # noqa: PLC0415 - read once per client

        found.update(
            os_name=platform.system(), os_version=platform.version(), os_release=platform.release()
        )
    return found


class _Frozen(dict[str, Any]):
    """The automatic attributes of a call: readable, not writable."""

    __slots__ = ()

    def _refuse(self, *args: object, **kwargs: object) -> NoReturn:
        del args, kwargs
        raise KeyError("the attributes under 'weave' are made by weave_lite and cannot be changed")

    __setitem__ = __delitem__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return (_Frozen, (dict(self),))


class CallAttributes(dict[str, Any]):
    """The attributes of a call. ``weave`` is read-only; others may be set while the call runs."""

    __slots__ = ()

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        automatic = self.get("weave")
        if isinstance(automatic, dict) and not isinstance(automatic, _Frozen):
            super().__setitem__("weave", _Frozen(automatic))

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "weave":
            raise KeyError("attribute 'weave' is made by weave_lite and cannot be changed")
        super().__setitem__(str(key), value)

    def __delitem__(self, key: str) -> None:
        if key == "weave":
            raise KeyError("attribute 'weave' is made by weave_lite and cannot be removed")
        super().__delitem__(key)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several attributes."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Set an attribute unless it is there, and return it."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str, *default: Any) -> Any:
        """Remove an attribute and return it."""
        if key in self:
            value = self[key]
            del self[key]
            return value
        return super().pop(key, *default)

    def __ior__(self, other: Any) -> Self:  # type: ignore[override, misc]
        self.update(other)
        return self

    def clear(self) -> None:
        """Remove all attributes but those of weave_lite itself."""
        for key in [key for key in self if key != "weave"]:
            del self[key]

    def popitem(self) -> tuple[str, Any]:
        """Remove the attribute that was set last and return it."""
        for key in reversed(self):
            if key != "weave":
                return key, self.pop(key)
        raise KeyError("there is no attribute to remove")

    def __reduce__(self) -> tuple[Any, ...]:
        return (CallAttributes, (dict(self),))

"""The base of small values that never change.

By hand, because making six dataclasses costs a quarter of the import time of the decorators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

if TYPE_CHECKING:
    from typing import Self

__all__ = ["Frozen", "set_part"]

set_part = object.__setattr__


class Frozen:
    """A value of named parts, equal to one of the same class with equal parts.

    A subclass names its parts in ``_fields`` and ``__slots__``, takes them in that order, and sets
    them with :func:`set_part`.
    """

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ()

    def parts(self) -> tuple[Any, ...]:
        """Return the parts in the order of the constructor."""
        return tuple([getattr(self, name) for name in self._fields])

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.parts() == other.parts()

    def __hash__(self) -> int:
        return hash((type(self), self.parts()))

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({parts})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"{type(self).__name__} is frozen: {name!r} cannot be set; make a new one"
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be deleted")

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        return type(self), self.parts()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

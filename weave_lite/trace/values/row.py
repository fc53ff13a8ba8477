"""Row: a row of a stored table, a plain dict to the user that knows its ref. Knows no server."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.core.refs import ObjectRef
    from weave_lite.trace.values.table import WeaveTable

__all__ = ["Row"]


class Row(dict[str, Any]):
    """A row of a stored table: a dict that knows its ref as long as it is not changed."""

    __slots__ = ("_digest", "_index", "_origin", "_print", "_table")

    _digest: str
    _index: int
    _origin: ObjectRef | None
    _print: bytes | None
    _table: WeaveTable | None

    @classmethod
    def stored(
        cls,
        value: dict[str, Any],
        digest: str,
        origin: ObjectRef | None,
        table: WeaveTable | None = None,
        index: int = -1,
    ) -> Row:
        """Make a row of its stored value.

        Args:
            value: The value.
            digest: The row's digest.
            origin: Where its table was found.
            table: Its table, which is told when the row changes.
            index: Its position there.
        """
        row = cls(value)
        row._digest, row._origin = digest, origin
        row._table, row._index = table, index
        row._print = _print_of(value)
        return row

    @property
    def ref(self) -> ObjectRef | None:
        """Where the row is stored; None once it was changed."""
        if not self._digest or self._origin is None:
            return None
        return self._origin.with_item(self._digest)

    @property
    def table(self) -> WeaveTable | None:
        """The table that the row was read from, if it is known."""
        return self._table

    def is_changed(self) -> bool:
        """Tell whether the row, or a value inside it, is no longer what was read."""
        return not self._digest or (self._print is not None and self._print != _printed(self))

    def _change(self) -> None:
        self._digest = ""
        if self._table is not None:
            self._table._keep(self)  # noqa: SLF001 - row and table are one thing

    def __reduce__(self) -> tuple[Callable[..., Row], tuple[Any, ...]]:
        digest = "" if self.is_changed() else self._digest
        return Row.stored, (dict(self), digest, self._origin)

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._change()

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self._change()

    def __ior__(self, other: Any) -> Self:  # type: ignore[override, misc]  # what dict takes
        super().update(other)
        self._change()
        return self

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several keys."""
        super().update(*args, **kwargs)
        self._change()

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, which is set first when it is absent."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str, *default: Any) -> Any:
        """Take a key out."""
        value = super().pop(key, *default)
        self._change()
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last key out."""
        item = super().popitem()
        self._change()
        return item

    def clear(self) -> None:
        """Take all keys out."""
        super().clear()
        self._change()


_ATOMS = frozenset({str, int, float, bool, type(None)})


def _print_of(value: dict[str, Any]) -> bytes | None:
    """Note what is inside a row that can change behind its back; None when nothing can."""
    for item in value.values():
        if type(item) not in _ATOMS:
            return _printed(value)
    return None


def _printed(value: dict[str, Any]) -> bytes:
    try:
        # Format 2 has no back references, which depend on reference counts.
        return marshal.dumps(dict(value), 2)
    except ValueError:  # values of other than the built-in types
        return repr(value).encode("utf-8", "backslashreplace")

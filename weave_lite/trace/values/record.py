"""What a stored object is when its class is not there: a record of named fields.

Knows no server: what its fields point to is fetched by the function that it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.refs import ObjectRef, OpRef
from weave_lite.serialize.introspect import derives_from
from weave_lite.serialize.registry import Codec, is_op, register_codec
from weave_lite.trace.op_object import BoundOp
from weave_lite.trace.values.stored_op import StoredOp
from weave_lite.trace.values.table import WeaveTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "DeletedRef",
    "SavedObject",
    "WeaveObject",
    "bases_of",
    "class_name_of",
    "fields_of",
    "followed_fields",
    "stored_record",
    "unwrap",
]

_OWN = frozenset({"_bases", "_class_name", "_fetch", "_fields", "_followed", "ref"})
_set = object.__setattr__


class WeaveObject:
    """A stored object of a class that is not imported here.

    A field that holds the ref of another object, or lists and dicts of such refs, is fetched when
    it is first read. A field that holds an op is bound to the record; it runs only where stored
    code was allowed.

    Args:
        class_name: Name of its class.
        bases: Names of the other classes of its MRO.
        fields: Its fields, in the order in which they were stored.
        ref: Where it is stored.
        fetch: Reads what an object ref points to.
    """

    __slots__ = ("__weakref__", "_bases", "_class_name", "_fetch", "_fields", "_followed", "ref")

    _bases: list[str]
    _class_name: str
    _fetch: Callable[[ObjectRef], Any] | None
    _fields: dict[str, Any]
    _followed: set[str]
    ref: ObjectRef | None

    def __init__(
        self,
        class_name: str,
        bases: Sequence[str],
        fields: dict[str, Any],
        *,
        ref: ObjectRef | None = None,
        fetch: Callable[[ObjectRef], Any] | None = None,
    ) -> None:
        _set(self, "_class_name", class_name)
        _set(self, "_bases", list(bases))
        _set(self, "_fields", fields)
        _set(self, "_fetch", fetch)
        # Names of the fields of which nothing is left to fetch.
        _set(self, "_followed", set())
        _set(self, "ref", ref)

    def __getattr__(self, name: str) -> Any:
        fields: dict[str, Any] = object.__getattribute__(self, "_fields")
        try:
            value = fields[name]
        except KeyError:
            raise AttributeError(
                f"the stored {self._class_name} has no field {name!r}; it has {', '.join(fields)}"
            ) from None
        if self._fetch is not None and name not in self._followed:
            value = fields[name] = _follow(value, self._fetch)
            self._followed.add(name)
        return _bound(value, self) if is_op(value) else value

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            _set(self, name, value)
            return
        self._fields[name] = value
        self._followed.discard(name)
        _set(self, "ref", None)

    def __delattr__(self, name: str) -> None:
        if name not in self._fields:
            raise AttributeError(f"the stored {self._class_name} has no field {name!r}")
        del self._fields[name]
        _set(self, "ref", None)

    def __dir__(self) -> list[str]:
        return [*object.__dir__(self), *self._fields]

    def unwrap(self) -> dict[str, Any]:
        """Return the fields as plain Python, recursively. Fetches what fields point to."""
        return {
            name: unwrap(getattr(self, name))
            for name, value in list(self._fields.items())
            if name != "ref" and not _is_op(value)
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WeaveObject):
            return NotImplemented
        return (
            self._class_name == other._class_name
            and self._fields.keys() == other._fields.keys()
            and all(
                _same(value, other._fields[name])
                for name, value in self._fields.items()
                if name != "ref"
            )
        )

    __hash__ = None  # type: ignore[assignment]  # fields can change

    def __reduce__(self) -> tuple[Any, ...]:
        # The function that fetches holds a connection; the copy uses the active client instead.
        return _restored, (type(self), self._class_name, self._bases, dict(self._fields), self.ref)

    def _repr_html_(self) -> str:
        from weave_lite.trace.notebook import record_html  # noqa: PLC0415 - notebooks only

        return record_html(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from weave_lite.trace.notebook import bundle  # noqa: PLC0415 - notebooks only

        del include, exclude  # the notebook picks
        return bundle(self)

    def __repr__(self) -> str:
        fields = ", ".join(
            f"{name}={value!r}" for name, value in self._fields.items() if name != "ref"
        )
        return f"WeaveObject({self._class_name}: {fields})"


class SavedObject(WeaveObject):
    """A stored ``weave.Object`` of a class that is not imported here: it is saved on its own."""

    __slots__ = ()


class DeletedRef:
    """Stands where a deleted object was.

    Args:
        ref: Where it was stored.
        error: What reading it raised.
    """

    __slots__ = ("deleted_at", "error", "ref")

    def __init__(self, ref: ObjectRef, error: Exception) -> None:
        self.ref = ref
        self.error = error
        self.deleted_at = getattr(error, "deleted_at", None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeletedRef) and self.ref == other.ref

    def __hash__(self) -> int:
        return hash(self.ref)

    def __repr__(self) -> str:
        return f"DeletedRef({self.ref.uri()!r})"


def fields_of(record: WeaveObject) -> dict[str, Any]:
    """Return the fields of a record as they are now; nothing is fetched."""
    return record._fields  # not a method: that would stand before a field of its name


def followed_fields(record: WeaveObject) -> dict[str, Any]:
    """Return the fields of a record with what they point to; ops are as they are stored."""
    for name, value in list(record._fields.items()):
        if not _is_op(value):
            getattr(record, name)
    return fields_of(record)


def class_name_of(record: WeaveObject) -> str:
    """Return the name of a record's class."""
    return record._class_name  # noqa: SLF001


def bases_of(record: WeaveObject) -> list[str]:
    """Return the names of the other classes of a record's class."""
    return list(record._bases)  # noqa: SLF001


def stored_record(record: WeaveObject) -> dict[str, Any]:
    """Return a record as it is stored, with the fields as they are now."""
    fields = dict(fields_of(record))
    if "ref" in fields:
        fields["ref"] = None
    class_name = class_name_of(record)
    bases = bases_of(record)
    return {"_type": class_name, **fields, "_class_name": class_name, "_bases": bases}


def unwrap(value: Any) -> Any:
    """Turn what was read from a store into plain Python, recursively.

    Example:
        >>> unwrap(WeaveObject("Point", [], {"x": 1, "y": [2]}))
        {'x': 1, 'y': [2]}
    """
    if isinstance(value, WeaveObject):
        return value.unwrap()
    if isinstance(value, dict):
        return {key: unwrap(item) for key, item in value.items()}
    if isinstance(value, list | WeaveTable):
        return [unwrap(item) for item in value]
    return value


def _bound(op: Any, record: WeaveObject) -> Any:
    """Make an op a method of a record, which is an op as well."""
    bound = op.__get__(record)
    # Stored code is that of a function, whose own method would be no op.
    return bound if is_op(bound) else BoundOp(op, record)


def _follow(value: Any, fetch: Callable[[ObjectRef], Any]) -> Any:
    """Fetch what a field points to; lists and dicts stay the same ones, so changes of them count."""
    if isinstance(value, ObjectRef):
        return fetch(value)
    if type(value) is list:
        for index, item in enumerate(value):
            value[index] = _follow(item, fetch)
    elif type(value) is dict:
        for key, item in value.items():
            value[key] = _follow(item, fetch)
    return value


def _restored(
    cls: type[WeaveObject],
    class_name: str,
    bases: list[str],
    fields: dict[str, Any],
    ref: ObjectRef | None,
) -> WeaveObject:
    return cls(class_name, bases, fields, ref=ref, fetch=lambda to: to.get())


def _is_op(value: Any) -> bool:
    return isinstance(value, OpRef | StoredOp) or is_op(value)


def _same(left: Any, right: Any) -> bool:
    """Compare fields: one may have been fetched already where the other is still a ref."""
    if isinstance(left, ObjectRef) != isinstance(right, ObjectRef):
        return bool(_address(left) == _address(right))
    if type(left) is list and type(right) is list:
        return len(left) == len(right) and all(map(_same, left, right))
    if type(left) is dict and type(right) is dict:
        return left.keys() == right.keys() and all(
            _same(value, right[key]) for key, value in left.items()
        )
    is_same: bool = left == right
    return is_same


def _address(value: Any) -> Any:
    return value if isinstance(value, ObjectRef) else getattr(value, "ref", value)


# A value with a deleted part is stored again as it was.
register_codec(
    Codec("deleted_ref", lambda cls: cls is DeletedRef, lambda deleted, _: deleted.ref.uri())
)
# A record inside another value is written as it was read.
register_codec(
    Codec(
        "weave_object",
        lambda cls: derives_from(cls, WeaveObject),
        lambda record, _: stored_record(record),
    )
)

"""What a publisher does with an instance that is stored on its own: read its content, set its ref.

Such an instance is an Object of the user, a fetched record, or a table that is not stored as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.serialize.codecs.pydantic_model import PYDANTIC_MODEL
from weave_lite.serialize.introspect import class_name
from weave_lite.trace.table import Table
from weave_lite.trace.values import record as stored
from weave_lite.trace.values.record import SavedObject
from weave_lite.trace.values.table import WeaveTable

if TYPE_CHECKING:
    from weave_lite.serialize.registry import Sink

__all__ = ["class_name_of", "content", "own_name", "record", "set_ref"]


def content(value: Any) -> Any:
    """Return what a fingerprint is made of: the rows of a table, the fields of an object."""
    if isinstance(value, Table):
        return value.rows
    if isinstance(value, WeaveTable):
        return value.load_all()
    fields = stored.fields_of(value) if isinstance(value, SavedObject) else value.__dict__
    return {**fields, "ref": None}


def record(value: Any, sink: Sink) -> dict[str, Any]:
    """Build the record of an object, one level: name, description and ref (null) first."""
    if isinstance(value, SavedObject):
        return stored.stored_record(value)
    fields = PYDANTIC_MODEL.encode(value, sink)
    fields.pop("ref", None)
    return {
        "_type": fields.pop("_type"),
        "name": fields.pop("name", None),
        "description": fields.pop("description", None),
        "ref": None,
        **fields,
    }


def own_name(value: Any) -> str | None:
    """Return the name that a value has itself, if it is a text."""
    if type(value) is SavedObject:
        name = stored.fields_of(value).get("name")
    else:
        try:
            name = getattr(value, "name", None)
        except Exception:  # it may be any property of the user
            return None
    return name if type(name) is str and name else None


def class_name_of(value: Any) -> str:
    """Return the name of an object's class, also of one that is not imported here."""
    if isinstance(value, SavedObject):
        return stored.class_name_of(value)
    return class_name(type(value))


def set_ref(value: Any, ref: Any) -> None:
    """Set where an instance is stored, past its checks."""
    if isinstance(value, SavedObject | Table):
        value.ref = ref
    elif not isinstance(value, WeaveTable):
        value.__dict__["ref"] = ref

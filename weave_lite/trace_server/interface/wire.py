"""What all requests and responses share: the base model and the date type.

Knows no aggregate and does no I/O.
"""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self

    from pydantic import GetCoreSchemaHandler
    from pydantic._internal._model_construction import ModelMetaclass
    from pydantic_core import core_schema
else:
    ModelMetaclass = type(BaseModel)

__all__ = ["UtcDatetime", "WireModel"]

_build_lock = threading.RLock()
_set = object.__setattr__
_BUILT_LATE = {"__pydantic_core_schema__", "__pydantic_validator__", "__pydantic_serializer__"}


def _to_utc(moment: dt.datetime) -> dt.datetime:
    """Give every date the one zone UTC; one without zone is taken as UTC."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=dt.UTC)
    if moment.tzinfo is dt.UTC:
        return moment
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("the date must lie in the years 1 to 9999 UTC") from None


UtcDatetime = Annotated[dt.datetime, AfterValidator(_to_utc)]
"""A date as ISO 8601 text or as a number of seconds (above 2e10: milliseconds); aware, in UTC."""


class _KeepsPlaceholders(ModelMetaclass):
    """Models of pydantic before 2.13 forget their placeholders when they begin to be built.

    A thread that comes in the middle would find those of the base, and get a model of the base's
    class; so they stay until what they stand for is there.
    """

    def __delattr__(self, name: str) -> None:
        if name in _BUILT_LATE and not self.__dict__.get("__pydantic_complete__"):
            return
        super().__delattr__(name)


class WireModel(BaseModel, metaclass=_KeepsPlaceholders):
    """The base of all requests, responses and their parts: lax types, unknown fields ignored."""

    # Records of values that are models of ours name the classes that upstream has.
    _is_no_stored_base: ClassVar[bool] = True

    # A hundred models would cost 50 ms of every start; each is built when it is first used.
    model_config = ConfigDict(defer_build=True, protected_namespaces=())

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Let every list stop at its first fault: a list of 10 million would be as many errors."""
        schema = handler(source)
        model: Any = schema
        while model.get("type") not in {"model-fields", None}:
            model = model.get("schema", {})
        for field in model.get("fields", {}).values():
            part = field
            while "schema" in part and part["type"] != "list":
                part = part["schema"]
            if part["type"] == "list":
                part["fail_fast"] = True
        return schema

    @classmethod
    def from_trusted(cls, values: dict[str, Any]) -> Self:
        """Make a model of values that are valid already: no checks, no defaults, no copy.

        For reading from our own store, where ``model_construct`` costs more than validation.

        Args:
            values: A value for every field by its name; becomes the model's own dict.
        """
        model = cls.__new__(cls)
        _set(model, "__dict__", values)
        _set(model, "__pydantic_fields_set__", set(values))
        _set(model, "__pydantic_extra__", None)
        _set(model, "__pydantic_private__", None)
        return model

    @classmethod
    def model_rebuild(
        cls,
        *,
        force: bool = False,
        raise_errors: bool = True,
        _parent_namespace_depth: int = 0,
        _types_namespace: Mapping[str, Any] | None = None,
    ) -> bool | None:
        """Build the model's validator; threads that use it first at once take turns."""
        with _build_lock:
            if cls.__pydantic_complete__ and not force:
                return None
            # All annotations name things of their module, so no caller's frame is looked at.
            return super().model_rebuild(
                force=force,
                raise_errors=raise_errors,
                _parent_namespace_depth=0,
                _types_namespace=_types_namespace,
            )

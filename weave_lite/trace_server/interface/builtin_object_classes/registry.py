"""The built-in classes by name, and the form in which a value of one is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ValidationError

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server.interface.builtin_object_classes.actions import ActionSpec
from weave_lite.trace_server.interface.builtin_object_classes.annotation_spec import AnnotationSpec
from weave_lite.trace_server.interface.builtin_object_classes.base import (
    BuiltinObject,
    BuiltinPart,
)
from weave_lite.trace_server.interface.builtin_object_classes.leaderboard import Leaderboard
from weave_lite.trace_server.interface.builtin_object_classes.llm_structured_model import (
    LLMStructuredCompletionModel,
)
from weave_lite.trace_server.interface.builtin_object_classes.provider import (
    Provider,
    ProviderModel,
)
from weave_lite.trace_server.interface.builtin_object_classes.saved_view import SavedView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

__all__ = ["BUILTIN_OBJECT_CLASSES", "expanded"]

BUILTIN_OBJECT_CLASSES: Final[Mapping[str, type[BuiltinObject]]] = {
    kind.__name__: kind
    for kind in (
        ActionSpec,
        AnnotationSpec,
        Leaderboard,
        LLMStructuredCompletionModel,
        Provider,
        ProviderModel,
        SavedView,
    )
}
_OBJECT_BASES: Final = ("BaseObject", "BaseModel")
_PART_BASES: Final = ("BaseModel",)


def expanded(class_name: str, val: Any, field: str = "obj.val") -> dict[str, Any]:
    """Check a value by its built-in class and return it as it is stored.

    Unknown keys are dropped, defaults filled in, and each model says its class: ``_type`` first,
    ``_class_name`` and ``_bases`` last.

    Args:
        class_name: Name of the class, from ``builtin_object_class``.
        val: The value that was sent.
        field: Where the value stands in the request, for messages.

    Raises:
        InvalidRequest: There is no such class, or the value is not one of its.

    Example:
        >>> expanded("ProviderModel", {"provider": "p", "max_tokens": 10})["_class_name"]
        'ProviderModel'
    """
    kind = BUILTIN_OBJECT_CLASSES.get(class_name)
    if kind is None:
        raise InvalidRequest(
            f"builtin_object_class {class_name!r:.140} is not one of "
            f"{', '.join(BUILTIN_OBJECT_CLASSES)}; name one of these or leave it out"
        )
    if not isinstance(val, dict):
        raise InvalidRequest(
            f"{field} must be an object of class {class_name!r}, as builtin_object_class says, "
            f"not {type(val).__name__}"
        )
    try:
        model = kind.model_validate(val)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        raise InvalidRequest(_message(class_name, val, field, details)) from error
    return _stored(model)


def _stored(model: BaseModel) -> dict[str, Any]:
    kind = type(model)
    name, only_when_set = kind.__name__, frozenset[str]()
    if issubclass(kind, BuiltinPart):
        name, only_when_set = kind.stored_name or name, kind.only_when_set
    stored: dict[str, Any] = {"_type": name}
    for field, info in kind.model_fields.items():
        value = getattr(model, field)
        if value is not None or field not in only_when_set:
            stored[info.alias or field] = _stored_value(value)
    stored["_class_name"] = name
    stored["_bases"] = list(_OBJECT_BASES if isinstance(model, BuiltinObject) else _PART_BASES)
    return stored


def _stored_value(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _stored(value)
    if isinstance(value, list | tuple):
        return [_stored_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _stored_value(item) for key, item in value.items()}
    return value


def _message(class_name: str, val: dict[str, Any], field: str, details: list[ErrorDetails]) -> str:
    first = details[0]
    path = _path(field, val, first["loc"], is_missing=first["type"] == "missing")
    if first["type"] == "missing":
        text = f"{path} is missing; {class_name} needs it"
    else:
        problem = first["msg"].removeprefix("Value error, ")
        text = f"{path} is refused by {class_name}: {problem}; correct it"
    return f"{text} ({len(details) - 1} more)" if len(details) > 1 else text


def _path(field: str, val: Any, loc: tuple[int | str, ...], *, is_missing: bool) -> str:
    """Write where an error stands, without the names of union members that pydantic puts in."""
    path, value = field, val
    for at, part in enumerate(loc):
        if isinstance(value, dict) and part in value:
            path, value = f"{path}.{part}", value[part]
        elif isinstance(value, list | tuple) and isinstance(part, int) and part < len(value):
            path, value = f"{path}[{part}]", value[part]
        elif is_missing and at == len(loc) - 1:
            path = f"{path}.{part}"
    return path

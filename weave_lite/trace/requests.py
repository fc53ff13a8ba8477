"""Requests as users write them, in parts and dicts, to the models of the wire, with errors that name the part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from weave_lite.core.errors import InvalidQueryError, InvalidRequest

if TYPE_CHECKING:
    from pydantic import BaseModel

    from weave_lite.trace_server.interface.query import Query

__all__ = ["equal", "model_of", "query_of", "request_of"]

M = TypeVar("M", bound="BaseModel")


def equal(field: str, value: str) -> dict[str, Any]:
    """Write the condition that a field is equal to a text.

    Example:
        >>> equal("id", "1")
        {'$eq': [{'$getField': 'id'}, {'$literal': '1'}]}
    """
    return {"$eq": [{"$getField": field}, {"$literal": value}]}


def query_of(given: Query | Mapping[str, Any] | None) -> Query | None:
    """Return a query, also from its dict form (``{"$expr": ...}``).

    Raises:
        InvalidQueryError: It is not a sentence of the query language.
    """
    if given is None:
        return None
    from weave_lite.trace_server.interface.query import Query  # noqa: PLC0415 - needs pydantic

    return model_of("query", Query, given, InvalidQueryError)


def model_of(name: str, model: type[M], given: Any, error: type[InvalidRequest]) -> M | None:
    """Return a model, also from its dict form; None stays None.

    Raises:
        InvalidRequest: It is neither; of the class ``error``.
    """
    if given is None or isinstance(given, model):
        return given
    if not isinstance(given, Mapping):
        raise error(f"{name} must be a dict or a {model.__name__}, not {type(given).__name__}")
    return _validated(model, dict(given), error, f"{name}: ")


def request_of(model: type[M], **parts: Any) -> M:
    """Make a request of its parts.

    Raises:
        InvalidRequest: A part does not fit; the message names it.
    """
    return _validated(model, parts, InvalidRequest, "")


def _validated(model: type[M], parts: dict[str, Any], error: type[InvalidRequest], lead: str) -> M:
    from pydantic import ValidationError  # noqa: PLC0415 - loaded with the model

    try:
        return model.model_validate(parts)
    except ValidationError as refused:
        first = refused.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise error(f"{lead}{where}: {first['msg']}") from None

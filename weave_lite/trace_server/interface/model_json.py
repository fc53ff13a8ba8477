"""Models as JSON text, also where pydantic's own writer gives up."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticSerializationError

from weave_lite.core import jsontext

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["date_text", "model_json"]


def model_json(model: BaseModel) -> str:
    """Write a model as compact JSON, its fields under the names that they have on the wire."""
    try:
        return model.model_dump_json(by_alias=True)
    except PydanticSerializationError:
        # Half of a surrogate pair, or values nested deeper than the fast writers follow.
        return jsontext.compact(_with_texts_of_dates(model.model_dump(by_alias=True)))


def date_text(date: dt.datetime) -> str:
    """Write a date in UTC as pydantic does.

    Example:
        >>> import datetime as dt
        >>> date_text(dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
        '2026-01-02T00:00:00Z'
    """
    return date.isoformat().replace("+00:00", "Z")


def _with_texts_of_dates(value: Any) -> Any:
    """Copy a value, its dates as texts. Loops, to take one frame of Python's a level."""
    if isinstance(value, list | tuple):
        items = []
        for item in value:
            items.append(_with_texts_of_dates(item))  # noqa: PERF401 - see above
        return items
    if not isinstance(value, dict):
        return date_text(value) if isinstance(value, dt.datetime) else value
    record = {}
    for key, item in value.items():
        record[key] = _with_texts_of_dates(item)
    return record

"""``datetime`` as the custom type of the reference; date, time and timedelta as plain JSON."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from weave_lite.serialize.custom_type import custom_record
from weave_lite.serialize.introspect import class_name, derives_from
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from weave_lite.serialize.registry import Sink, Source

__all__ = ["DATE", "DATETIME", "TIME", "TIMEDELTA"]

_TYPE_ID = "datetime.datetime"


def _encode_datetime(value: Any, sink: Sink) -> dict[str, Any] | None:
    """Write an instant as ISO 8601 with its offset; one without a zone counts as UTC."""
    del sink
    if class_name(type(value)) == "NaTType":  # pandas' missing instant is a datetime by class
        return None
    if value.tzinfo is None:
        value = value.replace(tzinfo=dt.UTC)
    return custom_record(_TYPE_ID, val=value.isoformat())


def _decode_datetime(record: dict[str, Any], source: Source) -> dt.datetime:
    del source
    return dt.datetime.fromisoformat(record["val"])


def _encode_iso(value: Any, sink: Sink) -> str:
    del sink
    return str.__str__(value.isoformat())


def _encode_timedelta(value: Any, sink: Sink) -> float:
    del sink
    return dt.timedelta.total_seconds(value)


DATETIME = Codec(
    _TYPE_ID, lambda cls: derives_from(cls, dt.datetime), _encode_datetime, _decode_datetime
)
DATE = Codec("date", lambda cls: derives_from(cls, dt.date), _encode_iso)
TIME = Codec("time", lambda cls: derives_from(cls, dt.time), _encode_iso)
TIMEDELTA = Codec("timedelta", lambda cls: derives_from(cls, dt.timedelta), _encode_timedelta)

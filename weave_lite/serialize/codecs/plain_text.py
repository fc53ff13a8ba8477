"""Values whose natural form is their ``str``: numbers, ids, paths, addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.serialize.introspect import derives_from, is_loaded_class
from weave_lite.serialize.registry import Codec

if TYPE_CHECKING:
    from weave_lite.serialize.registry import Sink

__all__ = ["PLAIN_TEXT"]

# By name: these modules need not be loaded for our sake.
_CLASSES = (
    ("decimal", "Decimal"),
    ("uuid", "UUID"),
    ("pathlib", "PurePath"),
    ("fractions", "Fraction"),
    ("ipaddress", "IPv4Address"),
    ("ipaddress", "IPv6Address"),
    ("ipaddress", "IPv4Network"),
    ("ipaddress", "IPv6Network"),
    ("pydantic.networks", "AnyUrl"),
    ("pydantic.networks", "_BaseMultiHostUrl"),
)


def _matches(cls: type) -> bool:
    return derives_from(cls, complex) or any(
        is_loaded_class(cls, module, name) for module, name in _CLASSES
    )


def _encode(value: Any, sink: Sink) -> str:
    del sink
    return str.__str__(str(value))


PLAIN_TEXT = Codec("plain_text", _matches, _encode)

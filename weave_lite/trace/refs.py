"""The documented home of refs; they live in ``core.refs``."""

from __future__ import annotations

from weave_lite.core.refs import (
    CallRef,
    ObjectRef,
    OpRef,
    Ref,
    TableRef,
    maybe_parse_uri,
    parse_uri,
)

__all__ = [
    "CallRef",
    "ObjectRef",
    "OpRef",
    "Ref",
    "TableRef",
    "maybe_parse_uri",
    "parse_uri",
]

"""The documented home of refs; they live in ``core.refs``, lists of them in ``ref_list``."""

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
from weave_lite.trace.ref_list import Refs

__all__ = [
    "CallRef",
    "ObjectRef",
    "OpRef",
    "Ref",
    "Refs",
    "TableRef",
    "maybe_parse_uri",
    "parse_uri",
]

"""The ref of a value, under the name that upstream's guides import."""

from __future__ import annotations

from weave_lite.trace.values.origin import ref_of as get_ref

__all__ = ["get_ref"]

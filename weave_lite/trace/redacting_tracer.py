"""RedactingTracer: a tracer that takes personal data out of what it writes."""

from __future__ import annotations

from typing import Any

from weave_lite.trace.personal_data import without_personal_data
from weave_lite.trace.tracer import Tracer

__all__ = ["RedactingTracer"]


class RedactingTracer(Tracer):
    """What a tracer is while ``redact_pii`` is on; a tracer that is there already becomes one."""

    __slots__ = ()

    def write(self, value: Any) -> tuple[str, tuple[str, ...]]:
        """Write a value as JSON text without personal data, and its refs."""
        text, refs = super().write(value)
        return without_personal_data(text, is_json=True), refs

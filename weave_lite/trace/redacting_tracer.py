"""RedactingTracer: a tracer that takes personal data out of what it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.trace.attribute_texts import AttributeTexts
from weave_lite.trace.personal_data import without_personal_data
from weave_lite.trace.tracer import Tracer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from weave_lite.trace.call import Call

__all__ = ["RedactingTracer"]


class _RedactedTexts(AttributeTexts):
    """Attributes without personal data."""

    __slots__ = ()

    def _written(self, values: Mapping[str, Any]) -> str:
        return without_personal_data(super()._written(values), is_json=True)


class RedactingTracer(Tracer):
    """What a tracer is while ``redact_pii`` is on; a tracer that is there already becomes one."""

    __slots__ = ()
    attribute_texts = _RedactedTexts

    def begin(
        self,
        options: dict[str, Any],
        inputs: dict[str, Any],
        parent: Call | None,
        display_name: Any = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Call:
        """Begin a call; its display name may be made of its inputs."""
        if display_name is None:
            display_name = options["call_display_name"]
        if display_name is not None:
            display_name = _redacted_name(display_name)
        return super().begin(options, inputs, parent, display_name, attributes)

    def write(self, value: Any) -> tuple[str, tuple[str, ...]]:
        """Write a value as JSON text without personal data, and its refs."""
        text, refs = super().write(value)
        return without_personal_data(text, is_json=True), refs


def _redacted_name(name: Any) -> Any:
    if callable(name):
        make: Callable[[Call], Any] = name
        return lambda call: _redacted_name(make(call))
    # What is no text is refused elsewhere.
    return without_personal_data(name) if isinstance(name, str) else name

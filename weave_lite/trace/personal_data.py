"""Where the setting ``redact_pii`` acts: what is recorded of calls, and captured source.

The redactor is loaded when the setting is on. Objects that are published stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weave_lite.trace import settings as settings_module
from weave_lite.trace.guard import warn

if TYPE_CHECKING:
    from weave_lite.serialize.pii.redactor import Redactor
    from weave_lite.trace.settings import Settings
    from weave_lite.trace.tracer import Tracer

__all__ = ["prepare", "redacting_tracer", "without_personal_data"]


def prepare(settings: Settings) -> None:
    """Make sure that what the settings ask for can be found, before anything is recorded.

    Raises:
        UsageError: A kind is named that only the analyser finds, and it is not installed.
    """
    if settings.redact_pii and not settings.disabled:
        missing = _redactor(settings).missing
        if missing:
            warn(
                f"redact_pii replaces what patterns find, not {' and '.join(missing)}: for these pip "
                "install 'weave-lite[pii]' and a language model such as en_core_web_lg"
            )


def redacting_tracer() -> type[Tracer]:
    """Return the class of tracers that record no personal data: the others pay nothing for it."""
    from weave_lite.trace.redacting_tracer import RedactingTracer  # noqa: PLC0415 - only when asked for

    return RedactingTracer


def without_personal_data(text: str, *, is_json: bool = False) -> str:
    """Redact a text, or the texts in JSON text, if the settings in force ask for it."""
    settings = settings_module.current()
    if not settings.redact_pii:
        return text
    redactor = _redactor(settings)
    return redactor.json(text) if is_json else redactor.text(text)


def _redactor(settings: Settings) -> Redactor:
    from weave_lite.serialize.pii.redactor import redactor_for  # noqa: PLC0415 - only when asked for

    return redactor_for(settings.redact_pii_fields)

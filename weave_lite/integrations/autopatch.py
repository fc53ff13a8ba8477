"""Which libraries are patched, and when: at once if they are imported already, else on import.

Knows the libraries by name only; what is patched in them stands in one module each, which is loaded
together with the library.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.core.errors import UsageError
from weave_lite.integrations.import_hook import ImportHook
from weave_lite.trace.guard import captured, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from weave_lite.integrations.symbols import Patched
    from weave_lite.trace.autopatch import AutopatchSettings, IntegrationSettings

__all__ = [
    "Wishes",
    "autopatch",
    "patch_anthropic",
    "patch_litellm",
    "patch_openai",
    "reset_autopatch",
    "wished",
]

# Library -> modules that hold what is patched. Layouts differ by release: what is not there is left.
LIBRARIES: dict[str, frozenset[str]] = {
    "anthropic": frozenset(
        {
            "anthropic.resources.messages",
            "anthropic.resources.messages.messages",
            "anthropic.resources.beta.messages.messages",
        }
    ),
    "litellm": frozenset({"litellm"}),
    "openai": frozenset(
        {
            "openai.resources.beta.chat.completions",
            "openai.resources.chat.completions",
            "openai.resources.chat.completions.completions",
            "openai.resources.embeddings",
            "openai.resources.moderations",
            "openai.resources.responses.responses",
        }
    ),
}


class Wishes(NamedTuple):
    """How the calls of a library are recorded: ``OpSettings``, as plain values."""

    name: str | None = None
    call_display_name: str | Callable[[Any], str] | None = None
    postprocess_inputs: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    postprocess_output: Callable[[Any], Any] | None = None


class _State:
    """What is wanted, and what is done."""

    def __init__(self) -> None:
        self.lock = RLock()
        # By ``init``, and by the functions ``patch_...``, which stay until ``finish``.
        self.wanted: Mapping[str, Wishes] = {}
        self.asked: dict[str, Wishes] = {}
        self.done: dict[str, tuple[Wishes, list[Patched]]] = {}
        self.hook = ImportHook(frozenset().union(*LIBRARIES.values()), _on_import)


def wished(settings: AutopatchSettings | Mapping[str, Any] | None) -> dict[str, Wishes]:
    """Check what was given to ``init`` and return the libraries to patch.

    ``WEAVE_DISABLE_AUTOPATCH`` wins over them.

    Args:
        settings: An ``AutopatchSettings``, a dict of its fields, or None for all libraries.

    Raises:
        pydantic.ValidationError: A key is unknown or a value does not fit (also a ValueError).
        UsageError: It is neither of these.
    """
    if os.environ.get("WEAVE_DISABLE_AUTOPATCH", "").strip().lower() in {"1", "true", "yes", "on"}:
        return {}
    if settings is None:
        return dict.fromkeys(LIBRARIES, Wishes())
    from weave_lite.trace.autopatch import AutopatchSettings  # noqa: PLC0415 - needs pydantic

    if isinstance(settings, dict):
        settings = AutopatchSettings.model_validate(settings)
    if not isinstance(settings, AutopatchSettings):
        raise UsageError(
            "autopatch_settings must be an AutopatchSettings or a dict such as "
            f"{{'openai': {{'enabled': False}}}}, not {type(settings).__name__}"
        )
    if settings.disable_autopatch:
        return {}
    _warn_of_others(settings)
    found: dict[str, Wishes] = {}
    for library in LIBRARIES:
        integration: IntegrationSettings = getattr(settings, library)
        if integration.enabled:
            found[library] = _wishes_of(integration)
    return found


def _wishes_of(integration: IntegrationSettings) -> Wishes:
    of_op = integration.op_settings
    return Wishes(
        of_op.name, of_op.call_display_name, of_op.postprocess_inputs, of_op.postprocess_output
    )


def _warn_of_others(settings: AutopatchSettings) -> None:
    others = settings.model_fields_set - {*LIBRARIES, "disable_autopatch"}
    for library in sorted(name for name in others if getattr(settings, name).enabled):
        warn(
            f"autopatch_settings.{library} changes nothing: only {', '.join(LIBRARIES)} are patched; "
            "take others in with weave_lite.integrations.opentelemetry.trace_spans()"
        )


def autopatch(wanted: Mapping[str, Wishes]) -> None:
    """Patch these libraries and no others, now or when they are imported."""
    with _state.lock:
        _state.wanted = wanted
        _apply()


def reset_autopatch() -> None:
    """Give all libraries back as they were."""
    with _state.lock:
        _state.wanted = {}
        _state.asked.clear()
        _apply()


def patch_openai(settings: IntegrationSettings | None = None) -> None:
    """Record the calls of ``openai``, whatever ``init`` was told, until ``finish``."""
    _patch("openai", settings)


def patch_anthropic(settings: IntegrationSettings | None = None) -> None:
    """Record the calls of ``anthropic``, whatever ``init`` was told, until ``finish``."""
    _patch("anthropic", settings)


def patch_litellm(settings: IntegrationSettings | None = None) -> None:
    """Record the calls of ``litellm``, whatever ``init`` was told, until ``finish``."""
    _patch("litellm", settings)


def _patch(library: str, settings: IntegrationSettings | None) -> None:
    with _state.lock:
        if settings is not None and not settings.enabled:
            _state.asked.pop(library, None)
        else:
            _state.asked[library] = Wishes() if settings is None else _wishes_of(settings)
        _apply()


def _effective() -> dict[str, Wishes]:
    return {**_state.wanted, **_state.asked}


def _apply() -> None:
    """Make what is done fit what is wanted."""
    wanted = _effective()
    for library, (wishes, patched) in list(_state.done.items()):
        if wanted.get(library) != wishes:
            del _state.done[library]
            for patch in reversed(patched):
                patch.undo()
    # First the hook: a module that another thread imports meanwhile is not missed.
    if wanted:
        _state.hook.install()
    else:
        _state.hook.remove()
    for library in wanted:
        for name in LIBRARIES[library]:
            module = sys.modules.get(name)
            if module is not None:
                _patch_module(library, wanted[library], module)


def _on_import(module: ModuleType) -> None:
    with _state.lock:
        wanted = _effective()
        for library, names in LIBRARIES.items():
            if module.__name__ in names and library in wanted:
                _patch_module(library, wanted[library], module)


def _patch_module(library: str, wishes: Wishes, module: ModuleType) -> None:
    _, patched = _state.done.setdefault(library, (wishes, []))
    try:
        from weave_lite.integrations.symbols import patch_symbols  # noqa: PLC0415 - with a library

        symbols = import_module(f"weave_lite.integrations.{library}_patches").SYMBOLS
        patch_symbols(module, symbols.get(module.__name__, ()), wishes, patched)
    except Exception as error:
        captured(
            f"Error patching {module.__name__}, its calls are not recorded",
            error,
            logger="weave_lite.integrations",
        )


_state = _State()

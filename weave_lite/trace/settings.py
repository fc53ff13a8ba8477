"""The settings of the process: frozen values, resolved by ``init`` from its argument and the environment.

The environment wins. Values are process-wide: every thread sees the same. ``UserSettings``, the
class that users may pass to ``init``, is a pydantic model and loaded when first named.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weave_lite.trace.user_settings import UserSettings as UserSettings  # noqa: PLC0414

__all__ = ["Settings", "current", "resolve", "use"]


class Settings(NamedTuple):
    """All settings, resolved. Names and meaning are upstream's where it has them."""

    disabled: bool = False
    # Off by default: an embedded store has no page to link to.
    print_call_link: bool = False
    capture_code: bool = True
    redact_pii: bool = False
    redact_pii_fields: tuple[str, ...] = ()
    capture_client_info: bool = True
    capture_system_info: bool = True
    # 0 means synchronous: an op is committed when it returns.
    client_parallelism: int | None = None
    # A cache in front of a remote server; the embedded store is as near as a cache would be.
    use_server_cache: bool = False
    server_cache_size_limit: int = 1_000_000_000
    server_cache_dir: str | None = None
    # Where scorers with a model of their own keep it; none of the built-in ones has one.
    scorers_dir: str = "~/.cache/weave_lite/scorers"
    # The queue is bounded in bytes instead, and waits rather than drops.
    max_calls_queue_size: int = 100_000
    # How requests to a remote server are tried again, and how long one waits; 0 means 300 s.
    retry_max_interval: float = 300.0
    retry_max_attempts: int = 3
    http_timeout: float = 30.0
    # The name of a level of ``logging``; empty leaves the logger as it is.
    log_level: str = ""
    # How the end of an evaluation is shown: by rich on a terminal, by rich anywhere, as plain lines.
    display_viewer: str = "auto"

    @property
    def is_sync(self) -> bool:
        """Whether records are written in the caller's thread."""
        return self.client_parallelism == 0


_TRUE_WORDS = frozenset({"yes", "true", "1", "on"})
_BOOLEANS = frozenset(
    name for name, default in Settings._field_defaults.items() if type(default) is bool
)
_INTEGERS = frozenset(
    {"client_parallelism", "server_cache_size_limit", "max_calls_queue_size", "retry_max_attempts"}
)
_NUMBERS = frozenset({"http_timeout", "retry_max_interval"})
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_VIEWERS = ("auto", "rich", "print")

_current: Settings | None = None


def current() -> Settings:
    """Return the settings in force: those of the last ``init``, else the environment's."""
    global _current  # noqa: PLW0603 - process-wide by contract
    if _current is None:
        _current = resolve(None)
    return _current


def use(settings: Settings | None) -> None:
    """Put settings into force; None reads the environment anew when next asked."""
    global _current  # noqa: PLW0603 - process-wide by contract
    _current = settings


def resolve(
    given: UserSettings | Mapping[str, Any] | None, env: Mapping[str, str] | None = None
) -> Settings:
    """Resolve settings: environment over the given ones over the defaults.

    Args:
        given: A ``UserSettings``, a dict of its fields, or None.
        env: The environment; None means the process's.

    Raises:
        pydantic.ValidationError: A key is unknown or a value does not fit (also a ValueError).
        UsageError: An environment variable holds a text that does not fit.
    """
    values: dict[str, Any] = {}
    if given is not None:
        from weave_lite.trace.user_settings import validated  # noqa: PLC0415 - needs pydantic

        values = validated(given)
    env = os.environ if env is None else env
    for name in Settings._fields:
        text = env.get(f"WEAVE_{name.upper()}", "")
        if text:
            values[name] = _from_text(name, text)
    return Settings(**values)


def _from_text(name: str, text: str) -> Any:
    if name in _BOOLEANS:
        return text.strip().lower() in _TRUE_WORDS
    if name == "redact_pii_fields":
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if name == "log_level":
        return _one_of(name, text.strip().upper(), _LOG_LEVELS)
    if name == "display_viewer":
        return _one_of(name, text.strip().lower(), _VIEWERS)
    try:
        if name in _INTEGERS:
            number: float = int(text)
        elif name in _NUMBERS:
            number = float(text)
        else:
            return text
        if not number >= 0:
            raise ValueError
    except ValueError:
        raise UsageError(
            f"environment variable WEAVE_{name.upper()} must be a number from 0, not {text!r}"
        ) from None
    return number


def _one_of(name: str, word: str, words: tuple[str, ...]) -> str:
    if word not in words:
        raise UsageError(
            f"environment variable WEAVE_{name.upper()} must be one of {', '.join(words)}, not {word!r}"
        )
    return word


def __getattr__(name: str) -> Any:
    if name == "UserSettings":
        from weave_lite.trace.user_settings import UserSettings  # noqa: PLC0415 - needs pydantic

        return UserSettings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

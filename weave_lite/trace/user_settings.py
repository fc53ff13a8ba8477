"""UserSettings: what users pass to ``init(settings=...)``, checked by pydantic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["UserSettings", "validated"]


class UserSettings(BaseModel):
    """Settings for ``init``. Each also has an environment variable ``WEAVE_<NAME>``, which wins.

    Example:
        >>> UserSettings(disabled=True).disabled
        True
    """

    model_config = ConfigDict(extra="forbid")

    disabled: bool = False
    print_call_link: bool = False
    capture_code: bool = True
    redact_pii: bool = False
    redact_pii_fields: list[str] = []
    capture_client_info: bool = True
    capture_system_info: bool = True
    client_parallelism: NonNegativeInt | None = None
    use_server_cache: bool = False
    server_cache_size_limit: NonNegativeInt = 1_000_000_000
    server_cache_dir: str | None = None
    scorers_dir: str = "~/.cache/weave_lite/scorers"
    max_calls_queue_size: NonNegativeInt = 100_000
    retry_max_interval: NonNegativeFloat = 300.0
    retry_max_attempts: NonNegativeInt = 3
    http_timeout: NonNegativeFloat = 30.0
    log_level: Literal["", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = ""
    display_viewer: Literal["auto", "rich", "print"] = "auto"


def validated(given: UserSettings | Mapping[str, Any]) -> dict[str, Any]:
    """Check given settings and return those that were set, by name.

    Raises:
        pydantic.ValidationError: A key is unknown or a value does not fit.
    """
    settings = (
        given if isinstance(given, UserSettings) else UserSettings.model_validate(dict(given))
    )
    values = settings.model_dump(exclude_unset=True)
    if "redact_pii_fields" in values:
        values["redact_pii_fields"] = tuple(values["redact_pii_fields"])
    return values

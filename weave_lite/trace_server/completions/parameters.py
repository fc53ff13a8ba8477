"""The parameters of a completion: as they are sent to a provider, and as they are stored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from weave_lite.core import jsontext
from weave_lite.core.errors import EncodeError, InvalidRequest

if TYPE_CHECKING:
    from weave_lite.trace_server import trace_server_interface as tsi

__all__ = ["DEFAULT_TIMEOUT_S", "given", "stored", "timeout_s"]

DEFAULT_TIMEOUT_S: Final = 600.0
_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)
_HIDDEN: Final = "REDACTED"


def given(inputs: tsi.CompletionsCreateRequestInputs) -> dict[str, Any]:
    """Return the parameters that are not null; a pydantic class becomes a JSON schema.

    Raises:
        InvalidRequest: A parameter is not JSON, or ``timeout`` is no number above 0.
    """
    params: dict[str, Any] = {}
    for name in type(inputs).model_fields:
        value = getattr(inputs, name)
        if isinstance(value, type) and issubclass(value, BaseModel):
            value = _schema_format(value)
        if value is not None:
            params[name] = value
    try:
        jsontext.compact(params)
    except (TypeError, EncodeError) as error:
        raise InvalidRequest(f"inputs must be JSON: {error}; convert it first") from error
    timeout_s(params)
    return params


def stored(params: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters as they are stored: secrets in headers hidden."""
    headers = params.get("extra_headers")
    if not headers:
        return params
    hidden = {
        name: _HIDDEN if _SECRET_HEADER.search(str(name)) else value
        for name, value in headers.items()
    }
    return {**params, "extra_headers": hidden}


def timeout_s(params: dict[str, Any]) -> float:
    """Read how many seconds an answer may take.

    Raises:
        InvalidRequest: ``timeout`` is no number above 0.
    """
    value = params.get("timeout", DEFAULT_TIMEOUT_S)
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    # Also false for what is not a number. A timer of more than a day is none.
    if not 0 < seconds <= 86_400:  # noqa: PLR2004 - seconds of a day
        raise InvalidRequest(
            f"inputs.timeout {value!r:.40} must be a number of seconds above 0, of a day at most"
        )
    return seconds


def _schema_format(model: type[BaseModel]) -> dict[str, Any]:
    return {
        "type": "json_schema",
        "json_schema": {"name": model.__name__, "schema": model.model_json_schema()},
    }

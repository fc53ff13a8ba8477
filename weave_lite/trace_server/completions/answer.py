"""What providers give: the provider's answer as a dict, or ``{"error": text}``. Never an exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from weave_lite.core import jsontext
from weave_lite.core.errors import EncodeError

__all__ = ["Complete", "checked", "failure", "usage_of"]

Complete: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Asks a model with OpenAI's chat parameters; gives OpenAI's chat completion, or a failure."""

_COUNTS = (
    "prompt_tokens",
    "completion_tokens",
    "input_tokens",
    "output_tokens",
    "requests",
    "total_tokens",
)


def failure(text: str) -> dict[str, Any]:
    """Write an error as an answer."""
    return {"error": text}


def checked(answer: Any, source: str) -> dict[str, Any]:
    """Return an answer that can be sent and stored.

    Args:
        answer: A dict, or a model of pydantic (as client libraries give).
        source: Who answered, for the text of a failure.

    Returns:
        The answer; a failure when it is no JSON object, or tells an error.
    """
    if not isinstance(answer, dict) and callable(getattr(answer, "model_dump", None)):
        answer = answer.model_dump(mode="json")
    if not isinstance(answer, dict):
        return failure(
            f"{source} answered {type(answer).__name__} where a chat completion (a JSON object) "
            "was expected"
        )
    try:
        jsontext.compact(answer)
    except (TypeError, EncodeError) as error:
        return failure(f"{source} answered what is no JSON: {error}")
    # Some servers tell errors with the status of a success; others send a null beside the answer.
    told = answer.get("error")
    return failure(error_text(told)) if told else answer


def error_text(error: Any) -> str:
    """Read the sentence out of what a provider calls its error."""
    if isinstance(error, dict) and isinstance(error.get("message"), str) and error["message"]:
        return str(error["message"])
    return error if isinstance(error, str) else jsontext.compact(error)


def usage_of(answer: dict[str, Any]) -> dict[str, Any] | None:
    """Return the token counts of an answer as they came; None when there are none that count."""
    usage = answer.get("usage")
    if not isinstance(usage, dict) or not usage:
        return None
    for name in _COUNTS:
        count = usage.get(name)
        if count is not None and (not isinstance(count, int) or isinstance(count, bool)):
            return None
    return usage

"""LLMStructuredCompletionModel: a model of a provider with the parameters of its completions."""

from __future__ import annotations

from typing import Any, Literal

from weave_lite.trace_server.interface.builtin_object_classes.base import (
    BuiltinObject,
    BuiltinPart,
)

__all__ = [
    "LLMStructuredCompletionModel",
    "LLMStructuredCompletionModelDefaultParams",
    "Message",
]


class Message(BuiltinPart):
    """A message of a template; all keys must be present."""

    role: str
    content: str | list[dict[str, Any]] | None
    name: str | None
    function_call: dict[str, Any] | None
    tool_call_id: str | None


class LLMStructuredCompletionModelDefaultParams(BuiltinPart):
    """The parameters of a completion that does not name its own."""

    messages_template: list[Message]
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: list[str] | None = None
    n_times: int | None = None
    functions: list[dict[str, Any]] | None = None
    response_format: Literal["json", "text"] | None = None


class LLMStructuredCompletionModel(BuiltinObject):
    """A model with its default parameters."""

    llm_model_id: str
    default_params: LLMStructuredCompletionModelDefaultParams

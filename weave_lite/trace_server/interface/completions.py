"""Completions of language models through the server, and what a server of them does."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Protocol

from pydantic import BaseModel, Field

from weave_lite.trace_server.interface.wire import WireModel

__all__ = [
    "CompletionServer",
    "CompletionsCreateReq",
    "CompletionsCreateRequestInputs",
    "CompletionsCreateRes",
]


class CompletionsCreateRequestInputs(WireModel):
    """The parameters of a completion, as OpenAI names them."""

    model: str
    messages: list[Any] = Field(default_factory=list)
    timeout: float | str | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    stop: str | list[Any] | None = None
    max_completion_tokens: int | None = None
    max_tokens: int | None = None
    modalities: list[Any] | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[Any, Any] | None = None
    user: str | None = None
    response_format: dict[Any, Any] | type[BaseModel] | None = None
    seed: int | None = None
    tools: list[Any] | None = None
    tool_choice: str | dict[Any, Any] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    parallel_tool_calls: bool | None = None
    extra_headers: dict[Any, Any] | None = None
    functions: list[Any] | None = None
    function_call: str | None = None
    api_version: str | None = None


class CompletionsCreateReq(WireModel):
    """Ask a model; the call is stored unless ``track_llm_call`` is false."""

    project_id: str
    inputs: CompletionsCreateRequestInputs
    # Filled by the server, never taken from a caller.
    wb_user_id: str | None = None
    track_llm_call: bool | None = True


class CompletionsCreateRes(WireModel):
    """The model's answer, and the id of the stored call."""

    response: dict[str, Any]
    weave_call_id: str | None = None


class CompletionServer(Protocol):
    """What a server of completions does."""

    @abstractmethod
    def completions_create(self, req: CompletionsCreateReq) -> CompletionsCreateRes:
        """Ask a model."""

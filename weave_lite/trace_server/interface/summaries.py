"""The summary of a call: plain dicts with named keys that keep all other keys."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from weave_lite.trace_server.interface.wire import UtcDatetime  # noqa: TC001 - pydantic reads it

__all__ = [
    "ExtraKeysTypedDict",
    "FeedbackDict",
    "LLMCostSchema",
    "LLMUsageSchema",
    "SummaryInsertMap",
    "SummaryMap",
    "TraceStatus",
    "WeaveSummarySchema",
]


class TraceStatus(StrEnum):
    """How a call stands: derived from its exception and end."""

    SUCCESS = "success"
    ERROR = "error"
    RUNNING = "running"


_KEEP_EXTRA = ConfigDict(extra="allow")


@with_config(_KEEP_EXTRA)
class ExtraKeysTypedDict(TypedDict):
    """A dict with named keys that keeps all others."""


@with_config(_KEEP_EXTRA)
class LLMUsageSchema(ExtraKeysTypedDict, total=False):
    """Token counts of one model."""

    prompt_tokens: int | None
    input_tokens: int | None
    completion_tokens: int | None
    output_tokens: int | None
    requests: int | None
    total_tokens: int | None


@with_config(_KEEP_EXTRA)
class LLMCostSchema(LLMUsageSchema):
    """Token counts of one model with their price; all keys of the price are present."""

    prompt_tokens_total_cost: float | None
    completion_tokens_total_cost: float | None
    prompt_token_cost: float | None
    completion_token_cost: float | None
    prompt_token_cost_unit: str | None
    completion_token_cost_unit: str | None
    effective_date: str | None
    provider_id: str | None
    pricing_level: str | None
    pricing_level_id: str | None
    created_at: str | None
    created_by: str | None


@with_config(_KEEP_EXTRA)
class FeedbackDict(ExtraKeysTypedDict, total=False):
    """A feedback inside the summary of its call."""

    id: str
    feedback_type: str
    weave_ref: str
    payload: dict[str, Any]
    creator: str | None
    created_at: UtcDatetime | None
    wb_user_id: str | None


@with_config(_KEEP_EXTRA)
class WeaveSummarySchema(ExtraKeysTypedDict, total=False):
    """What the server derives of a call."""

    status: TraceStatus
    trace_name: str | None
    # None while the call runs.
    latency_ms: int | None
    costs: dict[str, LLMCostSchema]
    feedback: list[FeedbackDict]


@with_config(_KEEP_EXTRA)
class SummaryInsertMap(ExtraKeysTypedDict, total=False):
    """The summary that a client sends with the end of a call."""

    usage: dict[str, LLMUsageSchema]


@with_config(_KEEP_EXTRA)
class SummaryMap(SummaryInsertMap, total=False):
    """The summary that a server answers."""

    weave: WeaveSummarySchema | None

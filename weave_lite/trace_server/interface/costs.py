"""Prices of tokens, and what a server of prices does."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from weave_lite.trace_server.interface.query import Query, SortBy
from weave_lite.trace_server.interface.wire import UtcDatetime, WireModel

__all__ = [
    "CostCreateInput",
    "CostCreateReq",
    "CostCreateRes",
    "CostPurgeReq",
    "CostPurgeRes",
    "CostQueryOutput",
    "CostQueryReq",
    "CostQueryRes",
    "CostServer",
]


class CostCreateInput(WireModel):
    """The price of one token of a model, from a date on."""

    prompt_token_cost: float
    completion_token_cost: float
    cache_read_input_token_cost: float | None = None
    cache_creation_input_token_cost: float | None = None
    prompt_token_cost_unit: str | None = "USD"  # noqa: S105 - a currency
    completion_token_cost_unit: str | None = "USD"  # noqa: S105 - a currency
    effective_date: UtcDatetime | None = None
    provider_id: str | None = None


class CostCreateReq(WireModel):
    """Store prices by model name."""

    project_id: str
    costs: dict[str, CostCreateInput]
    # Filled by the server, never taken from a caller.
    wb_user_id: str | None = None


class CostCreateRes(WireModel):
    """Pairs of id and model name."""

    ids: list[tuple[str, str]]


class CostQueryReq(WireModel):
    """Find prices."""

    project_id: str
    fields: list[str] | None = None
    query: Query | None = None
    sort_by: list[SortBy] | None = None
    limit: int | None = None
    offset: int | None = None


class CostQueryOutput(WireModel):
    """A price; fields that were not asked for are None."""

    id: str | None = None
    llm_id: str | None = None
    prompt_token_cost: float | None = None
    completion_token_cost: float | None = None
    prompt_token_cost_unit: str | None = None
    completion_token_cost_unit: str | None = None
    effective_date: UtcDatetime | None = None
    provider_id: str | None = None


class CostQueryRes(WireModel):
    """The prices found."""

    results: list[CostQueryOutput]


class CostPurgeReq(WireModel):
    """Delete the prices that a query finds."""

    project_id: str
    query: Query


class CostPurgeRes(WireModel):
    """The prices are deleted."""


class CostServer(Protocol):
    """What a server of prices does."""

    @abstractmethod
    def cost_create(self, req: CostCreateReq) -> CostCreateRes:
        """Store prices."""

    @abstractmethod
    def cost_query(self, req: CostQueryReq) -> CostQueryRes:
        """Read the prices that a query finds."""

    @abstractmethod
    def cost_purge(self, req: CostPurgeReq) -> CostPurgeRes:
        """Delete the prices that a query finds."""

"""Prices and queries of them, checked before a transaction opens.

Prices leave here as they are stored (``store.costs.NewPrice``). Knows no connection.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from weave_lite.core.clock import now_micros, to_micros
from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server.interface import texts
from weave_lite.trace_server.store.costs import NewPrice
from weave_lite.trace_server.user import default_user

if TYPE_CHECKING:
    from weave_lite.trace_server import trace_server_interface as tsi

__all__ = ["create", "purge", "query"]

_PROVIDER: Final = "default"
_UNIT: Final = "USD"
_TEXTS: Final = ("provider_id", "prompt_token_cost_unit", "completion_token_cost_unit")
_AMOUNTS: Final = (
    "prompt_token_cost",
    "completion_token_cost",
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
)


def create(req: tsi.CostCreateReq) -> list[NewPrice]:
    """Check prices and write them as they are stored, in the order of the request.

    Raises:
        InvalidRequest: There is no price, or one is refused; the message names its model and field.
    """
    texts.check_project_id(req.project_id)
    texts.check_text(req.wb_user_id, "wb_user_id")
    if not req.costs:
        raise InvalidRequest("costs is empty; send a price for at least one model")
    created_by = default_user() if req.wb_user_id is None else req.wb_user_id
    now = now_micros()
    return [_price(llm_id, cost, created_by, now) for llm_id, cost in req.costs.items()]


def purge(req: tsi.CostPurgeReq) -> list[str]:
    """Check a purge and read the ids that it names.

    Raises:
        InvalidRequest: The query does not name ids, or the project id is not one.
    """
    from weave_lite.trace_server.query.id_query import ids_of  # noqa: PLC0415 - loads pydantic

    texts.check_project_id(req.project_id)
    return ids_of(req.query)


def query(req: tsi.CostQueryReq) -> None:
    """Check the project and the page of a query of prices.

    Raises:
        InvalidRequest: Limit or offset is negative, or the project id is not one.
    """
    texts.check_project_id(req.project_id)
    texts.check_page(req.limit, req.offset)


def _price(llm_id: str, cost: tsi.CostCreateInput, created_by: str, now: int) -> NewPrice:
    if not llm_id or "\x00" in llm_id:
        raise InvalidRequest(
            f"costs has the model name {llm_id!r:.140}; "
            "name the model as the usage of its calls does, without NUL"
        )
    texts.check_text(llm_id, "costs")
    where = f"costs[{llm_id!r:.140}]"
    for field in _AMOUNTS:
        _check_amount(getattr(cost, field), f"{where}.{field}")
    for field in _TEXTS:
        texts.check_text(getattr(cost, field), f"{where}.{field}")
    effective_date = cost.effective_date
    return NewPrice(
        llm_id,
        _PROVIDER if cost.provider_id is None else cost.provider_id,
        now if effective_date is None else to_micros(effective_date),
        cost.prompt_token_cost,
        cost.completion_token_cost,
        cost.cache_read_input_token_cost,
        cost.cache_creation_input_token_cost,
        _UNIT if cost.prompt_token_cost_unit is None else cost.prompt_token_cost_unit,
        _UNIT if cost.completion_token_cost_unit is None else cost.completion_token_cost_unit,
        created_by,
        now,
    )


def _check_amount(amount: float | None, where: str) -> None:
    if amount is not None and not (math.isfinite(amount) and amount >= 0):
        raise InvalidRequest(
            f"{where} must be a finite number of 0 or more, not {amount}; "
            "send the price of a single token"
        )

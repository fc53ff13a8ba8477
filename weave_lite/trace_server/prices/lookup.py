"""The built-in prices of a model, read from ``table.json`` when the first one is asked for.

It does not know the prices of projects, which the store keeps.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NotRequired, TypedDict

import orjson

from weave_lite.core.clock import to_micros
from weave_lite.trace_server.prices.choose import DEFAULT_LEVEL, Price

__all__ = ["TABLE_FILE", "PriceEntry", "default_prices"]

TABLE_FILE: Final = Path(__file__).with_name("table.json")
_UNIT: Final = "USD"
_CREATED_BY: Final = "system"


class PriceEntry(TypedDict):
    """A price in the table: US dollars per single token, from an instant in UTC on."""

    provider: str
    input: float
    output: float
    created_at: str
    cache_read: NotRequired[float]
    cache_creation: NotRequired[float]


# Names come from callers' data, so the number kept is bounded.
@lru_cache(maxsize=1024)
def default_prices(llm_id: str) -> tuple[Price, ...]:
    """Find the built-in prices of a model by its exact name, the oldest first.

    Empty for a model that the table does not have.

    Example:
        >>> [price.prompt_token_cost for price in default_prices("gpt-4o")]
        [5e-06, 2.5e-06]
    """
    return tuple(_price(llm_id, entry) for entry in _table().get(llm_id, ()))


@cache
def _table() -> dict[str, list[PriceEntry]]:
    table: dict[str, list[PriceEntry]] = orjson.loads(TABLE_FILE.read_bytes())
    return table


def _price(llm_id: str, entry: PriceEntry) -> Price:
    import datetime as dt  # noqa: PLC0415 - as in the clock, only where an instant is read

    at = to_micros(dt.datetime.fromisoformat(entry["created_at"]))
    return Price(
        id=f"{DEFAULT_LEVEL}:{llm_id}:{entry['created_at']}",
        level=DEFAULT_LEVEL,
        level_id=DEFAULT_LEVEL,
        provider_id=entry["provider"],
        llm_id=llm_id,
        effective_date=at,
        prompt_token_cost=entry["input"],
        completion_token_cost=entry["output"],
        prompt_token_cost_unit=_UNIT,
        completion_token_cost_unit=_UNIT,
        cache_read_input_token_cost=entry.get("cache_read"),
        cache_creation_input_token_cost=entry.get("cache_creation"),
        created_by=_CREATED_BY,
        created_at=at,
    )

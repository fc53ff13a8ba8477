"""Calls: what the tokens of each cost, as ``summary.weave.costs``, by model.

The prices of the project are read with one select per chunk of calls; the built-in ones are in
memory. A model without a price has its counts and nulls: unknown is not free.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from weave_lite.core.clock import from_micros
from weave_lite.core.jsontext import compact, parse
from weave_lite.trace_server.prices.choose import PROJECT_LEVEL, Price, choose
from weave_lite.trace_server.prices.lookup import default_prices

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from weave_lite.trace_server.interface.encoded import EncodedCall
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["add"]

# A program may set its prices at every start, so only those are read that can be chosen for calls
# between two moments: the one in effect at the first, those that follow until the second, and the
# last of all, for when none is in effect. Of one date the one created last, in the order of dates.
_LAST: Final = "SELECT max(effective_date) FROM costs WHERE project = :project AND llm_id = m.value"
_IN_RANGE: Final = (
    "SELECT c.id, c.provider_id, c.llm_id, c.effective_date, c.prompt_token_cost,"
    " c.completion_token_cost, c.prompt_token_cost_unit, c.completion_token_cost_unit,"
    " c.cache_read_input_token_cost, c.cache_creation_input_token_cost, c.created_by, c.created_at,"
    " max(printf('%020d', c.created_at) || c.id)"  # SQLite gives the other columns of that row
    " FROM json_each(:models) AS m CROSS JOIN costs AS c"
    " ON c.project = :project AND c.llm_id = m.value AND c.effective_date {range}"
    " GROUP BY c.llm_id, c.effective_date"
)
_SELECT: Final = " ".join(
    (
        _IN_RANGE.format(
            range=f"BETWEEN coalesce(({_LAST} AND effective_date <= :first), :first) AND :last"
        ),
        "UNION ALL",
        # The plus keeps SQLite from walking all that come later.
        _IN_RANGE.format(range=f"= ({_LAST}) AND +c.effective_date > :last"),
        "ORDER BY 4",
    )
)


def add(conn: StoreConnection, project: int, calls: Sequence[EncodedCall]) -> list[EncodedCall]:
    """Put the costs of calls into their summaries; none where no usage is known.

    Args:
        conn: A connection; all is read of its snapshot.
        project: Integer of the calls' project.
        calls: Calls as they are stored, with their summaries.
    """
    summaries = [parse(call.summary_json) for call in calls]
    usages = [_usage_of(summary) for summary in summaries]
    models = {llm_id for usage in usages for llm_id in usage}
    timelines = _timelines(conn.raw, project, calls, models) if models else {}
    return [
        _with_costs(call, summary, usage, timelines)
        for call, summary, usage in zip(calls, summaries, usages, strict=True)
    ]


class _Timeline:
    """The prices of a model: those of the project by the time of their effect, and the built-in."""

    def __init__(self, own: Sequence[Price], defaults: tuple[Price, ...]) -> None:
        self._own = own
        self._dates = [price.effective_date for price in own]
        self._defaults = defaults

    def at(self, started_at: int) -> Price | None:
        """Choose the price for a call that started then."""
        if not self._own:
            return choose(self._defaults, started_at)
        # Of any number of prices of the project only one can be chosen: the last in effect, or
        # the last of all when none is.
        index = bisect_right(self._dates, started_at) or len(self._own)
        price = self._own[index - 1]
        return choose((price, *self._defaults), started_at) if self._defaults else price


def _timelines(
    raw: sqlite3.Connection, project: int, calls: Sequence[EncodedCall], models: Iterable[str]
) -> dict[str, _Timeline]:
    own: dict[str, list[Price]] = {llm_id: [] for llm_id in models}
    moments = [call.started_at for call in calls]
    wanted = {
        "project": project,
        "models": compact(list(own)),
        "first": min(moments),
        "last": max(moments),
    }
    project_id = calls[0].project_id
    for price_id, *values, _ in raw.execute(_SELECT, wanted):
        price = Price(price_id, PROJECT_LEVEL, project_id, *values)
        # SQLite reads a name up to its first NUL, and so finds the prices of another.
        if price.llm_id in own:
            own[price.llm_id].append(price)
    return {llm_id: _Timeline(prices, default_prices(llm_id)) for llm_id, prices in own.items()}


def _usage_of(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Read the usage of a summary; what is no map of counts is left out."""
    usage = summary.get("usage")
    if not isinstance(usage, dict):
        return {}
    return {llm_id: counts for llm_id, counts in usage.items() if isinstance(counts, dict)}


def _with_costs(
    call: EncodedCall,
    summary: dict[str, Any],
    usage: dict[str, dict[str, Any]],
    timelines: dict[str, _Timeline],
) -> EncodedCall:
    weave = summary["weave"]
    if usage:
        weave["costs"] = {
            llm_id: _cost(counts, timelines[llm_id].at(call.started_at))
            for llm_id, counts in usage.items()
        }
    elif "costs" in weave:
        # Stored by a client that copied an answer: not what was asked for.
        del weave["costs"]
    else:
        return call
    return call._replace(summary_json=compact(summary))


def _cost(counts: dict[str, Any], price: Price | None) -> dict[str, Any]:
    prompt_tokens = _count(counts, "prompt_tokens", "input_tokens")
    completion_tokens = _count(counts, "completion_tokens", "output_tokens")
    cost: dict[str, Any] = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "requests": _count(counts, "requests"),
        "total_tokens": _count(counts, "total_tokens"),
    }
    if price is None:
        return cost | _UNKNOWN
    cost |= _price_part(price)
    cost["prompt_tokens_total_cost"] = _total(prompt_tokens, price.prompt_token_cost)
    cost["completion_tokens_total_cost"] = _total(completion_tokens, price.completion_token_cost)
    return cost


@lru_cache(maxsize=256)
def _price_part(price: Price) -> dict[str, Any]:
    """Write what all costs of a price have in common, in the order of the keys."""
    return _UNKNOWN | {
        "prompt_token_cost": price.prompt_token_cost,
        "completion_token_cost": price.completion_token_cost,
        "prompt_token_cost_unit": price.prompt_token_cost_unit,
        "completion_token_cost_unit": price.completion_token_cost_unit,
        "effective_date": _date(price.effective_date),
        "provider_id": price.provider_id,
        "pricing_level": price.level,
        "pricing_level_id": price.level_id,
        "created_by": price.created_by,
        "created_at": _date(price.created_at),
    }


_UNKNOWN: Final = dict.fromkeys(
    (
        "prompt_token_cost",
        "completion_token_cost",
        "prompt_tokens_total_cost",
        "completion_tokens_total_cost",
        "prompt_token_cost_unit",
        "completion_token_cost_unit",
        "effective_date",
        "provider_id",
        "pricing_level",
        "pricing_level_id",
        "created_by",
        "created_at",
    )
)


def _count(counts: dict[str, Any], name: str, other_name: str = "") -> int:
    """Read a count, under its other name when the first is not there; what is no number is 0."""
    value = counts[name] if name in counts else counts.get(other_name)
    return int(value) if isinstance(value, int | float) else 0


def _total(tokens: int, price: float) -> float | None:
    """Multiply; None when a number of tokens beyond all sense gives no finite number."""
    try:
        total = tokens * price
    except OverflowError:
        return None
    return total if math.isfinite(total) else None


def _date(micros: int) -> str:
    """Write an instant in UTC as ``YYYY-MM-DD HH:MM:SS``."""
    return from_micros(micros).replace(tzinfo=None).isoformat(" ", "seconds")

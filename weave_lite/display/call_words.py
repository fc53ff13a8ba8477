"""How long a call took and what it used, in words. Pure; knows neither terminal nor notebook."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["took", "total_cost", "total_tokens", "when"]

_MINUTE_MS = 60_000
_SECOND_MS = 1_000
_WHOLE_MS = 10
_TENTH_MS = 0.1
_COSTS = ("prompt_tokens_total_cost", "completion_tokens_total_cost")


def took(started: dt.datetime | None, ended: dt.datetime | None) -> str:
    """The latency with a unit; empty while the call runs."""
    if started is None or ended is None:
        return ""
    millis = (ended - started) / dt.timedelta(milliseconds=1)
    if millis >= _MINUTE_MS:
        return f"{millis / _MINUTE_MS:.1f} min"
    if millis >= _SECOND_MS:
        return f"{millis / _SECOND_MS:.2f} s"
    if millis < _TENTH_MS:
        return f"{millis * 1000:.0f} µs"
    return f"{millis:.0f} ms" if millis >= _WHOLE_MS else f"{millis:.1f} ms"


def when(moment: dt.datetime) -> str:
    """An instant in local time, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def total_tokens(summary: Mapping[str, Any] | None) -> int:
    """All tokens of a call, over all models."""
    total = 0
    for counts in _dicts(summary, "usage"):
        given = counts.get("total_tokens")
        parts = (
            counts.get("prompt_tokens", counts.get("input_tokens")),
            counts.get("completion_tokens", counts.get("output_tokens")),
        )
        total += given if isinstance(given, int) else sum(p for p in parts if isinstance(p, int))
    return total


def total_cost(summary: Mapping[str, Any] | None) -> float | None:
    """What a call cost in US dollars, over all models with a price; None when none has one."""
    weave = dict(summary or {}).get("weave")
    prices = [
        price
        for costs in _dicts(weave if isinstance(weave, dict) else None, "costs")
        for price in (costs.get(name) for name in _COSTS)
        if isinstance(price, int | float)
    ]
    return float(sum(prices)) if prices else None


def _dicts(holder: Mapping[str, Any] | None, key: str) -> list[dict[str, Any]]:
    """The dicts in a dict of models; anything may be stored there."""
    found = dict(holder or {}).get(key)
    return (
        [counts for counts in found.values() if isinstance(counts, dict)]
        if isinstance(found, dict)
        else []
    )

"""auto_summarize: one summary of the scores of many rows. Pure; knows no store and no scorer."""

from __future__ import annotations

import math
from numbers import Number
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["auto_summarize"]


def auto_summarize(data: Iterable[Any]) -> dict[str, Any] | None:
    """Summarize scores: counts of what is true, means of numbers, per key for dicts.

    Args:
        data: One score per row. None is left out. An empty dict says that the row has no score: it
            counts among bools, and decides nothing. The first score that is neither decides the
            kind; scores of another kind are left out.

    Returns:
        ``{"true_count", "true_fraction"}`` for bools, ``{"mean"}`` for numbers, one summary per key
        for dicts and pydantic models, ``{}`` of no rows; None when there is nothing to summarize.

    Example:
        >>> auto_summarize([{"ok": True, "length": 3}, {"ok": False, "length": 5}])
        {'ok': {'true_count': 1, 'true_fraction': 0.5}, 'length': {'mean': 4.0}}

    Source: weave 0.51.45 weave.flow.util.auto_summarize and its rule for rows without scores since.
    """
    scores = list(data)
    if not scores:
        return {}
    scores = [_plain(score) for score in scores if score is not None]
    first = next((score for score in scores if not _is_no_score(score)), None)
    if isinstance(first, dict):
        return _of_dicts(scores)
    if _is_bool(first):
        # Whoever mixes bools and numbers means their truth.
        counted = [score for score in scores if _is_no_score(score) or _is_number(score)]
        true_count = sum(1 for score in counted if score)
        return {"true_count": true_count, "true_fraction": true_count / len(counted)}
    if _is_number(first):
        numbers = [_float(score) for score in scores if _is_number(score)]
        return {"mean": sum(numbers) / len(numbers)}
    return None


def _of_dicts(scores: list[Any]) -> dict[str, Any] | None:
    """Summarize per key, in order of appearance; a row without scores stands under every key."""
    rows = [score for score in scores if isinstance(score, dict)]
    summary: dict[str, Any] = {}
    for key in dict.fromkeys(key for row in rows for key in row):
        part = auto_summarize([row.get(key) if row else {} for row in rows])
        if part is None:
            continue
        if key in part:
            # A key that repeats inside itself stands once.
            summary.update(part)
        else:
            summary[key] = part
    return summary or None


def _float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number that no float can be
        return math.inf if number > 0 else -math.inf


def _plain(score: Any) -> Any:
    return score.model_dump() if isinstance(score, BaseModel) else score


def _is_no_score(score: Any) -> bool:
    return isinstance(score, dict) and not score


def _is_bool(score: Any) -> bool:
    # numpy's bool is no Python bool.
    return isinstance(score, bool) or type(score).__name__ in {"bool", "bool_"}


def _is_number(score: Any) -> bool:
    return _is_bool(score) or (isinstance(score, Number) and not isinstance(score, complex))

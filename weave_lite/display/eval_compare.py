"""Two evaluations, row by row: what got worse, better, or is in one of them only. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

__all__ = ["EvalRow", "RowChange", "compare", "score_leaves"]

# In the order in which they are shown.
KINDS = ("regression", "improvement", "changed", "only in A", "only in B", "same")


class EvalRow(NamedTuple):
    """One row of an evaluation.

    Attributes:
        key: What the row is known by: the digest of its example.
        example: The example.
        output: What the model said.
        scores: Score by name of the scorer.
        latency_s: Seconds; None when it was not measured.
        is_failed: Whether the model failed, or the row never ended.
        call_id: Id of the row's call.
    """

    key: str
    example: Any
    output: Any
    scores: Mapping[str, Any]
    latency_s: float | None
    is_failed: bool
    call_id: str


class RowChange(NamedTuple):
    """A row in two evaluations.

    Attributes:
        kind: ``regression``, ``improvement``, ``changed`` (only the output), ``only in A``,
            ``only in B`` or ``same``.
        before: The row of the first evaluation.
        after: The row of the second.
        scores: Per path of a score that is not equal, both values; None where it is missing.
    """

    kind: str
    before: EvalRow | None
    after: EvalRow | None
    scores: dict[str, tuple[float | None, float | None]]


def score_leaves(scores: Mapping[str, Any], path: str = "") -> dict[str, float]:
    """Give the numbers and truths in scores by dotted path; a truth counts as 1 or 0.

    Example:
        >>> score_leaves({"exact": True, "size": {"words": 3}, "note": "x"})
        {'exact': 1.0, 'size.words': 3.0}
    """
    leaves: dict[str, float] = {}
    for name, value in scores.items():
        at = f"{path}.{name}" if path else str(name)
        if isinstance(value, dict):
            leaves.update(score_leaves(value, at))
        elif isinstance(value, bool | int | float):
            leaves[at] = float(value)
    return leaves


def compare(
    before: Sequence[EvalRow], after: Sequence[EvalRow], lower_is_better: Collection[str] = ()
) -> list[RowChange]:
    """Compare two evaluations, regressions first.

    Rows are matched by key; of several with one key the first with the first, and so on. A score
    that is gone, or a model that fails now, is a regression; with better and worse scores in one
    row it is a regression too.

    Args:
        before: Rows of the first evaluation.
        after: Rows of the second.
        lower_is_better: Paths, or names of scorers, whose lower numbers are the better ones.
    """
    waiting: dict[str, list[EvalRow]] = {}
    for row in after:
        waiting.setdefault(row.key, []).append(row)
    changes = []
    for row in before:
        same = waiting.get(row.key)
        partner = same.pop(0) if same else None
        changes.append(_change(row, partner, lower_is_better))
    changes += [RowChange("only in B", None, row, {}) for rest in waiting.values() for row in rest]
    return sorted(changes, key=lambda change: KINDS.index(change.kind))


def _change(before: EvalRow, after: EvalRow | None, lower_is_better: Collection[str]) -> RowChange:
    if after is None:
        return RowChange("only in A", before, None, {})
    old, new = score_leaves(before.scores), score_leaves(after.scores)
    scores = {
        path: (old.get(path), new.get(path))
        for path in dict.fromkeys((*old, *new))
        if old.get(path) != new.get(path)
    }
    verdicts = {_verdict(path, *pair, lower_is_better) for path, pair in scores.items()}
    if before.is_failed != after.is_failed:
        verdicts.add(-1 if after.is_failed else 1)
    if -1 in verdicts:
        kind = "regression"
    elif 1 in verdicts:
        kind = "improvement"
    else:
        kind = "same" if before.output == after.output else "changed"
    return RowChange(kind, before, after, scores)


def _verdict(
    path: str, old: float | None, new: float | None, lower_is_better: Collection[str]
) -> int:
    """Tell whether a score got worse (-1) or better (1)."""
    if old is None or new is None:
        return -1 if new is None else 1
    is_lower_better = path in lower_is_better or path.partition(".")[0] in lower_is_better
    return 1 if (new < old) is is_lower_better else -1


def count_kinds(changes: Iterable[RowChange]) -> dict[str, int]:
    """Count changes by kind, in the order in which kinds are shown."""
    counts = dict.fromkeys(KINDS, 0)
    for change in changes:
        counts[change.kind] += 1
    return {kind: count for kind, count in counts.items() if count}

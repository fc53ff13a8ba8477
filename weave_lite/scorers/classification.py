"""A scorer of several yes-or-no answers at once: precision, recall and their mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.flow.scorer import Scorer
from weave_lite.trace.op import op

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["MultiTaskBinaryClassificationF1", "p_r_f1", "transpose"]


class MultiTaskBinaryClassificationF1(Scorer):
    """Precision, recall and F1 of each of several classes.

    Args:
        class_names: Keys of the target and the output, which are dicts.

    Example:
        >>> scorer = MultiTaskBinaryClassificationF1(class_names=["rude"])
        >>> rows = [scorer.score(target={"rude": True}, model_output={"rude": True})]
        >>> scorer.summarize(rows)
        {'rude': {'f1': 1.0, 'precision': 1.0, 'recall': 1.0}}
    """

    class_names: list[str]

    @op
    def score(
        self, target: dict[str, Any], model_output: dict[str, Any] | None, **kwargs: Any
    ) -> dict[str, Any]:
        """Compare target and output, class by class.

        Args:
            target: What is expected.
            model_output: The output; None says no to all.
            kwargs: Other columns; not looked at.

        Returns:
            Per class ``correct`` (both say the same) and ``negative`` (the output says no).
        """
        del kwargs
        said = model_output or {}
        return {
            name: {"correct": target.get(name) == said.get(name), "negative": not said.get(name)}
            for name in self.class_names
        }

    @op
    def summarize(self, score_rows: list[Any]) -> dict[str, Any]:
        """Sum up rows per class; rows without a score are left out."""
        summary: dict[str, Any] = {}
        for name in self.class_names:
            scores = [row[name] for row in score_rows if isinstance(row, dict) and row.get(name)]
            # A correct no counts nowhere.
            true_positives = sum(1 for s in scores if s["correct"] and not s["negative"])
            false_positives = sum(1 for s in scores if not s["correct"] and not s["negative"])
            false_negatives = sum(1 for s in scores if not s["correct"] and s["negative"])
            precision, recall, f1 = p_r_f1(true_positives, false_positives, false_negatives)
            summary[name] = {"f1": f1, "precision": precision, "recall": recall}
        return summary


def p_r_f1(tp: int, fp: int, fn: int) -> tuple[float, float, float]:
    """Work out precision, recall and F1 of counts; 0 where one is not defined.

    Args:
        tp: True positives.
        fp: False positives.
        fn: False negatives.
    """
    precision = tp / (tp + fp) if tp or fp else 0.0
    recall = tp / (tp + fn) if tp or fn else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision or recall else 0.0
    return precision, recall, f1


def transpose(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Turn rows into columns.

    Example:
        >>> transpose([{"a": 1, "b": 2}, {"a": 3, "b": 4}])
        {'a': [1, 3], 'b': [2, 4]}
    """
    columns: dict[str, list[Any]] = {}
    for row in rows:
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return columns

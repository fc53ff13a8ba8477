"""The scores of one answer of a model. Knows neither rows nor summaries."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import OpCallError
from weave_lite.flow.asked_op import in_worker, to_end
from weave_lite.flow.scoring import apply_scorer, missing_columns, record_score

if TYPE_CHECKING:
    from weave_lite.flow.eval_model import Prediction
    from weave_lite.flow.eval_run import EvalRun
    from weave_lite.flow.scoring import PreparedScorer

__all__ = ["scores_of"]

logger = logging.getLogger("weave_lite")


async def scores_of(
    run: EvalRun, example: dict[str, Any], uris: dict[str, str], prediction: Prediction
) -> dict[str, Any]:
    """Let all scorers score an answer, one after the other; one that fails gives no score.

    Args:
        run: What is known of the evaluation.
        example: The row.
        uris: Where the columns are stored.
        prediction: The answer.

    Returns:
        Scores by name of the scorer.

    Raises:
        OpCallError: The row lacks a column that a scorer needs.
    """
    score = partial(_scores, run, example, uris, prediction)
    if run.in_thread and run.scorers and not any(each.asked.is_async for each in run.scorers):
        # One hand-over to a worker thread for all of them.
        scores: dict[str, Any] = await in_worker(lambda: to_end(score(in_thread=False)))
        return scores
    return await score(in_thread=run.in_thread)


async def _scores(
    run: EvalRun,
    example: dict[str, Any],
    uris: dict[str, str],
    prediction: Prediction,
    *,
    in_thread: bool,
) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    for scorer in run.scorers:
        _check_columns(scorer, example)
        try:
            success = await apply_scorer(
                scorer, example, prediction.output, example_refs=uris, in_thread=in_thread
            )
        except Exception as error:
            logger.error("scorer %r failed: %r", scorer.name, error)  # noqa: TRY400 - the call has the trace
            continue
        scores[scorer.name] = success.result
        if run.client is not None and prediction.call is not None:
            record_score(run.client, prediction.call, scorer, success)
    return scores


def _check_columns(scorer: PreparedScorer, example: dict[str, Any]) -> None:
    """Refuse what cannot fit any row: it ends the evaluation."""
    missing = sorted(scorer.required.difference(scorer.columns(example)))
    if missing:
        raise OpCallError(missing_columns(scorer, example, missing))

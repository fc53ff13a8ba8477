"""ScoreLogger: one prediction of a logged evaluation, and the scores that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, overload

from weave_lite.core.errors import UsageError
from weave_lite.trace.context import pop_call, push_call
from weave_lite.trace.guard import warn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from weave_lite.flow.eval_logged import LoggedEvaluation, Prediction
    from weave_lite.flow.eval_parts import NamedScorer
    from weave_lite.flow.scorer import Scorer
    from weave_lite.trace.call import Call

__all__ = ["OverError", "ScoreBlock", "ScoreLogger"]


class OverError(UsageError, ValueError):
    """Something is logged to what has ended."""


class _NoScore:
    """Stands for a score that is not given."""


_NO_SCORE = _NoScore()


class ScoreBlock:
    """The ``with`` block in which a score is worked out; calls made in it nest under the score.

    Args:
        run: The evaluation.
        prediction: The prediction.
        scorer: Whose score it is.

    Attributes:
        value: The score; set it in the block.
    """

    def __init__(self, run: LoggedEvaluation, prediction: Prediction, scorer: NamedScorer) -> None:
        self.value: Any = None
        self._run = run
        self._prediction = prediction
        self._scorer = scorer
        self._call: Call | None = None
        prediction.empty_blocks.append(scorer.name)

    def __enter__(self) -> Self:
        if self._call is not None:
            raise OverError(
                f"this block of the score {self._scorer.name!r} was entered before; call log_score "
                "again for another score"
            )
        _check_open(self._prediction, "log_score")
        self._prediction.empty_blocks.remove(self._scorer.name)
        self._call = self._run.begin_score(self._prediction, self._scorer)
        if self._call.id is not None:
            push_call(self._call)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._call is not None
        if exc is not None:
            self._run.fail_score(self._call, exc)
        else:
            self._run.end_score(self._prediction, self._scorer, self._call, self.value)
        pop_call(self._call)


class ScoreLogger:
    """One prediction: takes its scores.

    As a ``with`` block it is the prediction being made: calls in the block nest under the model's
    call, ``output`` is set in it, and it ends with the block. One that raises is a row without a
    score.

    Args:
        run: The evaluation.
        prediction: The prediction.
        name_scorer: Makes a scorer of what ``log_score`` is given.
    """

    def __init__(
        self,
        run: LoggedEvaluation,
        prediction: Prediction,
        name_scorer: Callable[[Any], NamedScorer],
    ) -> None:
        self._name_scorer = name_scorer
        self._run = run
        self._prediction = prediction

    @property
    def predict_and_score_call(self) -> Call:
        """The call of the row, which holds prediction and scores."""
        return self._prediction.row_call

    @property
    def predict_call(self) -> Call:
        """The call of the model."""
        return self._prediction.predict_call

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What the model was asked."""
        return self._prediction.inputs

    @property
    def output(self) -> Any:
        """What the model said; may be set until the first score."""
        return self._prediction.output

    @output.setter
    def output(self, value: Any) -> None:
        if self._prediction.is_predicted:
            raise OverError(
                "the output of this prediction is recorded already; set it before the first score, "
                "and not when log_prediction was given it"
            )
        self._prediction.output = value

    @property
    def scores(self) -> dict[str, Any]:
        """The scores so far, by name."""
        return dict(self._prediction.scores)

    @overload
    def log_score(self, scorer: Scorer | Mapping[str, Any] | str) -> ScoreBlock: ...

    @overload
    def log_score(self, scorer: Scorer | Mapping[str, Any] | str, score: Any) -> None: ...

    def log_score(self, scorer: Any, score: Any = _NO_SCORE) -> ScoreBlock | None:
        """Log a score of this prediction.

        Args:
            scorer: A name, a dict with a name, a ``Scorer`` or an op.
            score: Any value. Without one, use what is returned as a ``with`` block and set its
                ``value`` there.

        Raises:
            ValueError: The prediction has ended, or the name is empty.
            TypeError: The scorer is none.
        """
        _check_open(self._prediction, "log_score")
        named = self._name_scorer(scorer)
        if score is _NO_SCORE:
            return ScoreBlock(self._run, self._prediction, named)
        call = self._run.begin_score(self._prediction, named)
        self._run.end_score(self._prediction, named, call, score)
        return None

    async def alog_score(self, scorer: Scorer | Mapping[str, Any] | str, score: Any) -> None:
        """Log a score: :meth:`log_score` for async code. Both work in either."""
        self.log_score(scorer, score)

    def finish(self, output: Any = None) -> None:
        """End the prediction: no more scores. Its logger does that as well, with the summary.

        Args:
            output: What the model said, where it was not set before.

        Raises:
            ValueError: The output is recorded already.
        """
        if self._prediction.is_over:
            warn("this prediction has ended already; finish does nothing", once=False)
            return
        if output is not None:
            self.output = output
        self._run.end_prediction(self._prediction)

    def __enter__(self) -> Self:
        _check_open(self._prediction, "a with block")
        self._run.enter(self._prediction)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is not None and not self._prediction.is_predicted:
            # As in an Evaluation: the model failed, the row is there.
            self._run.end_predict(self._prediction, exc)
            exc = None
        self._run.end_prediction(self._prediction, exc)
        # Where the block was left in order this is done; an early finish elsewhere left them here.
        pop_call(self._prediction.row_call)


def _check_open(prediction: Prediction, what: str) -> None:
    if prediction.is_over:
        raise OverError(
            f"this prediction has ended, by finish or log_summary; {what} comes before that"
        )

"""EvaluationLogger: an evaluation whose predictions and scores are made elsewhere and logged here.

What is recorded is ``eval_logged``; names as models and scorers are ``eval_parts``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from weave_lite.core.errors import UsageError
from weave_lite.flow.eval import Evaluation
from weave_lite.flow.eval_logged import LoggedEvaluation
from weave_lite.flow.eval_names import dated_name
from weave_lite.flow.eval_parts import dataset_of, model_of, scorer_of
from weave_lite.flow.score_logger import OverError, ScoreBlock, ScoreLogger
from weave_lite.trace.call_context import get_current_call
from weave_lite.trace.client_context import get_client
from weave_lite.trace.context import pop_call, push_call, tracing_enabled
from weave_lite.trace.guard import warn
from weave_lite.trace.settings import current

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from weave_lite.flow.dataset import Dataset
    from weave_lite.flow.eval_logged import Prediction
    from weave_lite.flow.eval_parts import NamedScorer
    from weave_lite.flow.model import Model
    from weave_lite.flow.scorer import Scorer
    from weave_lite.trace.call import Call

__all__ = ["EvaluationLogger", "ImperativeEvaluationLogger", "ScoreBlock", "ScoreLogger"]


class _NotADictError(UsageError, ValueError, TypeError):
    """A value must be a dict."""


class _NotATextError(UsageError, TypeError):
    """A name is no text."""


class EvaluationLogger:
    """Logs an evaluation whose predictions and scores your own code makes, as it makes them.

    It begins at once and ends with ``log_summary``, or as a ``with`` block; calls that are made
    meanwhile nest under it. One that is dropped, or open when the process ends, is ended without a
    summary. It needs no event loop, and threads may log to the same one. Without a client it does
    nothing, and says nothing.

    Args:
        name: Display name of the evaluation; by default a date and two words.
        model: A ``Model``, a name, or a dict with a name and attributes.
        dataset: A ``Dataset``, rows, or a name.
        scorers: The scorers that are to come: names, dicts with a name, or ``Scorer`` objects. A
            score of another one is logged, with a warning.
        eval_attributes: Attributes of the evaluate call.

    Raises:
        TypeError: A value cannot be the model, the dataset or a scorer.
        ValueError: A name is missing or empty.

    Example:
        >>> ev = EvaluationLogger(model="echo", dataset="greetings")
        >>> pred = ev.log_prediction(inputs={"q": "hi"}, output="hi")
        >>> pred.log_score("same", True)
        >>> ev.log_summary({"note": "first try"})
        >>> pred.scores
        {'same': True}
    """

    name: str | None
    model: Model
    dataset: Dataset

    def __init__(
        self,
        name: str | None = None,
        model: Model | Mapping[str, Any] | str | None = None,
        dataset: Dataset | list[dict[str, Any]] | str | None = None,
        *,
        scorers: Iterable[Scorer | Mapping[str, Any] | str] | None = None,
        eval_attributes: Mapping[str, Any] | None = None,
    ) -> None:
        if name is not None and not isinstance(name, str):
            raise _NotATextError(f"name must be a text, not {type(name).__name__}")
        if eval_attributes is not None:
            _check_dict("eval_attributes", eval_attributes)
        self.name = name
        self.model = model_of(model)
        self._named: dict[Any, NamedScorer] = {}
        self._expected: set[str] = set()
        expected = [self._scorer(scorer) for scorer in scorers or ()]
        self._expected = {scorer.name for scorer in expected}
        evaluation = Evaluation(
            dataset=dataset_of(dataset), scorers=[scorer.value for scorer in expected]
        )
        self.dataset = evaluation.dataset
        is_off = current().disabled or not tracing_enabled.get()
        self._run = LoggedEvaluation(
            None if is_off else get_client(),
            evaluation,
            self.model,
            name or dated_name("eval"),
            eval_attributes or {},
        )

    @property
    def ui_url(self) -> str | None:
        """The link of the evaluate call; None when nothing is traced."""
        call = self._run.call
        return None if call.id is None else call.ui_url

    @property
    def evaluate_call(self) -> Call:
        """The call of the evaluation; one without id when nothing is traced."""
        return self._run.call

    def log_prediction(self, inputs: Mapping[str, Any], output: Any = None) -> ScoreLogger:
        """Log a prediction.

        Args:
            inputs: What the model was asked.
            output: What it said. Without it, use what is returned as a ``with`` block and set its
                ``output`` there.

        Returns:
            What takes the scores of this prediction.

        Raises:
            ValueError: The evaluation has ended, or the inputs are no dict.

        Example:
            A prediction and a score that take calls of their own::

                with ev.log_prediction({"q": question}) as pred:
                    pred.output = answer(question)
                    with pred.log_score("judge") as score:
                        score.value = judge(question, pred.output)
        """
        return ScoreLogger(self._run, self._predict(inputs, output), self._scorer)

    def log_example(
        self, inputs: Mapping[str, Any], output: Any, scores: Mapping[str, Any]
    ) -> None:
        """Log a prediction with all its scores.

        Args:
            inputs: What the model was asked.
            output: What it said.
            scores: Name of the scorer -> score.

        Raises:
            ValueError: The evaluation has ended, or a value is no dict.
        """
        _check_dict("scores", scores)
        named = [(self._scorer(scorer), score) for scorer, score in scores.items()]
        prediction = self._predict(inputs, output)
        for scorer, score in named:
            call = self._run.begin_score(prediction, scorer)
            self._run.end_score(prediction, scorer, call, score)
        self._run.end_prediction(prediction)

    def log_summary(
        self, summary: Mapping[str, Any] | None = None, auto_summarize: bool = True
    ) -> None:
        """Sum up the scores and end the evaluation.

        Args:
            summary: Goes over what is worked out.
            auto_summarize: Whether to sum up the scores, see ``auto_summarize``; else the summary
                is the given one alone.

        Raises:
            ValueError: The summary is no dict.
        """
        if summary is not None:
            _check_dict("summary", summary)
        if self._run.is_over:
            warn("this evaluation has ended already; log_summary does nothing", once=False)
            return
        self._run.sum_up(summary or {}, is_auto=auto_summarize)

    def finish(self, exception: BaseException | None = None) -> None:
        """End the evaluation and its predictions without a summary; does nothing when it has ended.

        Args:
            exception: What made it fail, if it did.
        """
        self._run.finish(exception)

    def fail(self, exception: BaseException) -> None:
        """End the evaluation because of an exception, which is recorded."""
        self._run.finish(exception)

    def __enter__(self) -> Self:
        call = self._run.call
        if call.id is not None and not self._run.is_over and get_current_call() is not call:
            push_call(call)  # made in another context than it is used in
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> Literal[False]:
        self._run.finish(exc)
        pop_call(self._run.call)
        return False

    def _predict(self, inputs: Mapping[str, Any], output: Any) -> Prediction:
        _check_dict("inputs", inputs)
        if self._run.is_over:
            raise OverError(
                "this evaluation has ended, by log_summary or finish; make another EvaluationLogger "
                "for more predictions"
            )
        return self._run.predict(inputs, output)

    def _scorer(self, value: Any) -> NamedScorer:
        """Name a scorer; the same name or description is the same scorer."""
        key: Any = value
        if isinstance(value, dict):
            key = tuple((name, repr(item)) for name, item in value.items())
        elif not isinstance(value, str):
            key = id(value)
        named = self._named.get(key)
        # The id may have been that of a thing that is gone.
        if named is None or (type(key) is int and named.value is not value):
            named = self._named[key] = scorer_of(value)
            if self._expected and named.name not in self._expected:
                warn(
                    f"scorer {named.name!r} is not among those that were announced: "
                    f"{', '.join(sorted(self._expected))}; its score is logged all the same"
                )
        return named


class ImperativeEvaluationLogger(EvaluationLogger):
    """The old name of :class:`EvaluationLogger`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warn("ImperativeEvaluationLogger was renamed; use EvaluationLogger")
        super().__init__(*args, **kwargs)


def _check_dict(what: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        raise _NotADictError(f"{what} must be a dict, not {type(value).__name__}")

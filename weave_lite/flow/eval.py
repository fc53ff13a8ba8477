"""Evaluation: a dataset and scorers, by which models are compared.

What a row is, is written here; how rows run is ``eval_rows``, how an evaluation goes on after a
crash is ``eval_resume``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable  # noqa: TC003 - pydantic reads it
from contextlib import contextmanager
from contextvars import ContextVar
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BeforeValidator, Field, PrivateAttr, field_validator

from weave_lite.core.errors import UsageError
from weave_lite.core.refs import ObjectRef
from weave_lite.flow.auto_summarize import auto_summarize
from weave_lite.flow.dataset import Dataset
from weave_lite.flow.eval_model import Prediction, predict, prepare_model, preprocessed
from weave_lite.flow.eval_names import dated_name
from weave_lite.flow.eval_report import Meter, show_summary, summary_of
from weave_lite.flow.eval_resume import finished_rows, go_on
from weave_lite.flow.eval_rows import RowRun, parallelism_of, run_rows
from weave_lite.flow.eval_run import (
    EvalRun,
    column_uris,
    current_example,
    examples_of,
    prepare_all,
    score_uris,
    uri_of_saved,
)
from weave_lite.flow.eval_scores import scores_of
from weave_lite.flow.obj import Object
from weave_lite.flow.scoring import (
    prepare,
    run_to_end,
)
from weave_lite.trace.call_context import get_current_call
from weave_lite.trace.client_context import get_client
from weave_lite.trace.guard import warn
from weave_lite.trace.op import op
from weave_lite.trace.settings import current
from weave_lite.trace.table import Table
from weave_lite.trace.values.record import WeaveObject
from weave_lite.trace.values.table import WeaveTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weave_lite.flow.eval_report import Progress
    from weave_lite.flow.eval_run import Example
    from weave_lite.flow.scoring import PreparedScorer
    from weave_lite.trace.call import Call

__all__ = ["Evaluation", "EvaluationResults", "evaluate"]

logger = logging.getLogger("weave_lite")
# What is known once for all rows, while an evaluation runs.
_running: ContextVar[EvalRun | None] = ContextVar("_running", default=None)


class _DatasetError(UsageError, TypeError):
    """A value cannot be the dataset of an evaluation."""


class _ScorerError(UsageError, TypeError):
    """A value cannot be a scorer of an evaluation."""


class EvaluationResults(Object):
    """The table of an evaluation: a row per row of the dataset and trial.

    Args:
        rows: Dicts of ``output``, ``scores`` (by name of the scorer) and ``model_latency`` (seconds).
    """

    rows: Table | WeaveTable

    @field_validator("rows", mode="before")
    @classmethod
    def _to_table(cls, rows: Any) -> Table | WeaveTable:
        return rows if isinstance(rows, Table | WeaveTable) else Table(rows)


def _as_scorer(value: Any) -> Any:
    if isinstance(value, ObjectRef):
        value = value.get()
    if isinstance(value, type):
        raise _ScorerError(
            f"scorers must be instances: give {value.__name__}(), not {value.__name__}"
        )
    if isinstance(value, WeaveObject):
        return value
    return prepare(value).scorer


class Evaluation(Object):
    """A dataset and scorers. ``evaluate`` asks a model about each row and scores what it says.

    A row that fails is a row without a score; it never ends the evaluation. Each row is written as
    soon as it ends, so that an evaluation that was killed can go on (``resume=True``).

    Args:
        dataset: A Dataset, a list of dicts, a data frame, or the ref of a dataset.
        scorers: Scorers, ops or functions.
        preprocess_model_input: Makes of a row what the model gets, async or not; scorers get the
            row itself.
        trials: How often each row is asked.
        evaluation_name: Display name of each evaluate call: a text, or a function of the Call.

    Example:
        >>> import asyncio
        >>> @op
        ... def exact(output: int, expected: int) -> bool:
        ...     return output == expected
        >>> @op
        ... def double(n: int) -> int:
        ...     return 2 * n
        >>> rows = [{"n": 1, "expected": 2}, {"n": 2, "expected": 5}]
        >>> summary = asyncio.run(Evaluation(dataset=rows, scorers=[exact]).evaluate(double))
        >>> summary["exact"]
        {'true_count': 1, 'true_fraction': 0.5}
    """

    dataset: Dataset
    scorers: list[Annotated[Any, BeforeValidator(_as_scorer)]] | None = None
    preprocess_model_input: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    trials: int = Field(default=1, ge=1)
    evaluation_name: str | Callable[[Any], str] | None = None

    _prepared: tuple[list[Any], list[PreparedScorer]] | None = PrivateAttr(default=None)

    @field_validator("dataset", mode="before")
    @classmethod
    def _to_dataset(cls, value: Any) -> Any:
        if isinstance(value, ObjectRef):
            value = value.get()
        if isinstance(value, Dataset | WeaveObject):
            return value
        if isinstance(value, list | Table | WeaveTable) or type(value).__name__ == "DataFrame":
            return Dataset(rows=value)
        raise _DatasetError(
            f"dataset must be a weave.Dataset, a list of dicts or the ref of a dataset, not "
            f"{type(value).__name__}"
        )

    @field_validator("preprocess_model_input", mode="before")
    @classmethod
    def _to_function(cls, value: Any) -> Any:
        if value is None or callable(value):
            return value
        # A stored evaluation has only the text of the function.
        logger.warning(
            "preprocess_model_input of a stored evaluation is not run; set it again to use it"
        )
        return None

    def model_post_init(self, __context: Any, /) -> None:
        """Name the evaluation after its dataset, if it has no name of its own."""
        super().model_post_init(__context)
        if self.name is None and self.dataset.name:
            self.__dict__["name"] = f"{self.dataset.name}-evaluation"

    @classmethod
    def from_obj(cls, obj: WeaveObject) -> Self:
        """Make an evaluation of its stored record."""
        return cls.model_validate(obj)

    # --- running ---

    @op(
        call_display_name=lambda call: _display_name(call),  # noqa: PLW0108 - defined below
        postprocess_inputs=lambda inputs: {name: inputs[name] for name in ("self", "model")},
    )
    async def evaluate(
        self,
        model: Any,
        *,
        parallelism: int | None = None,
        resume: bool | str = False,
        progress: Progress = None,
    ) -> dict[str, Any]:
        """Ask a model about all rows and score its answers.

        Args:
            model: A ``Model`` whose ``predict`` is an op, or an op. The output of a generator is
                the list of its items, or what its ``accumulator`` makes of them; as with scorers.
            parallelism: Most rows at a time; by default ``WEAVE_PARALLELISM``, else 20.
            resume: Go on with the last evaluation of this model when that was killed, interrupted
                or failed: rows that ended are not asked again. A text is the id of its evaluate
                call. Not while it still runs elsewhere.
            progress: Called with an ``EvalProgress`` as rows end; False shows none. By default a
                bar, on a terminal.

        Returns:
            Per scorer its summary, and the summaries of ``output`` and ``model_latency``.

        Raises:
            ValueError: The model cannot be evaluated, or the call to go on with is not one.
            OpCallError: Rows lack a column that the model or a scorer needs.
        """
        del resume  # the input handler has seen to it
        results = await self.get_eval_results(model, parallelism=parallelism, progress=progress)
        summary: dict[str, Any] = await self.summarize(results)
        if progress is not False:
            show_summary(summary)
        return summary

    async def get_eval_results(
        self, model: Any, *, parallelism: int | None = None, progress: Progress = None
    ) -> EvaluationResults:
        """Ask a model about all rows and score its answers; give the table, without a summary.

        Args and errors are those of :meth:`evaluate`.
        """
        limit = parallelism_of(parallelism)
        with self._run_of(model) as run:
            is_own = type(self).predict_and_score is Evaluation.predict_and_score
            is_async = run.model.is_async or any(s.asked.is_async for s in run.scorers)
            is_sync = is_own and not (is_async or iscoroutinefunction(self.preprocess_model_input))
            run.in_thread = not is_sync
            if run.client is not None:
                run.uris = {
                    "self": uri_of_saved(run.client, self),
                    "model": uri_of_saved(run.client, model),
                }
            done = finished_rows(get_current_call())

            async def run_row(example: Example) -> dict[str, Any]:
                found = done.take(example.uri)
                if found is not None:
                    return found
                wishes: Any = {}
                if example.uri is not None:
                    wishes["__weave"] = {"input_refs": {**run.uris, "example": example.uri}}
                current_example.set(example)
                result: dict[str, Any] = await self.predict_and_score(model, example.row, **wishes)
                return result

            examples = examples_of(self.dataset, self.trials, run.client)
            with Meter(len(self.dataset.rows) * self.trials, progress, run) as meter:
                rows = await run_rows(examples, RowRun(run_row, limit, is_sync, meter.add))
        return EvaluationResults(rows=Table(rows))

    @op
    async def predict_and_score(self, model: Any, example: dict[str, Any]) -> dict[str, Any]:
        """Ask a model about one row and score its answer.

        Returns:
            Dict of ``output`` (None when the model failed), ``scores`` by name of the scorer, and
            ``model_latency`` in seconds.
        """
        with self._run_of(model) as run:
            uris = column_uris(example)
            try:
                row = await preprocessed(self.preprocess_model_input, example)
            except Exception as error:
                prediction = Prediction(None, None, 0.0, error)
            else:
                row_uris = {k: uri for k, uri in uris.items() if row.get(k) is example.get(k)}
                prediction = await predict(run.model, row, row_uris, in_thread=run.in_thread)
            scores: dict[str, Any] = {}
            if prediction.error is not None:
                run.failed += 1
                logger.error("the model failed: %s", prediction.error)
            else:
                scores = await scores_of(run, example, uris, prediction)
        return {
            run.output_key: prediction.output,
            "scores": scores,
            "model_latency": prediction.latency_s,
        }

    @op
    async def summarize(self, eval_table: EvaluationResults) -> dict[str, Any]:
        """Sum up a table of results.

        Returns:
            Per scorer its summary; per other column ``auto_summarize`` of it, where that says
            something.
        """
        scorers = self._prepared_scorers()
        rows = list(eval_table.rows)
        summary: dict[str, Any] = {}
        for column in dict.fromkeys(key for row in rows for key in row):
            if column == "scores":
                uris = score_uris(eval_table, [s.name for s in scorers], get_client())
                for scorer in scorers:
                    scores = [row[column].get(scorer.name, {}) for row in rows]
                    summary[scorer.name] = await summary_of(scorer, scores, uris.get(scorer.name))
                continue
            part = auto_summarize([row.get(column) for row in rows])
            # A scorer may bear the name of a column; what it says is not to be had elsewhere.
            if part and all(scorer.name != column for scorer in scorers):
                summary[column] = part
        return summary

    # --- what is known once ---

    @contextmanager
    def _run_of(self, model: Any) -> Iterator[EvalRun]:
        """Give what is known about a run; the outermost block works it out."""
        run = _running.get()
        if run is not None and run.evaluation is self and run.given is model:
            yield run
            return
        scorers = self._prepared_scorers()
        is_old = any(scorer.output_name == "model_output" for scorer in scorers)
        if is_old:
            warn("a scorer has the parameter model_output; rename it to output, its new name")
        client = None if current().disabled else get_client()
        run = EvalRun(
            self,
            model,
            prepare_model(model),
            scorers,
            "model_output" if is_old else "output",
            client,
        )
        token = _running.set(run)
        try:
            yield run
        finally:
            _running.reset(token)

    def _prepared_scorers(self) -> list[PreparedScorer]:
        scorers = list(self.scorers or ())
        known = self._prepared
        if known is None or [id(s) for s in known[0]] != [id(s) for s in scorers]:
            known = self._prepared = (scorers, prepare_all(scorers))
        return known[1]


Evaluation.evaluate._set_on_input_handler(go_on)  # type: ignore[attr-defined]  # noqa: SLF001


def _display_name(call: Call) -> str:
    """Name an evaluate call."""
    name = getattr(call.inputs.get("self"), "evaluation_name", None)
    if callable(name):
        return str(name(call))
    return name or dated_name("eval")


def evaluate(
    dataset: Any,
    model: Any,
    scorers: Iterable[Any] | None = None,
    preprocess_model_input: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Evaluate a model and wait for the summary.

    Args:
        dataset: A Dataset, a list of dicts, a data frame, or the ref of a dataset.
        model: A ``Model`` or an op.
        scorers: Scorers, ops or functions.
        preprocess_model_input: Makes of a row what the model gets.
    """
    evaluation = Evaluation(
        dataset=dataset,
        scorers=None if scorers is None else list(scorers),
        preprocess_model_input=preprocess_model_input,
    )
    summary: dict[str, Any] = run_to_end(lambda: evaluation.evaluate(model))
    return summary

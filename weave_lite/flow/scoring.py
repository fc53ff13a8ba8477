"""Applying a scorer to an output: which arguments it gets, and what is kept of what it says.

A scorer is a ``Scorer``, an op, or any function. What it says about a call is stored as feedback on
that call. Knows no evaluation.
"""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.core.errors import OpCallError, UsageError
from weave_lite.core.names import clean_object_id
from weave_lite.core.refs import ObjectRef
from weave_lite.flow.asked_op import asked_op, bound_op
from weave_lite.flow.score_feedback import put_score
from weave_lite.trace.client_context import require_client
from weave_lite.trace.guard import captured
from weave_lite.trace.op import as_op, op
from weave_lite.trace.values.stored_op import refuse_stored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from weave_lite.flow.asked_op import AskedOp
    from weave_lite.trace.call import Call
    from weave_lite.trace.weave_client import WeaveClient

__all__ = [
    "ApplyScorerSuccess",
    "PreparedScorer",
    "apply_scorer",
    "apply_scorer_to_call",
    "missing_columns",
    "prepare",
    "record_score",
    "run_to_end",
    "score_stored_call",
]

_OUTPUT_NAMES = ("output", "model_output")


class _NotAScorerError(UsageError, ValueError, TypeError):
    """A value cannot score."""


class _ColumnError(UsageError, ValueError):
    """The column map of a scorer does not fit its parameters or the row."""


class ApplyScorerSuccess(NamedTuple):
    """What a scorer said.

    Attributes:
        result: Its score.
        score_call: Its call; one without id when tracing is disabled.
    """

    result: Any
    score_call: Call


class PreparedScorer(NamedTuple):
    """A scorer with what is known about it once and for all.

    Attributes:
        scorer: The scorer: a ``Scorer`` or an op.
        name: Its name, which its scores stand under.
        asked: Its op, looked at.
        output_name: The parameter that takes the output.
        parameters: Names of all other parameters.
        required: Those of them without a default.
        column_map: Parameter -> column, where they differ; None when there is no such map.
    """

    scorer: Any
    name: str
    asked: AskedOp
    output_name: str
    parameters: tuple[str, ...]
    required: frozenset[str]
    column_map: Mapping[str, str] | None

    def columns(self, example: Mapping[str, Any]) -> dict[str, str]:
        """Choose the column for each parameter.

        Raises:
            ValueError: The column map does not fit the parameters or the example.
        """
        if self.column_map is None:
            return {name: name for name in self.parameters if name in example}
        chosen: dict[str, str] = {}
        for name in self.parameters:
            if name in example:
                chosen[name] = name
            elif name in self.column_map:
                column = self.column_map[name]
                if column not in example:
                    raise _ColumnError(
                        f"column_map of scorer {self.name!r} takes {name!r} from column {column!r}, "
                        f"which is not among {_words(example)}"
                    )
                chosen[name] = column
            elif name in self.required:
                raise _ColumnError(
                    f"scorer {self.name!r} needs {name!r}, which is neither among the columns "
                    f"{_words(example)} nor in its column_map {dict(self.column_map)}"
                )
        return chosen


def prepare(scorer: Any) -> PreparedScorer:
    """Look at a scorer once; a plain function becomes an op.

    Args:
        scorer: A ``Scorer``, an op, a function, or a record of a scorer whose ``score`` can run.

    Raises:
        ValueError: It cannot score, or its ``column_map`` names a parameter that ``score`` has not.
        OpCallError: ``score`` takes no output.
        NotSupportedError: It was read from the store, and stored code is not run.
    """
    scorer, bound, name = _op_of(scorer)
    name = clean_object_id(name)
    asked = asked_op(bound)
    if asked.by_position:
        raise _NotAScorerError(
            f"scorer {name!r} has positional-only parameters; columns are passed by name: remove "
            "the / from its parameters"
        )
    names = asked.names
    output_name = next((each for each in _OUTPUT_NAMES if each in names), None)
    if output_name is None:
        raise OpCallError(
            f"scorer {name!r} has no parameter for the output; add one named output (it has "
            f"{_words(names)})"
        )
    parameters = tuple(each for each in names if each != output_name)
    column_map = getattr(scorer, "column_map", None)
    for parameter in column_map or ():
        if parameter not in names and not asked.takes_more:
            raise _ColumnError(
                f"column_map of scorer {name!r} names {parameter!r}, which is no parameter of its "
                f"score; that has {_words(names)}"
            )
    if column_map:
        parameters += tuple(each for each in column_map if each not in names)
    return PreparedScorer(
        scorer,
        name,
        asked,
        output_name,
        parameters,
        # What the column map brings to the keywords of any name is wanted too.
        frozenset(p for p in parameters if p in asked.required or p not in names),
        column_map,
    )


def _op_of(scorer: Any) -> tuple[Any, Any, str]:
    """Find the op of a scorer, and its name; a plain function becomes an op."""
    if isinstance(scorer, type):
        raise _NotAScorerError(
            f"scorer {scorer.__name__} is a class; give an instance: {scorer.__name__}()"
        )
    refuse_stored(scorer)
    bound = bound_op(scorer)
    if bound is not None:
        scorer, name = bound, as_op(bound).name
    elif hasattr(scorer, "score"):
        name = getattr(scorer, "name", None) or _class_name(scorer)
        refuse_stored(scorer.score)
        bound = bound_op(scorer.score)
        if bound is None:
            raise _NotAScorerError(
                f"score of scorer {name!r} must be an op; decorate it with @weave.op"
            )
    elif callable(scorer):
        scorer = bound = op(scorer)
        name = as_op(scorer).name
    else:
        raise _NotAScorerError(
            f"a scorer must be a weave.Scorer, an op or a function, not {type(scorer).__name__}"
        )
    return scorer, bound, name


async def apply_scorer(
    scorer: PreparedScorer,
    example: Mapping[str, Any],
    output: Any,
    *,
    example_refs: Mapping[str, Any] | None = None,
    output_ref: Any = None,
    in_thread: bool = True,
) -> ApplyScorerSuccess:
    """Run a scorer on an output.

    Args:
        scorer: The scorer.
        example: The row, or the inputs of the call: column -> value.
        output: What it scores.
        example_refs: Refs that are recorded in place of values, by column.
        output_ref: The ref that is recorded in place of the output.
        in_thread: Whether a scorer that is not async runs in a worker thread.

    Raises:
        OpCallError: The columns do not fit the parameters; the message has hints.
        ValueError: The column map does not fit.
        Exception: What the scorer raised.
    """
    columns = scorer.columns(example)
    kwargs = {name: example[column] for name, column in columns.items()}
    kwargs[scorer.output_name] = output
    refs = {
        name: example_refs[column]
        for name, column in columns.items()
        if example_refs and column in example_refs
    }
    if output_ref is not None:
        refs[scorer.output_name] = output_ref
    try:
        result, call = await scorer.asked.ask(kwargs, refs, in_thread=in_thread, is_raising=True)
    except OpCallError as error:
        missing = sorted(scorer.required.difference(columns))
        if not missing:
            raise
        raise OpCallError(missing_columns(scorer, example, missing)) from error
    return ApplyScorerSuccess(result, call)


def missing_columns(
    scorer: PreparedScorer, example: Mapping[str, Any], missing: Sequence[str]
) -> str:
    """Say which columns a scorer lacks, and what can be done."""
    return (
        f"scorer {scorer.name!r} needs {_words(missing)}: it takes {_words((scorer.output_name, *scorer.parameters))}; "
        f"the columns are {_words(example)}.\nRename the parameters to the columns, give the "
        "scorer a column_map={parameter: column}, or give missing parameters a default."
    )


def record_score(
    client: WeaveClient,
    scored: Call,
    scorer: PreparedScorer,
    success: ApplyScorerSuccess,
    *,
    trigger_ref: str | None = None,
) -> None:
    """Store a score as feedback on the call that it is about, in order with the records of calls.

    Args:
        client: Where to store it.
        scored: The call.
        scorer: Who scored.
        success: What it said.
        trigger_ref: URI of the monitor that asked for the score.
    """
    if scored.id is None or success.score_call.id is None:
        return
    try:
        runnable = client.publisher.save_object(scorer.scorer)
    except Exception as error:
        captured("Error storing a scorer", error)
        return
    put_score(client, scored, runnable, success.result, success.score_call, trigger_ref=trigger_ref)


async def apply_scorer_to_call(
    call: Call, scorer: Any, additional_scorer_kwargs: Mapping[str, Any] | None = None
) -> ApplyScorerSuccess:
    """Score a call that has ended, and store the score as feedback on it.

    Args:
        call: The call.
        scorer: A ``Scorer``, an op or a function.
        additional_scorer_kwargs: More columns, beside the inputs of the call.

    Raises:
        WeaveInitError: No client is active.
        OpCallError: The inputs do not fit the parameters of the scorer.
        Exception: What the scorer raised.
    """
    client = require_client()
    return await score_stored_call(client, call, prepare(scorer), additional_scorer_kwargs)


async def score_stored_call(
    client: WeaveClient,
    call: Call,
    scorer: PreparedScorer,
    more_columns: Mapping[str, Any] | None = None,
    *,
    trigger_ref: str | None = None,
    in_thread: bool = True,
) -> ApplyScorerSuccess:
    """Score a call that has ended, and store the score: what ``apply_scorer_to_call`` does.

    Args:
        client: Where to store the score; the active client.
        call: The call.
        scorer: Who scores.
        more_columns: Columns beside the inputs of the call.
        trigger_ref: URI of the monitor that asked for the score.
        in_thread: Whether a scorer that is not async runs in a worker thread.
    """
    example: dict[str, Any] = {}
    refs: dict[str, Any] = {}
    for name, value in {**call.inputs, **(more_columns or {})}.items():
        if name == "self":
            continue
        if isinstance(value, ObjectRef):
            refs[name] = value
        example[name] = value
    for column in scorer.columns(example).values():
        if column in refs:
            example[column] = refs[column].get()
    output, output_ref = call.output, None
    if isinstance(output, ObjectRef):
        output, output_ref = output.get(), output
    success = await apply_scorer(
        scorer,
        example,
        output,
        example_refs=refs,
        output_ref=output_ref,
        in_thread=in_thread,
    )
    record_score(client, call, scorer, success, trigger_ref=trigger_ref)
    return success


def run_to_end(make: Callable[[], Any]) -> Any:
    """Run what makes a coroutine to its end, also where an event loop runs already.

    Args:
        make: Gives the coroutine.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(make())
    # A loop cannot wait for itself; a thread of its own, in this context, can.
    answer: list[Any] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            answer.append(asyncio.run(make()))
        except BaseException as error:
            failure.append(error)

    thread = Thread(target=copy_context().run, args=(run,), daemon=True)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return answer[0]


def _class_name(scorer: Any) -> str:
    return str(getattr(scorer, "_class_name", None) or type(scorer).__name__)


def _words(names: Any) -> str:
    return ", ".join(map(str, names)) or "none"

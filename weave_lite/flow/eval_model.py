"""What an evaluation evaluates: a model or an op, asked for one row."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.core import jsontext
from weave_lite.core.errors import MissingInferenceMethodError, OpCallError, UsageError
from weave_lite.flow.model import Model
from weave_lite.flow.scoring import in_worker
from weave_lite.trace.bind import plan_for
from weave_lite.trace.op import as_op, is_op
from weave_lite.trace.values.record import WeaveObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.trace.call import Call

__all__ = ["Prediction", "PreparedModel", "predict", "prepare_model", "preprocessed"]


class _NotAModelError(UsageError, ValueError):
    """A value cannot be evaluated."""


class PreparedModel(NamedTuple):
    """A model with what is known about it once and for all.

    Attributes:
        op: The op that answers, bound to the model when it is an object.
        is_async: Whether the op is.
        parameters: Names of its parameters.
        required: Those of them without a default.
    """

    op: Any
    is_async: bool
    parameters: tuple[str, ...]
    required: frozenset[str]


class Prediction(NamedTuple):
    """What a model said to a row.

    Attributes:
        output: Its output; None when it failed.
        call: Its call; None when it failed before it had one.
        latency_s: Seconds.
        error: What it raised.
    """

    output: Any
    call: Call | None
    latency_s: float
    error: Exception | None = None


def prepare_model(model: Any) -> PreparedModel:
    """Look at a model once.

    Args:
        model: A ``Model``, an op, or the record of a model whose ``predict`` can run.

    Raises:
        ValueError: It is none of these, or the method that answers is no op.
    """
    if isinstance(model, type):
        raise _NotAModelError(
            f"model {model.__name__} is a class; give an instance: {model.__name__}()"
        )
    if is_op(model):
        method = model
    elif isinstance(model, Model):
        try:
            method = model.get_infer_method()
        except MissingInferenceMethodError as error:
            raise _NotAModelError(str(error)) from error
        if not is_op(method):
            raise _NotAModelError(
                f"{type(model).__name__}.{getattr(method, '__name__', 'predict')} must be an op; "
                "decorate it with @weave.op"
            )
    elif isinstance(model, WeaveObject) and is_op(getattr(model, "predict", None)):
        method = model.predict
    else:
        raise _NotAModelError(
            "a model must be a weave.Model with a predict that is an op, or an op, not "
            f"{type(model).__name__}; decorate a function with @weave.op"
        )
    plan = plan_for(as_op(method).resolve_fn)
    if plan.positional_only > (method is not model):  # the model itself may be
        raise _NotAModelError(
            f"model {method.name!r} has positional-only parameters; columns are passed by name: "
            "remove the / from its parameters"
        )
    names = (*plan.positional, *plan.keyword_only)
    if method is not model or hasattr(method, "__func__"):
        names = names[1:]  # bound: the model itself
    return PreparedModel(
        method,
        inspect.iscoroutinefunction(as_op(method).resolve_fn),
        names,
        frozenset(each for each in names if each not in plan.defaults),
    )


async def preprocessed(
    preprocess: Callable[[dict[str, Any]], Any] | None, example: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Make what the model gets of a row.

    Args:
        preprocess: The user's function, async or not; None leaves the row as it is.
        example: The row.

    Raises:
        UsageError: The function gave no dict.
        Exception: What it raised.
    """
    if preprocess is None:
        return example
    row = preprocess(dict(example))
    if inspect.iscoroutinefunction(preprocess):
        row = await row
    if not isinstance(row, Mapping):
        raise UsageError(f"preprocess_model_input must return a dict, not {type(row).__name__}")
    return row


async def predict(
    model: PreparedModel,
    row: Mapping[str, Any],
    refs: Mapping[str, Any],
    *,
    in_thread: bool = True,
) -> Prediction:
    """Ask a model about a row: it gets the columns that it has parameters for.

    Args:
        model: The model.
        row: Column -> value.
        refs: Refs that are recorded in place of values, by column.
        in_thread: Whether a model that is not async runs in a worker thread.

    Raises:
        OpCallError: The row lacks a column that the model needs; the message has hints.
    """
    missing = sorted(model.required.difference(row))
    if missing:
        raise OpCallError(
            f"model {model.op.name!r} needs {', '.join(missing)}, and the columns are "
            f"{', '.join(map(str, row)) or 'none'}. Rename its parameters to the columns, give them "
            "defaults, or give the evaluation a preprocess_model_input that makes them"
        )
    kwargs = {name: row[name] for name in model.parameters if name in row}
    wishes = {"__weave": {"input_refs": {name: refs[name] for name in kwargs if name in refs}}}
    run = partial(model.op.call, **kwargs, **wishes, __should_raise=False)
    started = time.perf_counter()
    try:
        if model.is_async:
            output, call = await run()
        elif in_thread:
            output, call = await in_worker(run)
        else:
            output, call = run()
    except Exception as error:
        return Prediction(None, None, time.perf_counter() - started, error)
    latency_s = time.perf_counter() - started
    if call.exception is not None:
        told = jsontext.parse(call.exception)
        return Prediction(
            None, call, latency_s, _FailedError(f"{told.get('type')}: {told.get('message')}")
        )
    return Prediction(output, call, latency_s)


class _FailedError(UsageError):
    """A model raised; the text is that of the call's exception."""

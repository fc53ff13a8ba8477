"""What an evaluation evaluates: a model or an op, asked for one row."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.core import jsontext
from weave_lite.core.errors import MissingInferenceMethodError, OpCallError, UsageError
from weave_lite.flow.asked_op import asked_op, bound_op
from weave_lite.flow.model import Model
from weave_lite.trace.values.record import WeaveObject
from weave_lite.trace.values.stored_op import refuse_stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.flow.asked_op import AskedOp
    from weave_lite.trace.call import Call

__all__ = ["Prediction", "predict", "prepare_model", "preprocessed"]


class _NotAModelError(UsageError, ValueError):
    """A value cannot be evaluated."""


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


def prepare_model(model: Any) -> AskedOp:
    """Look at a model once.

    Args:
        model: A ``Model``, an op, or the record of a model whose ``predict`` can run.

    Raises:
        ValueError: It is none of these, or the method that answers is no op.
        NotSupportedError: It was read from the store, and stored code is not run.
    """
    if isinstance(model, type):
        raise _NotAModelError(
            f"model {model.__name__} is a class; give an instance: {model.__name__}()"
        )
    refuse_stored(model)
    method = bound_op(model)
    if isinstance(model, Model):
        try:
            given = model.get_infer_method()
        except MissingInferenceMethodError as error:
            raise _NotAModelError(str(error)) from error
        method = bound_op(given)
        if method is None:
            raise _NotAModelError(
                f"{type(model).__name__}.{getattr(given, '__name__', 'predict')} must be an op; "
                "decorate it with @weave.op"
            )
    elif isinstance(model, WeaveObject) and hasattr(model, "predict"):
        refuse_stored(model.predict)
        method = bound_op(model.predict)
    if method is None:
        raise _NotAModelError(
            "a model must be a weave.Model with a predict that is an op, or an op, not "
            f"{type(model).__name__}; decorate a function with @weave.op"
        )
    asked = asked_op(method)
    if asked.by_position:
        raise _NotAModelError(
            f"model {method.name!r} has positional-only parameters; columns are passed by name: "
            "remove the / from its parameters"
        )
    return asked


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
    model: AskedOp,
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
    kwargs = {name: row[name] for name in model.names if name in row}
    input_refs = {name: refs[name] for name in kwargs if name in refs}
    started = time.perf_counter()
    try:
        output, call = await model.ask(kwargs, input_refs, in_thread=in_thread, is_raising=False)
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

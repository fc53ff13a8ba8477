"""Running an op with all trimmings: ``op.call``, reserved arguments, hooks of integrations, streams.

The plain way of sync and async ops stands in the wrappers of ``op``, which are as short as they can
be; everything rarer comes here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.core.errors import OpCallError, UsageError
from weave_lite.trace.bind import plan_for
from weave_lite.trace.client_context import active
from weave_lite.trace.context import (
    enter_block,
    leave_block,
    pop_call,
    push_call,
    tracing_enabled,
)
from weave_lite.trace.guard import captured
from weave_lite.trace.hooks import described
from weave_lite.trace.op_spec import OpKind
from weave_lite.trace.stream import Stream, drive, drive_async, untraced, untraced_async
from weave_lite.trace.traced_iterator import TracedIterator, is_iterator
from weave_lite.trace.tracer import UNSAMPLED, Tracer, placeholder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from weave_lite.trace.call import Call

__all__ = ["run_for_call", "run_plainly"]


class _Wish(NamedTuple):
    """What the caller of an op asked for besides the result."""

    display_name: str | None = None
    # Give the pair of result and call, and keep exceptions in the call.
    is_pair: bool = False
    is_raising: bool = True
    is_left_open: bool = False
    # Refs to record in place of arguments, by name: the function gets the plain values.
    input_refs: Mapping[str, Any] = {}
    # Is told what the op gave, all of it, before postprocessing.
    on_output: Callable[[Any], object] | None = None


class _Run:
    """One run of an op: its arguments, and its call if it is traced."""

    __slots__ = ("args", "call", "function", "is_unsampled", "kwargs", "options", "tracer", "wish")

    def __init__(
        self, options: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any], wish: _Wish
    ) -> None:
        self.options = options
        self.function = options["_weave_spec"].function
        self.args = args
        self.kwargs = kwargs
        self.wish = wish
        self.call: Call | None = None
        self.is_unsampled = False
        self.tracer: Tracer | None = active.tracer if options["_tracing_enabled"] else None

    def start(self) -> None:
        """Begin the call, if the op is to be traced."""
        tracer, options = self.tracer, self.options
        if tracer is None:
            return
        inputs = None
        handler = options["_on_input_handler"]
        if handler is not None:
            try:
                processed = handler(options["_weave_op_object"], self.args, self.kwargs)
            except UsageError:
                raise
            except Exception as error:
                processed = None
                captured("Error in an input handler", error)
            if processed is not None:
                self.args, self.kwargs = processed.args, processed.kwargs
                inputs = processed.inputs
                if processed.call is not None:
                    self.call = processed.call
                    return
        plain = None
        if self.wish.input_refs and inputs is None:
            plain = self._bound()
            if plain is not None:
                refs = self.wish.input_refs
                inputs = {name: refs.get(name, value) for name, value in plain.items()}
        started = tracer.start(options, self.args, self.kwargs, inputs, self.wish.display_name)
        if started is UNSAMPLED:
            self.is_unsampled = True
            return
        self.call = started
        if plain is not None and started is not None:
            started.inputs = plain

    def _bound(self) -> dict[str, Any] | None:
        spec = self.options["_weave_spec"]
        try:
            plan = spec.plan
            if plan is None:
                plan = spec.plan = plan_for(spec.function)
            inputs: dict[str, Any] = plan.bind(self.args, self.kwargs)
        except OpCallError:
            return None  # the tracer says it better
        return inputs

    def finish(
        self,
        output: Any = None,
        error: BaseException | None = None,
        encoded: tuple[str, tuple[str, ...]] | None = None,
    ) -> None:
        """End the call."""
        if self.wish.on_output is not None:
            self.wish.on_output(output)
        if self.tracer is not None and self.call is not None:
            self.tracer.end(self.call, self.options, output, error, encoded)

    def fail(self, error: BaseException) -> Any:
        """End the call with an exception, and raise that or hand over the pair."""
        call = self.call
        if call is None:
            call = placeholder()
            call.exception = described(error)
        elif self.wish.is_left_open:
            pop_call(call)
        else:
            self.finish(error=error)
        if self.wish.is_raising or not isinstance(error, Exception):
            raise error
        return None, call

    def hand_over(self, output: Any) -> Any:
        """End the call with its output, or leave that to whoever takes the output further."""
        call = self.call
        if call is None:
            if not self.wish.is_pair:
                return output
            call = placeholder()
            call.output = output
            return output, call
        pop_call(call)
        handler = self.options["_on_output_handler"]
        accumulate = self.options["_accumulator"]
        if handler is not None:
            try:
                output = handler(output, self.finish, call.inputs)
            except Exception as error:
                captured("Error in an output handler", error)
                self.finish(output)
        elif accumulate is not None and is_iterator(output):
            output = TracedIterator(output, Stream(call, self.finish, accumulate))
        elif not self.wish.is_left_open:
            self.finish(output)
        return (output, call) if self.wish.is_pair else output


def run_plainly(options: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run an op and return what its function returns: the result, a coroutine or a generator."""
    kwargs, wish = _wish_of(kwargs, is_pair=False)
    return _RUNNERS[options["_weave_kind"]](_Run(options, args, kwargs, wish))


def run_for_call(options: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run an op and return the pair of result and call, or a coroutine that gives it."""
    kwargs, wish = _wish_of(kwargs, is_pair=True)
    return _RUNNERS[options["_weave_kind"]](_Run(options, args, kwargs, wish))


def _wish_of(kwargs: dict[str, Any], *, is_pair: bool) -> tuple[dict[str, Any], _Wish]:
    kwargs = dict(kwargs)
    named = kwargs.pop("__weave", None)
    is_raising = bool(kwargs.pop("__should_raise", False))
    is_left_open = bool(kwargs.pop("__require_explicit_finish", False))
    wishes = named if isinstance(named, dict) else {}
    return kwargs, _Wish(
        wishes.get("display_name"),
        is_pair,
        is_raising or not is_pair,
        is_left_open,
        wishes.get("input_refs") or {},
        wishes.get("on_output"),
    )


def _run_sync(run: _Run) -> Any:
    run.start()
    if run.is_unsampled:
        tracing_enabled.set(False)
    elif run.call is not None:
        push_call(run.call)
    try:
        output = run.function(*run.args, **run.kwargs)
    except BaseException as error:
        return run.fail(error)
    finally:
        if run.is_unsampled:
            tracing_enabled.set(True)
    return run.hand_over(output)


async def _run_async(run: _Run) -> Any:
    run.start()
    key = None
    if run.is_unsampled:
        # A coroutine may be collected in another context.
        key = enter_block(tracing_enabled, False)
    elif run.call is not None:
        push_call(run.call)
    try:
        output = await run.function(*run.args, **run.kwargs)
    except BaseException as error:
        return run.fail(error)
    finally:
        if key is not None:
            leave_block(key)
    return run.hand_over(output)


def _run_stream(run: _Run) -> Any:
    """Begin the call when the generator is made; it ends with the generator."""
    run.start()
    try:
        body = run.function(*run.args, **run.kwargs)
    except BaseException as error:
        return run.fail(error)
    is_async = run.options["_is_async_generator"]
    call = run.call
    if call is None:
        stepped: Any = body
        if run.is_unsampled:
            stepped = untraced_async(body) if is_async else untraced(body)
        return run.hand_over(stepped)
    finish = _leave_open if run.wish.is_left_open else run.finish
    snapshot = run.tracer.write if run.tracer is not None else None
    stream = Stream(call, finish, run.options["_accumulator"], snapshot)
    made: Any = drive_async(stream, body) if is_async else drive(stream, body)
    wrapper = run.options["_weave_op_object"]
    made.__name__, made.__qualname__ = wrapper.__name__, wrapper.__qualname__
    return (made, call) if run.wish.is_pair else made


def _leave_open(output: Any, error: BaseException | None, encoded: Any = None) -> None:
    """Stand for the end of a call that somebody else ends."""


_RUNNERS = {
    OpKind.SYNC: _run_sync,
    OpKind.ASYNC: _run_async,
    OpKind.GENERATOR: _run_stream,
    OpKind.ASYNC_GENERATOR: _run_stream,
}

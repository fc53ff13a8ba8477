"""Ops that columns are passed to by name: what is known of one, and one run of it to its very end.

A generator has ended when it has given its last item; its output is what its call records. Knows no
model, no scorer and no evaluation.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, copy_context
from functools import partial
from types import MethodType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from weave_lite.trace.bind import plan_for
from weave_lite.trace.hooks import described
from weave_lite.trace.op import as_op, is_op
from weave_lite.trace.op_object import BoundOp
from weave_lite.trace.op_spec import OpKind
from weave_lite.trace.stream import Stream
from weave_lite.trace.traced_iterator import is_async_iterator, is_iterator

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from concurrent.futures import ThreadPoolExecutor

    from weave_lite.trace.call import Call

__all__ = ["AskedOp", "asked_op", "bound_op", "in_worker", "to_end", "workers"]

T = TypeVar("T")

# Worker threads for functions that are not async.
workers: ContextVar[ThreadPoolExecutor | None] = ContextVar("workers", default=None)


class AskedOp(NamedTuple):
    """An op with what is known about it once and for all.

    Attributes:
        op: The op, bound to its object if it is a method.
        names: Names of its parameters, without that of the object.
        required: Those of them without a default.
        takes_more: Whether it takes keywords of any name.
        by_position: Whether a parameter can be passed by position only.
        kind: One of ``OpKind``.
        accumulate: Makes one output of the items that it gives; None for their list.
        may_stream: Whether what it gives back may go on after it has returned.
    """

    op: Any
    names: tuple[str, ...]
    required: frozenset[str]
    takes_more: bool
    by_position: bool
    kind: str
    accumulate: Callable[[Any, Any], Any] | None
    may_stream: bool

    @property
    def is_async(self) -> bool:
        """Whether a run may have to wait for something."""
        if self.kind == OpKind.SYNC:
            # What it gives back may be an async iterator, and is only known then.
            return self.may_stream
        return self.kind != OpKind.GENERATOR

    async def ask(
        self,
        kwargs: Mapping[str, Any],
        input_refs: Mapping[str, Any],
        *,
        in_thread: bool,
        is_raising: bool,
    ) -> tuple[Any, Call]:
        """Run it to its end.

        Args:
            kwargs: Its arguments.
            input_refs: Refs that are recorded in place of arguments, by name.
            in_thread: Whether an op that is not async runs in a worker thread.
            is_raising: Whether an exception is raised; else the output is None and the call has it.

        Raises:
            OpCallError: The arguments do not fit.
            Exception: What it raised.
        """
        if self.may_stream:
            return await self._collect(kwargs, input_refs, in_thread, is_raising)
        return await self._run(kwargs, {"input_refs": input_refs}, in_thread, is_raising)

    async def _run(
        self, kwargs: Mapping[str, Any], wishes: dict[str, Any], in_thread: bool, is_raising: bool
    ) -> tuple[Any, Call]:
        run = partial(self.op.call, **kwargs, __weave=wishes, __should_raise=is_raising)
        answer: tuple[Any, Call]
        if self.kind == OpKind.ASYNC:
            answer = await run()
        elif in_thread and self.kind == OpKind.SYNC:
            answer = await in_worker(run)
        else:
            # The body of a generator does not run before its first item is asked for.
            answer = run()
        return answer

    async def _collect(
        self,
        kwargs: Mapping[str, Any],
        input_refs: Mapping[str, Any],
        in_thread: bool,
        is_raising: bool,
    ) -> tuple[Any, Call]:
        """Take all that a stream gives."""
        outputs: list[Any] = []
        wishes = {"input_refs": input_refs, "on_output": outputs.append}
        stream, call = await self._run(kwargs, wishes, in_thread, is_raising)
        is_traced = call.id is not None
        if not is_iterator(stream) or (is_traced and outputs) or not (is_traced or self._is_own()):
            return stream, call
        # One that is not traced has nobody else to make its output.
        own = None if is_traced else Stream(None, _teller(outputs), self.accumulate)
        try:
            if is_async_iterator(stream):
                async for item in stream:
                    if _is_enough(item, own, outputs):
                        break
            elif in_thread:
                await in_worker(partial(_drain, stream, own, outputs))
            else:
                _drain(stream, own, outputs)
        except Exception as error:
            if own is not None:
                call.exception = described(error)
            if is_raising:
                raise
            return None, call
        if own is not None:
            own.end()
            call.output = outputs[0]
        return (outputs[0] if outputs else call.output), call

    def _is_own(self) -> bool:
        """Tell whether the op itself says what its stream comes to, not a library's hook."""
        return self.accumulate is not None or self.kind in _STREAMS


_STREAMS = frozenset({OpKind.GENERATOR, OpKind.ASYNC_GENERATOR})


def _drain(stream: Any, own: Stream | None, outputs: list[Any]) -> None:
    for item in stream:
        if _is_enough(item, own, outputs):
            break


def _is_enough(item: Any, own: Stream | None, outputs: list[Any]) -> bool:
    """Take an item; tell whether the accumulator has ended the stream."""
    if own is not None:
        own.add(item)
    return bool(outputs)


def _teller(outputs: list[Any]) -> Callable[[Any, BaseException | None], None]:
    def tell(output: Any, error: BaseException | None) -> None:
        del error
        outputs.append(output)

    return tell


def bound_op(method: Any) -> Any:
    """Give a method as an op, also where its class took an op of a function; None when it is none."""
    if is_op(method):
        return method
    if type(method) is MethodType and is_op(method.__func__):
        return BoundOp(method.__func__, method.__self__)
    return None


def asked_op(method: Any) -> AskedOp:
    """Look at an op once.

    Args:
        method: The op; a static one that was taken from an object is not bound to it.

    Raises:
        UsageError: It is no op.
    """
    op = as_op(method)
    plan = plan_for(op.resolve_fn)
    names = (*plan.positional, *plan.keyword_only)
    is_bound = hasattr(method, "__func__")
    if is_bound:
        names = names[1:]
    options = op.__dict__
    kind, accumulate = options["_weave_kind"], options["_accumulator"]
    hooked = options["_on_output_handler"] is not None
    return AskedOp(
        method,
        names,
        frozenset(name for name in names if name not in plan.defaults),
        takes_more=plan.var_keyword is not None,
        by_position=plan.positional_only > is_bound,
        kind=kind,
        accumulate=accumulate,
        may_stream=hooked or accumulate is not None or kind in _STREAMS,
    )


async def in_worker(function: Callable[[], Any]) -> Any:
    """Run a function in a worker thread, in a copy of this context.

    The workers are those of :data:`workers` when it is set, else the event loop's own, which are
    few on a small machine.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(workers.get(), copy_context().run, function)


def to_end(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits.

    Raises:
        RuntimeError: It waited for something.
    """
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise RuntimeError("a run without anything async waited for something")

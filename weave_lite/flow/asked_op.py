"""Ops that columns are passed to by name: what is known of one, and one run of it to its very end.

A generator has ended when it has given its last item; its output is what its call records. Knows no
model, no scorer and no evaluation.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.trace.bind import plan_for
from weave_lite.trace.guard import captured
from weave_lite.trace.hooks import described
from weave_lite.trace.op import as_op
from weave_lite.trace.op_spec import OpKind
from weave_lite.trace.traced_iterator import is_iterator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import ThreadPoolExecutor

    from weave_lite.trace.call import Call

__all__ = ["AskedOp", "asked_op", "in_worker", "workers"]

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
    """

    op: Any
    names: tuple[str, ...]
    required: frozenset[str]
    takes_more: bool
    by_position: bool
    kind: str
    accumulate: Callable[[Any, Any], Any] | None

    @property
    def is_async(self) -> bool:
        """Whether a run may have to wait for something."""
        if self.kind == OpKind.SYNC:
            # What it gives back may be an async iterator, and is only known then.
            return self.accumulate is not None
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
        if self.accumulate is not None or self.kind in _STREAMS:
            return await self._collect(kwargs, input_refs, in_thread, is_raising)
        run = partial(
            self.op.call, **kwargs, __weave={"input_refs": input_refs}, __should_raise=is_raising
        )
        answer: tuple[Any, Call]
        if self.kind == OpKind.ASYNC:
            answer = await run()
        else:
            answer = await in_worker(run) if in_thread else run()
        return answer

    async def _collect(
        self,
        kwargs: Mapping[str, Any],
        input_refs: Mapping[str, Any],
        in_thread: bool,
        is_raising: bool,
    ) -> tuple[Any, Call]:
        """Take all that a stream gives."""
        recorded: list[Any] = []
        wishes = {"input_refs": input_refs, "on_output": recorded.append}
        run = partial(self.op.call, **kwargs, __weave=wishes, __should_raise=is_raising)
        # When it is not traced, nobody else makes its output.
        items = _Items(self.accumulate)

        def drain(stream: Any) -> None:
            for item in stream:
                if recorded or not items.add(item):
                    break

        stream, call = await run() if self.kind == OpKind.ASYNC else run()
        if not is_iterator(stream):
            return stream, call
        is_traced = call.id is not None
        try:
            if hasattr(stream, "__aiter__"):
                async for item in stream:
                    if not is_traced and not items.add(item):
                        break
            elif in_thread:
                await in_worker(partial(drain, stream))
            else:
                drain(stream)
        except Exception as error:
            if not is_traced:
                call.exception = described(error)
            if is_raising:
                raise
            return None, call
        return recorded[-1] if recorded else items.state, call

"""Iterators that functions give back, with an accumulator: the call ends when the iterator does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from weave_lite.serialize.introspect import MISSING, class_attribute
from weave_lite.trace.context import call_stack, pop_call
from weave_lite.trace.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TracedIterator", "add_accumulator", "is_async_iterator", "is_iterator"]


def is_iterator(value: Any) -> bool:
    """Tell whether a value is an iterator, sync or async; asks its class only."""
    kind = type(value)
    return any(
        class_attribute(kind, name) is not MISSING
        for name in ("__next__", "__anext__", "__aiter__")
    )


def is_async_iterator(value: Any) -> bool:
    """Tell whether an iterator is one for ``async for``."""
    while type(value) is TracedIterator:
        value = value._weave_source  # noqa: SLF001 - it passes both ways on
    kind = type(value)
    return any(class_attribute(kind, name) is not MISSING for name in ("__anext__", "__aiter__"))


class TracedIterator:
    """Passes everything through to an iterator and tells a stream what it gave.

    Args:
        source: The iterator, sync or async; it may also be a context manager.
        stream: The open call.
    """

    def __init__(self, source: Any, stream: Stream) -> None:
        self._weave_source = source
        self._weave_iterator = source
        self._weave_stream = stream
        # Whether the accumulator has ended the stream.
        self._weave_is_over = False

    def __iter__(self) -> Self:
        self._weave_iterator = iter(self._weave_source)
        return self

    def __next__(self) -> Any:
        if self._weave_is_over:
            raise StopIteration
        stream = self._weave_stream
        before = call_stack.get()
        if stream.call is not None:
            call_stack.set((stream.call, before))
        try:
            item = next(self._weave_iterator)
        except StopIteration:
            call_stack.set(before)
            stream.end()
            raise
        except BaseException as error:
            call_stack.set(before)
            stream.end(error)
            raise
        call_stack.set(before)
        if not stream.add(item):
            self._weave_is_over = True
            raise StopIteration
        return item

    def __aiter__(self) -> Self:
        self._weave_iterator = self._weave_source.__aiter__()
        return self

    async def __anext__(self) -> Any:
        if self._weave_is_over:
            raise StopAsyncIteration
        stream = self._weave_stream
        before = call_stack.get()
        if stream.call is not None:
            call_stack.set((stream.call, before))
        try:
            item = await self._weave_iterator.__anext__()
        except StopAsyncIteration:
            call_stack.set(before)
            stream.end()
            raise
        except BaseException as error:
            # Perhaps in another context, in which this was collected.
            if stream.call is not None:
                pop_call(stream.call)
            stream.end(error)
            raise
        call_stack.set(before)
        if not stream.add(item):
            self._weave_is_over = True
            raise StopAsyncIteration
        return item

    def __enter__(self) -> Self:
        enter = getattr(self._weave_source, "__enter__", None)
        if enter is not None:
            self._weave_source = self._weave_iterator = enter()
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> Any:
        leave = getattr(self._weave_source, "__exit__", None)
        try:
            return None if leave is None else leave(kind, error, traceback)
        finally:
            self._weave_stream.end(error)

    async def __aenter__(self) -> Self:
        enter = getattr(self._weave_source, "__aenter__", None)
        if enter is not None:
            self._weave_source = self._weave_iterator = await enter()
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> Any:
        leave = getattr(self._weave_source, "__aexit__", None)
        try:
            return None if leave is None else await leave(kind, error, traceback)
        finally:
            self._weave_stream.end(error)

    def close(self) -> Any:
        """Close the iterator and end the call."""
        close = getattr(self._weave_source, "close", None)
        try:
            return None if close is None else close()
        finally:
            self._weave_stream.end()

    async def aclose(self) -> None:
        """Close the async iterator and end the call."""
        close = getattr(self._weave_source, "aclose", None)
        try:
            if close is not None:
                await close()
        finally:
            self._weave_stream.end()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_weave_"):
            raise AttributeError(name)
        return getattr(self._weave_source, name)


def add_accumulator(
    op: Any,
    make_accumulator: Callable[[dict[str, Any]], Callable[[Any, Any], Any]],
    *,
    should_accumulate: Callable[[dict[str, Any]], bool] | None = None,
    on_finish_post_processor: Callable[[Any], Any] | None = None,
) -> Any:
    """Let the calls of an op end when the iterator that it gives back does.

    Args:
        op: The op.
        make_accumulator: Makes ``f(state, item) -> state`` of the call's inputs.
        should_accumulate: Tells by the inputs whether this call gives an iterator.
        on_finish_post_processor: Makes the recorded output of the last state.

    Raises:
        ValueError: The op has an output handler already.
    """

    def on_output(value: Any, finish: Callable[..., None], inputs: dict[str, Any]) -> Any:
        if should_accumulate is not None and not should_accumulate(inputs):
            finish(value, None)
            return value

        def end(state: Any, error: BaseException | None) -> None:
            finish(
                state if on_finish_post_processor is None else on_finish_post_processor(state),
                error,
            )

        return TracedIterator(value, Stream(None, end, make_accumulator(inputs)))

    op._set_on_output_handler(on_output)  # noqa: SLF001 - the documented hook
    return op

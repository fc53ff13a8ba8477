"""Streams: calls that stay open while somebody iterates over what the op gave back.

The call is on the stack only while the op's own code runs, each step anew, so the calls of the
consumer do not nest under it and siblings iterated in turn do not nest in each other. The same goes
for blocks such as ``attributes`` that the op's code is inside of when it gives an item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.trace import at_exit
from weave_lite.trace.context import (
    Block,
    blocks,
    call_stack,
    enter_again,
    enter_block,
    leave_block,
    leave_since,
    pop_call,
    tracing_enabled,
)
from weave_lite.trace.guard import captured

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from weave_lite.trace.call import Call

__all__ = ["Stream", "drive", "drive_async", "untraced", "untraced_async"]

_NOTHING = object()


class Stream:
    """One open call and what its stream gave so far.

    Args:
        call: The call.
        finish: Ends the call with an output and an exception, and the output's JSON text and refs
            when there are snapshots.
        accumulate: Makes the output: ``state = accumulate(state, item)``, beginning with None.
            Without it the output is the list of items.
        snapshot: Writes an item as JSON text and refs, before the consumer can change it.
    """

    __slots__ = (
        "__weakref__",
        "_accumulate",
        "_finish",
        "_is_open",
        "_snapshot",
        "_snapshots",
        "_state",
        "call",
    )

    def __init__(
        self,
        call: Call | None,
        finish: Callable[..., None],
        accumulate: Callable[[Any, Any], Any] | None = None,
        snapshot: Callable[[Any], tuple[str, tuple[str, ...]]] | None = None,
    ) -> None:
        self.call = call
        self._finish = finish
        self._accumulate = accumulate
        self._state: Any = [] if accumulate is None else None
        self._snapshot = snapshot if accumulate is None else None
        self._snapshots: list[tuple[str, tuple[str, ...]]] = []
        self._is_open = True
        at_exit.watch_stream(self)

    def add(self, item: Any) -> bool:
        """Take an item that the stream gave; tells whether the accumulator wants more."""
        if not self._is_open:
            return True
        if self._accumulate is None:
            self._state.append(item)
            if self._snapshot is not None:
                try:
                    self._snapshots.append(self._snapshot(item))
                except Exception as error:
                    # The items themselves are written at the end, then.
                    self._snapshot = None
                    captured("Error capturing an item of a stream", error)
            return True
        try:
            self._state = self._accumulate(self._state, item)
        except StopIteration as stop:
            self._state = stop.value
            self.end()
            return False
        except Exception as error:
            captured("Error in an accumulator", error)
        return True

    def end(self, error: BaseException | None = None) -> None:
        """End the call, the first time."""
        if self._is_open:
            self._is_open = False
            if self._snapshot is None:
                self._finish(self._state, error)
            else:
                self._finish(self._state, error, _joined(self._snapshots))

    def disown(self) -> None:
        """Leave the call to another process, which has this stream as well and will end it."""
        self._is_open = False
        if self.call is not None:
            self.call._is_finished = True  # noqa: SLF001 - nobody may end it here

    def close_for_good(self, timeout: float) -> None:
        """End the call, because the process ends."""
        del timeout
        self.end()

    def __del__(self) -> None:
        # A stream that was dropped before its first step.
        self.end()


def _joined(parts: list[tuple[str, tuple[str, ...]]]) -> tuple[str, tuple[str, ...]]:
    """Join the texts of items to that of their list."""
    # A leading blank marks a text with integers beyond 64 bits, see `jsontext`.
    blank = " " if any(text.startswith(" ") for text, _ in parts) else ""
    text = f"{blank}[{','.join(text.lstrip() for text, _ in parts)}]"
    return text, tuple(dict.fromkeys(ref for _, refs in parts for ref in refs))


def drive(stream: Stream, body: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Run a generator step by step inside its call; items, sends and throws pass through."""
    call = stream.call
    value: Any = None
    thrown: BaseException | None = None
    entered: list[Block] = []
    while True:
        before = call_stack.get()
        call_stack.set((call, before))  # type: ignore[arg-type]
        outside = blocks.get()
        if entered:
            enter_again(entered)
        try:
            item = body.send(value) if thrown is None else body.throw(thrown)
        except StopIteration as stop:
            call_stack.set(before)
            stream.end()
            return stop.value
        except BaseException as error:
            call_stack.set(before)
            stream.end(error)
            raise
        call_stack.set(before)
        if entered or blocks.get() is not outside:
            entered = leave_since(outside)
        stream.add(item)
        thrown = None
        try:
            value = yield item
        except GeneratorExit:
            _close(stream, body, entered)
            raise
        except BaseException as error:
            thrown = error
        # The item may be large, and the next step long.
        item = None


def _close(stream: Stream, body: Generator[Any, Any, Any], entered: list[Block]) -> None:
    before = call_stack.get()
    call_stack.set((stream.call, before))  # type: ignore[arg-type]
    enter_again(entered)
    try:
        body.close()
    except BaseException as error:
        call_stack.set(before)
        stream.end(error)
        raise
    call_stack.set(before)
    stream.end()


async def drive_async(stream: Stream, body: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
    """Run an async generator step by step inside its call."""
    call = stream.call
    value: Any = None
    thrown: BaseException | None = None
    entered: list[Block] = []
    while True:
        before = call_stack.get()
        call_stack.set((call, before))  # type: ignore[arg-type]
        outside = blocks.get()
        if entered:
            enter_again(entered)
        try:
            item = await (body.asend(value) if thrown is None else body.athrow(thrown))
        except StopAsyncIteration:
            call_stack.set(before)
            stream.end()
            return
        except BaseException as error:
            # Perhaps in another context, in which this was collected.
            if call is not None:
                pop_call(call)
            stream.end(error)
            raise
        call_stack.set(before)
        if entered or blocks.get() is not outside:
            entered = leave_since(outside)
        stream.add(item)
        thrown = None
        try:
            value = yield item
        except GeneratorExit:
            await _close_async(stream, body, entered)
            raise
        except BaseException as error:
            thrown = error
        item = None


async def _close_async(
    stream: Stream, body: AsyncGenerator[Any, Any], entered: list[Block]
) -> None:
    before = call_stack.get()
    call_stack.set((stream.call, before))  # type: ignore[arg-type]
    enter_again(entered)
    try:
        await body.aclose()
    except BaseException as error:
        if stream.call is not None:
            pop_call(stream.call)
        stream.end(error)
        raise
    call_stack.set(before)
    stream.end()


def untraced(body: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Run a generator with tracing off while its own code runs (it was left out by sampling)."""
    value: Any = None
    thrown: BaseException | None = None
    while True:
        before = tracing_enabled.get()
        tracing_enabled.set(False)
        try:
            item = body.send(value) if thrown is None else body.throw(thrown)
        except StopIteration as stop:
            return stop.value
        finally:
            tracing_enabled.set(before)
        thrown = None
        try:
            value = yield item
        except GeneratorExit:
            body.close()
            raise
        except BaseException as error:
            thrown = error


async def untraced_async(body: AsyncGenerator[Any, Any]) -> AsyncGenerator[Any, Any]:
    """Run an async generator with tracing off while its own code runs."""
    value: Any = None
    thrown: BaseException | None = None
    while True:
        key = enter_block(tracing_enabled, False)
        try:
            item = await (body.asend(value) if thrown is None else body.athrow(thrown))
        except StopAsyncIteration:
            return
        finally:
            leave_block(key)
        thrown = None
        try:
            value = yield item
        except GeneratorExit:
            await body.aclose()
            raise
        except BaseException as error:
            thrown = error

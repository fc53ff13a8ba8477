"""The current call, for user code and the library: the documented home of these functions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from weave_lite.core.errors import InvalidNameError, NoCurrentCallError
from weave_lite.core.ids import new_id
from weave_lite.trace.context import (
    call_stack,
    enter_block,
    get_call_stack,
    is_tracing_enabled,
    leave_block,
    pop_call,
    push_call,
    set_call_stack,
    thread_scope,
    tracing_disabled,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.trace.call import Call

__all__ = [
    "ThreadContext",
    "get_call_stack",
    "get_current_call",
    "is_tracing_enabled",
    "pop_call",
    "push_call",
    "require_current_call",
    "set_call_stack",
    "thread",
    "tracing_disabled",
]

_NEW: Final[Any] = object()


def get_current_call() -> Call | None:
    """Return the call of the op that is running in this context, or None.

    Example:
        >>> get_current_call() is None
        True
    """
    stack = call_stack.get()
    return None if stack is None else stack[0]


def require_current_call() -> Call:
    """Return the call of the op that is running in this context.

    Raises:
        NoCurrentCallError: No op is running here.
    """
    stack = call_stack.get()
    if stack is None:
        raise NoCurrentCallError(
            "There is no current call. Was weave.init('my-project') called, and does this code run "
            "inside a function decorated with @weave.op?"
        )
    return stack[0]


class ThreadContext:
    """A thread block that is open.

    Attributes:
        thread_id: The id that calls in the block get; None when they get none.
    """

    __slots__ = ("thread_id",)

    def __init__(self, thread_id: str | None) -> None:
        self.thread_id = thread_id

    @property
    def turn_id(self) -> str | None:
        """The id of the turn that is running here; None between turns."""
        call = get_current_call()
        is_ours = call is not None and call.thread_id == self.thread_id
        return call.turn_id if call is not None and is_ours else None

    def __repr__(self) -> str:
        return f"ThreadContext({self.thread_id!r})"


@contextmanager
def thread(thread_id: str | None = _NEW) -> Iterator[ThreadContext]:
    """Give all calls made inside the block a thread (conversation) id.

    A call whose parent is not in the same thread is a *turn*: its id is the turn id of itself and
    of the calls below it.

    Args:
        thread_id: Any non-empty text; by default a new id. None takes calls out of the thread
            around the block.

    Raises:
        InvalidNameError: The id is empty or not a text.

    Example:
        >>> with thread("chat-7") as chat:
        ...     chat.thread_id
        'chat-7'
    """
    if thread_id is _NEW:
        thread_id = new_id()
    if thread_id is not None and (not isinstance(thread_id, str) or not thread_id):
        raise InvalidNameError(f"thread_id {thread_id!r} must be a non-empty text, or None")
    key = enter_block(thread_scope, thread_id)
    try:
        yield ThreadContext(thread_id)
    finally:
        leave_block(key)

"""The current call, for user code and the library: the documented home of these functions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from weave_lite.core.errors import InvalidNameError, NoCurrentCallError
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


@contextmanager
def thread(thread_id: str) -> Iterator[str]:
    """Give all calls made inside the block a thread (conversation) id.

    A call whose parent is not in the same thread is a *turn*: its id is the turn id of itself and
    of the calls below it.

    Args:
        thread_id: Any non-empty text.

    Raises:
        InvalidNameError: The id is empty or not a text.
    """
    if not isinstance(thread_id, str) or not thread_id:
        raise InvalidNameError(f"thread_id {thread_id!r} must be a non-empty text")
    key = enter_block(thread_scope, thread_id)
    try:
        yield thread_id
    finally:
        leave_block(key)

"""What travels with a context: the call stack, the tracing switch, the attributes and the thread.

One ContextVar per concern. No token is kept across user code: leaving a call restores what was
below it, and only where that call is still on the stack, so a generator or coroutine that is
resumed or collected in another context disturbs nobody.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weave_lite.trace.attributes import AttributeScope
    from weave_lite.trace.call import Call

__all__ = [
    "Stack",
    "attribute_scope",
    "call_stack",
    "get_call_stack",
    "is_tracing_enabled",
    "pop_call",
    "push_call",
    "raises_captured_errors",
    "set_call_stack",
    "thread_scope",
    "tracing_disabled",
    "tracing_enabled",
]

# A stack is a linked list: (innermost call, what is below it), or None.
Stack: TypeAlias = "tuple[Call, Any] | None"

call_stack: ContextVar[Stack] = ContextVar("weave_lite_call_stack", default=None)
tracing_enabled: ContextVar[bool] = ContextVar("weave_lite_tracing_enabled", default=True)
attribute_scope: ContextVar[AttributeScope | None] = ContextVar(
    "weave_lite_attributes", default=None
)
# The thread (conversation) id that the innermost `thread` block gives.
thread_scope: ContextVar[str | None] = ContextVar("weave_lite_thread", default=None)
raises_captured_errors: ContextVar[bool] = ContextVar(
    "weave_lite_raises_captured_errors", default=False
)


def push_call(call: Call) -> None:
    """Make a call the current one of this context."""
    call_stack.set((call, call_stack.get()))


def pop_call(call: Call) -> None:
    """Take a call and all above it off the stack; one that is not on it is ignored."""
    stack = call_stack.get()
    while stack is not None:
        top, below = stack
        if top is call:
            call_stack.set(below)
            return
        stack = below


def get_call_stack() -> list[Call]:
    """Return the calls of this context, outermost first."""
    calls = []
    stack = call_stack.get()
    while stack is not None:
        call, stack = stack
        calls.append(call)
    calls.reverse()
    return calls


@contextmanager
def set_call_stack(calls: Sequence[Call]) -> Iterator[list[Call]]:
    """Replace the call stack inside the block; calls made there nest under the last one.

    This also carries a parent into another process: a Call can be pickled.

    Args:
        calls: Outermost first; none starts a new trace.

    Example:
        >>> with set_call_stack([]):
        ...     get_call_stack()
        []
    """
    before = call_stack.get()
    stack: Stack = None
    for call in calls:
        stack = (call, stack)
    call_stack.set(stack)
    try:
        yield list(calls)
    finally:
        call_stack.set(before)


def is_tracing_enabled() -> bool:
    """Tell whether calls made in this context are traced (when a client is active)."""
    return tracing_enabled.get()


@contextmanager
def tracing_disabled() -> Iterator[None]:
    """Trace nothing inside the block, at any depth.

    Example:
        >>> with tracing_disabled():
        ...     is_tracing_enabled()
        False
    """
    before = tracing_enabled.get()
    tracing_enabled.set(False)
    try:
        yield
    finally:
        tracing_enabled.set(before)

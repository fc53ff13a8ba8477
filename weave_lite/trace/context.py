"""What travels with a context: the call stack, the tracing switch, the attributes and the thread.

One ContextVar per concern. No token is kept across user code: leaving a call or a block restores
what was below it, and only where it is still entered, so a generator or coroutine that is resumed
or collected in another context, or between the steps of another one, disturbs nobody.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weave_lite.trace.attributes import AttributeScope
    from weave_lite.trace.call import Call

__all__ = [
    "Block",
    "Stack",
    "attribute_scope",
    "blocks",
    "call_stack",
    "enter_again",
    "enter_block",
    "get_call_stack",
    "is_tracing_enabled",
    "leave_block",
    "leave_since",
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


class Block(NamedTuple):
    """A ``with`` block of the library that is entered in this context.

    Args:
        key: Who entered it.
        var: The variable that it sets.
        value: What it sets it to.
        before: What the variable was.
        outer: The block around it.
    """

    key: object
    var: ContextVar[Any]
    value: Any
    before: Any
    outer: Block | None


blocks: ContextVar[Block | None] = ContextVar("weave_lite_blocks", default=None)


def enter_block(var: ContextVar[Any], value: Any, key: object = None) -> object:
    """Set a variable for a block; returns the key with which to leave it."""
    key = object() if key is None else key
    blocks.set(Block(key, var, value, var.get(), blocks.get()))
    var.set(value)
    return key


def leave_block(key: object) -> None:
    """Set a variable back, unless an inner block that is still open, a generator's, sets it."""
    inner: list[Block] = []
    block = blocks.get()
    while block is not None and block.key is not key:
        inner.append(block)
        block = block.outer
    if block is None:
        # Entered in another context.
        return
    var, before, outer = block.var, block.before, block.outer
    is_covered = False
    for above in reversed(inner):
        is_next = above.var is var and not is_covered
        is_covered |= is_next
        outer = above._replace(outer=outer, before=before if is_next else above.before)
    if not is_covered:
        var.set(before)
    blocks.set(outer)


def leave_since(outside: Block | None) -> list[Block]:
    """Leave all blocks entered since a moment, for some time; returns them, outermost first."""
    inner: list[Block] = []
    block = blocks.get()
    while block is not outside:
        if block is None:
            # A block around that moment was left meanwhile: there is no way back to it.
            return []
        inner.append(block)
        block = block.outer
    for block in inner:
        block.var.set(block.before)
    blocks.set(outside)
    inner.reverse()
    return inner


def enter_again(left: list[Block]) -> None:
    """Enter blocks that were left for some time."""
    for block in left:
        enter_block(block.var, block.value, block.key)


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
    key = enter_block(tracing_enabled, False)
    try:
        yield
    finally:
        leave_block(key)

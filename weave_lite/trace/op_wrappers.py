"""The functions that stand in for traced ones: one frame each, and nothing but attribute reads while
nothing is traced.

What they share is written out in each, because a call costs more than all that is done here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from weave_lite.trace.client_context import active
from weave_lite.trace.context import call_stack, enter_block, leave_block, tracing_enabled

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RESERVED", "async_wrapper", "stream_wrapper", "sync_wrapper"]

# Keyword arguments that are for the tracer and never reach the function.
RESERVED: Final = frozenset({"__weave", "__should_raise", "__require_explicit_finish"})


def sync_wrapper(function: Callable[..., Any]) -> Any:
    """Wrap a plain function."""

    def traced(*args: Any, **kwargs: Any) -> Any:
        tracer = active.tracer
        if tracer is None or not state["_tracing_enabled"]:
            if active.is_unset:
                _warn_unset()
            if kwargs and not RESERVED.isdisjoint(kwargs):
                kwargs = _without_reserved(kwargs)
            return function(*args, **kwargs)
        if state["_is_special"] or (kwargs and not RESERVED.isdisjoint(kwargs)):
            from weave_lite.trace.run_op import run_plainly  # noqa: PLC0415 - the rare way

            return run_plainly(state, args, kwargs)
        call = tracer.start(state, args, kwargs)
        if call is None:
            return function(*args, **kwargs)
        if call is tracer.unsampled:
            tracing_enabled.set(False)
            try:
                return function(*args, **kwargs)
            finally:
                tracing_enabled.set(True)
        call_stack.set((call, call_stack.get()))
        try:
            output = function(*args, **kwargs)
        except BaseException as error:
            tracer.end(call, state, None, error)
            raise
        tracer.end(call, state, output)
        return output

    state = traced.__dict__
    return traced


def async_wrapper(function: Callable[..., Any]) -> Any:
    """Wrap a coroutine function."""

    async def traced(*args: Any, **kwargs: Any) -> Any:
        tracer = active.tracer
        if tracer is None or not state["_tracing_enabled"]:
            if active.is_unset:
                _warn_unset()
            if kwargs and not RESERVED.isdisjoint(kwargs):
                kwargs = _without_reserved(kwargs)
            return await function(*args, **kwargs)
        if state["_is_special"] or (kwargs and not RESERVED.isdisjoint(kwargs)):
            from weave_lite.trace.run_op import run_plainly  # noqa: PLC0415 - the rare way

            return await run_plainly(state, args, kwargs)
        call = tracer.start(state, args, kwargs)
        if call is None:
            return await function(*args, **kwargs)
        if call is tracer.unsampled:
            # A coroutine may be collected in another context.
            key = enter_block(tracing_enabled, False)
            try:
                return await function(*args, **kwargs)
            finally:
                leave_block(key)
        call_stack.set((call, call_stack.get()))
        try:
            output = await function(*args, **kwargs)
        except BaseException as error:
            tracer.end(call, state, None, error)
            raise
        tracer.end(call, state, output)
        return output

    state = traced.__dict__
    return traced


def stream_wrapper(function: Callable[..., Any]) -> Any:
    """Wrap a generator function, sync or async."""

    def traced(*args: Any, **kwargs: Any) -> Any:
        tracer = active.tracer
        if tracer is None or not state["_tracing_enabled"]:
            if active.is_unset:
                _warn_unset()
            if kwargs and not RESERVED.isdisjoint(kwargs):
                kwargs = _without_reserved(kwargs)
            return function(*args, **kwargs)
        from weave_lite.trace.run_op import run_plainly  # noqa: PLC0415 - loaded with the first stream

        return run_plainly(state, args, kwargs)

    state = traced.__dict__
    return traced


def _without_reserved(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name not in RESERVED}


def _warn_unset() -> None:
    from weave_lite.trace.settings import current  # noqa: PLC0415 - once per process

    active.is_unset = False
    if not current().disabled:
        from weave_lite.trace.guard import warn  # noqa: PLC0415 - once per process

        warn("ops are called but not traced: call weave.init('my-project') first to trace them")

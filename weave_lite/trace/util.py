"""Threads and pools that take the caller's context along, so that calls nest across them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from threading import Thread as _Thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

__all__ = ["ContextAwareThread", "ContextAwareThreadPoolExecutor", "Thread"]

T = TypeVar("T")


class ContextAwareThreadPoolExecutor(ThreadPoolExecutor):
    """A ThreadPoolExecutor whose work runs with the context of whoever submits it.

    Example:
        >>> with ContextAwareThreadPoolExecutor(max_workers=1) as pool:
        ...     list(pool.map(abs, [-1, 2]))
        [1, 2]
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Schedule a call in a copy of the caller's context."""
        return super().submit(copy_context().run, fn, *args, **kwargs)

    def map(
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        **options: Any,
    ) -> Iterator[T]:
        """Call a function for each item; every item gets its own copy of the caller's context."""
        # The base class submits each item by itself, and so with a copy of its own.
        return super().map(fn, *iterables, timeout=timeout, chunksize=chunksize, **options)


class ContextAwareThread(_Thread):
    """A Thread that runs with the context in which it was constructed.

    Example:
        >>> thread = ContextAwareThread(target=print)
        >>> thread.daemon
        False
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._weave_context = copy_context()
        self._is_inside = False

    def start(self) -> None:
        """Start the thread: all of ``run`` is in the context, also that of a subclass."""
        self.__dict__["run"] = partial(self._weave_context.run, self.run)
        self._is_inside = True
        super().start()

    def run(self) -> None:
        """Run the target in the context."""
        if self._is_inside:
            super().run()
        else:
            self._weave_context.run(super().run)


Thread = ContextAwareThread

"""Starts and ends of calls, gathered and sent by a thread at most once a second."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Final

import orjson

from weave_lite.core.errors import (
    AccessDeniedError,
    InvalidRequest,
    RemoteServerError,
    WeaveLiteError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["CallBatcher"]

logger = logging.getLogger("weave_lite")
_MOST_PER_BATCH: Final = 100
_PAUSE_S: Final = 1.0
_EXIT_S: Final = 5.0
_MOST_IDS: Final = 10


class CallBatcher:
    """A bounded queue of items, each a JSON document, sent in order.

    What the server may take later goes back to the queue. Items that it refuses are logged and
    dropped, and so is what comes while the queue is full.

    Args:
        send: Sends a batch.
        max_size: Most items that wait; 0 is no bound. By default ``WEAVE_MAX_CALLS_QUEUE_SIZE``.
        pause_s: The least time between two batches.
    """

    def __init__(
        self,
        send: Callable[[Sequence[bytes]], object],
        *,
        max_size: int | None = None,
        pause_s: float = _PAUSE_S,
    ) -> None:
        if max_size is None:
            max_size = int(os.environ.get("WEAVE_MAX_CALLS_QUEUE_SIZE") or 100_000)
        self._send = send
        self._max_size = max_size
        self._pause_s = pause_s
        self.dropped_count = 0
        self.refused_count = 0
        self._forget()
        _batchers.add(self)

    def _forget(self) -> None:
        self._queue: deque[bytes] = deque()
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_waiting = False

    def put(self, item: bytes) -> None:
        """Take an item."""
        with self._lock:
            if self._max_size and len(self._queue) >= self._max_size:
                self.dropped_count += 1
                is_first = self.dropped_count == 1
            else:
                self._queue.append(item)
                is_first = False
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="weave_lite-calls", daemon=True
                )
                self._thread.start()
        if is_first:
            logger.warning(
                "calls are dropped: %d wait to be sent to the trace server; raise "
                "max_calls_queue_size, or see whether the server answers",
                self._max_size,
            )
        self._wake.set()

    def flush(self) -> bool:
        """Send all that waits now; tells whether that worked."""
        while self._queue:
            if not self._send_some():
                return False
        with self._sending:  # what the thread sends at this moment
            return not self._queue

    def close(self) -> None:
        """Send what waits, within a few seconds, and end the thread."""
        self._closing.set()
        self._wake.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(_EXIT_S)
        left = len(self._queue)
        if left:
            logger.warning("%d starts and ends of calls could not be sent; they are lost", left)

    def _run(self) -> None:
        closing = self._closing
        while not closing.is_set():
            self._wake.wait()
            self._wake.clear()
            self._send_some()
            # Whatever comes meanwhile goes into one batch.
            closing.wait(self._pause_s)
            if self._queue:
                self._wake.set()
        self.flush()

    def _send_some(self) -> bool:
        """Send one batch; False when the server may take it later."""
        with self._sending:
            batch: list[bytes] = []
            while self._queue and len(batch) < _MOST_PER_BATCH:
                batch.append(self._queue.popleft())
            refused: list[tuple[bytes, WeaveLiteError]] = []
            try:
                self._deliver(batch, refused)
            except Exception as error:
                # Whatever it is: a thread that ends here would send nothing any more.
                self._queue.extendleft(reversed(batch))
                if not self._is_waiting:
                    self._is_waiting = True
                    logger.warning("calls wait for the trace server: %s", error)
                return False
            finally:
                if refused:
                    self.refused_count += len(refused)
                    logger.error(
                        "the trace server refuses %d starts and ends of calls, they are lost (%s): %s",
                        len(refused),
                        ", ".join(_id_of(item) for item, _ in refused[:_MOST_IDS])
                        + (", ..." if len(refused) > _MOST_IDS else ""),
                        refused[0][1],
                    )
            self._is_waiting = False
            return True

    def _deliver(self, batch: list[bytes], refused: list[tuple[bytes, WeaveLiteError]]) -> None:
        """Send a batch, and find the items in it that the server refuses.

        Args:
            batch: What to send; of it remains what was not sent, when an error is raised.
            refused: Gets each item that is refused, with the error.
        """
        waiting = [batch[:]] if batch else []
        while waiting:
            part = waiting.pop()
            try:
                self._send(part)
            except (RemoteServerError, AccessDeniedError):
                raise
            except WeaveLiteError as error:
                middle = len(part) // 2
                if middle and isinstance(error, InvalidRequest):
                    waiting += [part[middle:], part[:middle]]
                    continue
                refused += [(item, error) for item in part]
            del batch[: len(part)]


def _id_of(item: bytes) -> str:
    """Find the id of the call that an item starts or ends."""
    try:
        (part,) = orjson.loads(item)["req"].values()
        return str(part["id"])
    except (ValueError, TypeError, LookupError, AttributeError):
        return "?"


_batchers: weakref.WeakSet[CallBatcher] = weakref.WeakSet()


def _close_all() -> None:
    for batcher in list(_batchers):
        batcher.close()


def _forget_in_child() -> None:
    """In a forked child: what waits is the parent's to send."""
    for batcher in list(_batchers):
        batcher._forget()  # noqa: SLF001 - threads and locks of the parent are not here


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_in_child)

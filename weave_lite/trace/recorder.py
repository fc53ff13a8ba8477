"""The recorder: a bounded queue of records, and the one thread that writes them in batches.

Producers append to a deque and at most
look at two numbers: no lock, no hand-over, no SQL in their thread. They are held up only while the
queue is over its bound in bytes, or while the writer falls behind, so that what a killed process
loses stays as small as promised.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING

from weave_lite.trace import at_exit
from weave_lite.trace.context import tracing_disabled
from weave_lite.trace.fork_loading import load_late_modules
from weave_lite.trace.guard import warn
from weave_lite.trace.record_writer import writer_for

if TYPE_CHECKING:
    from weave_lite.trace_server.interface.encoded import EncodedRecord, EncodedRecordWriter
    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = ["RECORD_OVERHEAD_BYTES", "Recorder"]

# What a record costs besides its text.
RECORD_OVERHEAD_BYTES = 500
_NEVER = float("inf")
# How long the writer may be at work on a backlog before producers wait for it. With the interval
# and a batch this keeps a record from being older than 200 ms in memory.
_BEHIND_AFTER_S = 0.1
# Requests cost more than transactions.
_REMOTE_INTERVAL_S = 0.25
_RETRY_S = (0.05, 0.2, 1.0)
_EXIT_S = 5.0


class _Mark:
    """A place in the queue: flush waits until all before it is written, or cannot be."""

    __slots__ = ("reached",)

    def __init__(self) -> None:
        self.reached = threading.Event()


class Recorder:
    """Takes records from any thread and writes them in order.

    Args:
        server: Where to write. One that takes encoded records gets them as they are, any other
            gets typed requests.
        batch_size: Most records in one transaction.
        interval_s: How long records may gather before they are written.
        max_bytes: Bound of the queue. A single larger record is written alone.
        sync: Write each record in the caller's thread; no thread is made.
    """

    def __init__(
        self,
        server: EncodedRecordWriter | TraceServerInterface,
        *,
        batch_size: int = 512,
        interval_s: float = 0.05,
        max_bytes: int = 32 * 1024 * 1024,
        sync: bool = False,
    ) -> None:
        self._write = writer_for(server)
        self._batch_size = batch_size
        # A server elsewhere may be slow or away: no op ever waits for it.
        self._is_remote = getattr(server, "trace_server_url", None) is not None
        self._interval_s = _REMOTE_INTERVAL_S if self._is_remote else interval_s
        self._behind_after_s = _NEVER if self._is_remote else _BEHIND_AFTER_S
        self._max_bytes = max_bytes
        self._is_sync = sync
        self.lost_count = 0
        self._start_empty()
        _recorders.add(self)

    def _start_empty(self) -> None:
        self._queue: deque[tuple[EncodedRecord, int] | _Mark] = deque()
        # Read-modify-write without a lock: the interpreter switches threads at calls and jumps
        # only. Set right whenever the queue is found empty, should it drift all the same.
        self._queued_bytes = 0
        self._writing_count = 0
        self._drain_lock = threading.Lock()
        self._drain_owner: int | None = None
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_asleep = True
        self._is_failing = False
        self._gatherer: int | None = None
        self._behind_at = _NEVER
        self._failed_writes = 0
        self._retry_at = 0.0

    # --- producers ---

    def put(self, record: EncodedRecord, size: int) -> None:
        """Take a record.

        Args:
            record: What to write.
            size: About how many bytes its texts have.
        """
        size += RECORD_OVERHEAD_BYTES
        self._queue.append((record, size))
        self._queued_bytes += size
        if self._is_asleep:
            self._rouse()
        if self._queued_bytes > self._max_bytes or time.monotonic() > self._behind_at:
            self._hold_up()

    def _rouse(self) -> None:
        """Make sure that someone writes what is in the queue."""
        if self._is_sync:
            if self._gatherer is not None and self._gatherer == threading.get_ident():
                return
            # After a failure not every record makes an attempt of its own.
            if not self._is_failing or time.monotonic() > self._retry_at:
                self._drain()
            return
        self._is_asleep = False
        if self._thread is None:
            self._start_thread()
        self._wake.set()

    def begin_gathering(self) -> None:
        """Leave what this thread puts to the next record after ``end_gathering``, in sync mode."""
        self._gatherer = threading.get_ident()

    def end_gathering(self) -> None:
        """Write records at once again, where that is how they are written."""
        self._gatherer = None

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run, name="weave_lite-recorder", daemon=True)
        self._thread = thread
        at_exit.watch(self)
        at_exit.watch_worker_exit()
        try:
            thread.start()
        except RuntimeError:
            # The interpreter is shutting down: no more threads, so write here.
            self._thread = None
            self._is_asleep = True
            self._drain()

    def _hold_up(self) -> None:
        """Wait until there is room; with a broken disk or a server, drop the newest record instead."""
        if self._drain_owner == threading.get_ident():
            return
        if not self._is_failing and not self._is_remote:
            self.flush(timeout=_EXIT_S)
        if (self._is_failing or self._is_remote) and self._queued_bytes > self._max_bytes:
            try:
                dropped = self._queue.pop()
            except IndexError:
                return
            if isinstance(dropped, _Mark):
                self._queue.append(dropped)
                return
            self._queued_bytes -= dropped[1]
            self._lose(1)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that is in the queue now is written.

        With a broken store it gives up after the next failed attempt; what could not be written
        stays in the queue for later.

        Args:
            timeout: Seconds to wait at most; None means until done.

        Returns:
            Whether all was written.
        """
        if not self._queue and not self._writing_count:
            return True
        if self._drain_owner == threading.get_ident():
            # Called by a finalizer or signal handler that interrupts our own writing.
            return False
        thread = self._thread
        if thread is None or not thread.is_alive():
            return self._drain()
        mark = _Mark()
        self._queue.append(mark)
        self._is_asleep = False
        self._wake.set()
        self._hurry.set()
        if not mark.reached.wait(timeout):
            return False
        return not self._is_failing

    def write_soon(self) -> None:
        """Have what is in the queue written now, without waiting for it."""
        if self._thread is not None:
            self._hurry.set()

    @property
    def outstanding(self) -> int:
        """How many records are not written yet."""
        return len(self._queue) + self._writing_count

    def close_for_good(self, timeout: float = _EXIT_S) -> None:
        """Write what is left at the end of the process; later records are written at once."""
        # First, so that what other threads still put finds either the thread or no need of one.
        self._is_sync = True
        self.close(timeout)

    def close(self, timeout: float = _EXIT_S) -> None:
        """Write what is left, within a time, and end the thread. The recorder stays usable.

        Args:
            timeout: Seconds to wait at most.
        """
        deadline = time.monotonic() + timeout
        self.flush(timeout)
        thread, self._thread = self._thread, None
        if thread is not None:
            # The thread ends by itself, because it is no longer the recorder's.
            self._hurry.set()
            self._wake.set()
            if thread is not threading.current_thread():
                thread.join(max(0.01, deadline - time.monotonic()))
        self._is_asleep = True
        is_stuck = thread is not None and thread.is_alive()
        if self._queue and not self._is_failing and not is_stuck:
            # What came after the flush and saw the thread still there.
            self._drain()
        # Else other threads trace on, and write what they put.
        left = self.outstanding if is_stuck or self._is_failing else 0
        if left:
            warn(
                f"weave_lite could not write {left} records before the end; they are lost",
                once=False,
            )

    # --- the writer ---

    def _run(self) -> None:
        me = threading.current_thread()
        while self._thread is me:
            self._wake.wait()
            self._wake.clear()
            # Let records gather, unless someone waits for them.
            self._hurry.wait(self._pause())
            self._hurry.clear()
            if self._thread is not me:
                return
            try:
                self._drain()
            except Exception as error:  # the thread must outlive whatever happens in one batch
                warn(f"weave_lite could not write records: {error!r}")
            # Asleep first, then look: a record that is put in between wakes us again.
            self._is_asleep = True
            if self._queue:
                self._is_asleep = False
                self._wake.set()

    def _pause(self) -> float:
        if not self._failed_writes:
            return self._interval_s
        return _RETRY_S[min(self._failed_writes, len(_RETRY_S)) - 1]

    def _drain(self) -> bool:
        """Write until the queue is empty or a write fails; tells whether all is written."""
        if self._drain_owner == threading.get_ident():
            return False
        with self._drain_lock:
            self._drain_owner = threading.get_ident()
            self._behind_at = time.monotonic() + self._behind_after_s
            try:
                while self._queue:
                    if not self._write_some():
                        return False
                self._queued_bytes = 0
                return True
            finally:
                self._behind_at = _NEVER
                self._drain_owner = None

    def _write_some(self) -> bool:
        """Write one batch; on failure put it back and let nobody wait for it."""
        queue = self._queue
        taken: list[tuple[EncodedRecord, int]] = []
        marks: list[_Mark] = []
        size = 0
        while queue and len(taken) < self._batch_size and size <= self._max_bytes:
            entry = queue.popleft()
            if isinstance(entry, _Mark):
                # Who waits for it waits for the rest of this batch too: many who wait share one.
                marks.append(entry)
                continue
            taken.append(entry)
            self._writing_count += 1
            size += entry[1]
        if not queue:
            # All that was put until now is in this batch: what is put from now on is young.
            self._behind_at = time.monotonic() + self._behind_after_s
        is_written = False
        try:
            # A driver that is itself traced would make records of the writing of records, for ever.
            with tracing_disabled():
                is_written = not taken or self._attempt([record for record, _ in taken])
        finally:
            if is_written:
                self._queued_bytes -= size
            else:
                queue.extendleft(reversed(taken))
                waiting = [entry for entry in list(queue) if isinstance(entry, _Mark)]
                for mark in waiting:
                    queue.remove(mark)
                marks.extend(waiting)
            self._writing_count = 0
            for mark in marks:
                mark.reached.set()
        return is_written

    def _attempt(self, batch: list[EncodedRecord]) -> bool:
        """Write a batch, or find the records in it that no store takes and drop those."""
        try:
            self._write(batch)
        except Exception as error:
            if _is_store_failure(error):
                self._note_failure(error)
                return False
            self._write_singly(batch, error)
        if self._is_failing:
            self._is_failing = False
            warn("weave_lite can write records again", once=False)
        self._failed_writes = 0
        return True

    def _write_singly(self, batch: list[EncodedRecord], error: Exception) -> None:
        """A record is refused for what it is: keep the others of its batch."""
        if len(batch) == 1:
            self._lose(1)
            warn(f"weave_lite could not store a record, it is lost: {error}")
            return
        middle = len(batch) // 2
        for part in (batch[:middle], batch[middle:]):
            try:
                self._write(part)
            except Exception as part_error:
                self._write_singly(part, part_error)

    def _note_failure(self, error: Exception) -> None:
        self._failed_writes += 1
        self._retry_at = time.monotonic() + self._pause()
        if not self._is_failing:
            self._is_failing = True
            at_exit.watch(self)
            warn(
                f"weave_lite cannot write to its store: {error}. Records are kept in memory, up to "
                f"{self._max_bytes} bytes, and written as soon as that works; your program goes on",
                once=False,
            )

    def _lose(self, count: int) -> None:
        if not self.lost_count:
            warn("weave_lite drops records, because the store cannot take them", once=False)
        self.lost_count += count


def _is_store_failure(error: Exception) -> bool:
    """Whether a later attempt may work: the store failed, not the record."""
    from weave_lite.core.errors import (  # noqa: PLC0415 - only on failures
        AccessDeniedError,
        StoreError,
    )

    return isinstance(error, StoreError | AccessDeniedError | OSError | MemoryError)


_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _come_to_rest() -> None:
    """Before a fork: no other thread may be in the middle of loading a part of the tracer."""
    if _recorders:
        load_late_modules()


def _forget_in_child() -> None:
    """In a forked child: the records in the queues are the parent's to write."""
    for recorder in list(_recorders):
        recorder._start_empty()  # noqa: SLF001 - threads and locks of the parent are not here


os.register_at_fork(before=_come_to_rest, after_in_child=_forget_in_child)

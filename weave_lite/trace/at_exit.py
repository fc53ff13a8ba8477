"""The end of the process: open streams are ended, then recorders write what they hold.

Nothing is registered until there is something to do. Must not know ops or servers.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
import weakref
from typing import Protocol

__all__ = ["Ender", "finish_open", "watch", "watch_stream", "watch_worker_exit"]

_LIMIT_S = 5.0


class Ender(Protocol):
    """Something that has work left when the process ends."""

    def close_for_good(self, timeout: float) -> None:
        """Do the work that is left, within a time."""


class Stream(Ender, Protocol):
    """An open stream, which ends its call."""

    def disown(self) -> None:
        """Leave the call to the process from which this one was forked."""


_recorders: weakref.WeakSet[Ender] = weakref.WeakSet()
# Weak: a stream that nobody holds any more ends by itself.
_streams: weakref.WeakSet[Stream] = weakref.WeakSet()
_is_registered = False
_worker_of: object = None


def watch(recorder: Ender) -> None:
    """Close a recorder when the process ends."""
    _recorders.add(recorder)
    _register()


def watch_stream(stream: Stream) -> None:
    """End a stream when the process ends."""
    _streams.add(stream)
    _register()


def watch_worker_exit() -> None:
    """Make a worker of ``multiprocessing`` write its records too: it ends without ``atexit``."""
    global _worker_of  # noqa: PLW0603 - one registration per process
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is None or process is None:
        return
    current = process.current_process()
    if process.parent_process() is None or _worker_of is current:
        return
    _worker_of = current
    # Above the priorities of multiprocessing's own finalizers.
    util.Finalize(None, finish_open, exitpriority=100)


def finish_open() -> None:
    """End all streams and close all recorders, within five seconds together."""
    deadline = time.monotonic() + _LIMIT_S
    for stream in list(_streams):
        stream.close_for_good(0)
    for recorder in list(_recorders):
        recorder.close_for_good(max(0.1, deadline - time.monotonic()))


def _register() -> None:
    global _is_registered  # noqa: PLW0603 - one registration per process
    if not _is_registered:
        _is_registered = True
        atexit.register(finish_open)


def _disown_streams() -> None:
    """In a forked child: the open streams belong to the parent, which will end them."""
    for stream in list(_streams):
        stream.disown()
    _streams.clear()


os.register_at_fork(after_in_child=_disown_streams)

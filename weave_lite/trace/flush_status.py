"""Waiting for the queue of the recorder, with progress."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.trace.recorder import Recorder

__all__ = ["FlushStatus", "PendingJobCounts", "flush_with_progress", "progress_bar"]

_INTERVAL_S = 0.1


class PendingJobCounts(TypedDict):
    """How many records wait. Ours has one queue, so all stand under ``main_jobs``."""

    main_jobs: int
    fastlane_jobs: int
    call_processor_jobs: int
    total_jobs: int


class FlushStatus(TypedDict):
    """How far a flush is."""

    job_counts: PendingJobCounts
    completed_since_last_update: int
    total_completed: int
    max_total_jobs: int
    has_pending_jobs: bool


def flush_with_progress(recorder: Recorder, callback: Callable[[FlushStatus], None]) -> None:
    """Write all that is in the queue; tell the callback every 0.1 s and once at the end.

    Args:
        recorder: Whose queue.
        callback: Gets the status; the last one has ``has_pending_jobs`` False and zero counts.
    """
    most = pending = recorder.outstanding
    completed = 0
    writer = threading.Thread(target=recorder.flush, name="weave_lite-flush", daemon=True)
    if pending:
        writer.start()
        writer.join(_INTERVAL_S)
    while writer.is_alive():
        left = min(recorder.outstanding, most)
        done = max(pending - left, 0)
        pending = left
        completed += done
        callback(_status(pending, done, completed, most))
        writer.join(_INTERVAL_S)
    callback(_status(0, most - completed, most, most))


def _status(pending: int, done: int, completed: int, most: int) -> FlushStatus:
    return {
        "job_counts": {
            "main_jobs": pending,
            "fastlane_jobs": 0,
            "call_processor_jobs": 0,
            "total_jobs": pending,
        },
        "completed_since_last_update": done,
        "total_completed": completed,
        "max_total_jobs": most,
        "has_pending_jobs": pending > 0,
    }


def progress_bar() -> Callable[[FlushStatus], None]:
    """Return a callback that shows a bar on stderr; nothing when that is no terminal."""
    if not sys.stderr.isatty():
        return lambda _: None
    from rich.console import Console  # noqa: PLC0415 - only for terminals
    from rich.progress import Progress  # noqa: PLC0415

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task("Writing records", total=None)

    def show(status: FlushStatus) -> None:
        if status["has_pending_jobs"]:
            bar.start()
            bar.update(task, total=status["max_total_jobs"], completed=status["total_completed"])
        else:
            bar.stop()

    return show

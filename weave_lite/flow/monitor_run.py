"""The worker of monitors: scores finished calls of one client, beside the user's threads.

The thread that ends a call only notes its id. What passes the query of a monitor is asked of the
store, so that a query means here what it means everywhere.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from contextvars import ContextVar
from random import random
from typing import TYPE_CHECKING, NamedTuple

from weave_lite.flow.scoring import score_stored_call
from weave_lite.trace import at_exit
from weave_lite.trace.client_context import get_client
from weave_lite.trace.guard import captured, warn
from weave_lite.trace.hooks import prints_no_links
from weave_lite.trace.watch import stop_watching, watch_calls, watcher_of
from weave_lite.trace_server.interface.calls import CallsFilter

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from weave_lite.flow.scoring import PreparedScorer
    from weave_lite.trace.call import Call
    from weave_lite.trace.weave_client import WeaveClient
    from weave_lite.trace_server.interface.query import Query

__all__ = ["ActiveMonitor", "MonitorRunner", "runner_of"]

_MAX_PENDING = 100_000
_BATCH_SIZE = 100
_GATHER_S = 0.02
_IDLE_S = 1.0
_EXIT_S = 3.0
_MAX_AT_A_TIME = 20

# Whether this is a monitor's scoring: calls that it makes are nobody's to score.
_is_scoring: ContextVar[bool] = ContextVar("_is_scoring", default=False)


class ActiveMonitor(NamedTuple):
    """What is needed of a monitor while it is active.

    Attributes:
        uri: Where it is stored; what triggers the scores.
        op_names: Names or refs of ops; a ref may end in ``:*``.
        sampling_rate: The fraction of calls that is scored.
        query: What calls must pass.
        scorers: Who scores.
    """

    uri: str
    op_names: tuple[str, ...]
    sampling_rate: float
    query: Query | None
    scorers: tuple[PreparedScorer, ...]

    def takes_op(self, op_uri: str) -> bool:
        """Tell whether calls of an op are meant."""
        any_version = f"{op_uri.rpartition(':')[0]}:*"
        name = op_uri.rpartition("/")[2].partition(":")[0]
        return any(each in {op_uri, any_version, name, f"{name}:*"} for each in self.op_names)


class MonitorRunner:
    """Scores the calls that active monitors take.

    Args:
        client: Whose calls.
    """

    def __init__(self, client: WeaveClient) -> None:
        self._client = client
        self._monitors: dict[Hashable, ActiveMonitor] = {}
        self._failed: set[tuple[str, str]] = set()
        self._start_empty()

    def _start_empty(self) -> None:
        self._by_op: dict[str, tuple[ActiveMonitor, ...]] = {}
        self._pending: deque[tuple[str, list[ActiveMonitor]]] = deque()
        # Reentrant: a finalizer that runs in the middle may end a call.
        self._changed = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._scoring_count = 0
        self._is_closed = False

    # --- monitors ---

    def add(self, key: Hashable, monitor: ActiveMonitor) -> None:
        """Begin with a monitor; one of the same key is replaced."""
        self._monitors[key] = monitor
        self._by_op = {}
        watch_calls(self._client, self)

    def remove(self, key: Hashable) -> None:
        """Stop with a monitor. Calls that ended before are still scored."""
        self._monitors.pop(key, None)
        self._by_op = {}
        if not self._monitors:
            stop_watching(self._client)

    # --- the user's threads ---

    def __call__(self, call: Call) -> None:
        """Take note of a call that has ended."""
        uri = call.op_name
        found = self._by_op.get(uri)
        if found is None:
            monitors = self._monitors.values()
            found = self._by_op[uri] = tuple(each for each in monitors if each.takes_op(uri))
        if not found or _is_scoring.get() or call.id is None or self._is_closed:
            return
        taken = [m for m in found if m.sampling_rate >= 1 or random() < m.sampling_rate]  # noqa: S311
        if not taken:
            return
        try:
            self._put(call.id, taken)
        except RuntimeError as error:  # no more threads
            captured("Error starting to score calls", error)

    def _put(self, call_id: str, monitors: list[ActiveMonitor]) -> None:
        with self._changed:
            if len(self._pending) >= _MAX_PENDING:
                warn(
                    f"{_MAX_PENDING} calls wait for the scorers of monitors; further ones are not "
                    "scored. Lower the sampling_rate of the monitors"
                )
                return
            self._pending.append((call_id, monitors))
            if self._thread is None:
                at_exit.watch_stream(self)  # for the end, and for forks
                thread = threading.Thread(target=self._run, name="weave_lite-monitors", daemon=True)
                thread.start()
                self._thread = thread
            elif len(self._pending) == 1:
                self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all calls so far are scored.

        Args:
            timeout: Seconds to wait at most; None means until done.

        Returns:
            Whether they are.
        """
        if _is_scoring.get():
            return False  # a scorer cannot wait for itself
        with self._changed:
            is_done = self._changed.wait_for(lambda: not self._left(), timeout)
            left = self._left()
        if not is_done:
            warn(f"{left} calls are not scored by their monitors yet", once=False)
        return is_done

    def _left(self) -> int:
        return len(self._pending) + self._scoring_count

    def close_for_good(self, timeout: float) -> None:
        """Score what is left at the end of the process, within a short time."""
        del timeout
        self._is_closed = True
        self.wait(_EXIT_S)

    def disown(self) -> None:
        """In a forked child: what is pending is the parent's."""
        self._start_empty()

    # --- the worker ---

    def _run(self) -> None:
        _is_scoring.set(True)
        prints_no_links.set(True)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending, _IDLE_S)
                if not self._pending:
                    self._thread = None
                    return
            time.sleep(_GATHER_S)  # let calls gather
            with self._changed:
                count = min(len(self._pending), _BATCH_SIZE)
                batch = [self._pending.popleft() for _ in range(count)]
                self._scoring_count = count
            try:
                self._score(batch)
            except BaseException as error:  # the worker must outlive whatever a scorer does
                captured("Error scoring calls for monitors", _as_exception(error))
            finally:
                with self._changed:
                    self._scoring_count = 0
                    self._changed.notify_all()

    def _score(self, batch: Sequence[tuple[str, list[ActiveMonitor]]]) -> None:
        """Score the calls of a batch that pass the queries."""
        if get_client() is not self._client:
            warn("calls of a client that is no longer active are not scored by its monitors")
            return
        self._client.recorder.flush()
        ids: dict[str, tuple[ActiveMonitor, list[str]]] = {}
        for call_id, monitors in batch:
            for monitor in monitors:
                ids.setdefault(monitor.uri, (monitor, []))[1].append(call_id)
        jobs: list[tuple[Call, PreparedScorer, str]] = []
        for monitor, wanted in ids.values():
            try:
                calls = list(
                    self._client.get_calls(filter=CallsFilter(call_ids=wanted), query=monitor.query)
                )
            except Exception as error:
                captured(f"Error reading calls for {monitor.uri}", error)
                continue
            jobs += [(call, scorer, monitor.uri) for call in calls for scorer in monitor.scorers]
        asyncio.run(self._score_all(jobs))

    async def _score_all(self, jobs: Sequence[tuple[Call, PreparedScorer, str]]) -> None:
        limit = asyncio.Semaphore(_MAX_AT_A_TIME)

        async def score(call: Call, scorer: PreparedScorer, uri: str) -> None:
            async with limit:
                try:
                    # Not in threads of a pool: the end of the process would wait for those.
                    await score_stored_call(
                        self._client, call, scorer, trigger_ref=uri, in_thread=False
                    )
                except (Exception, SystemExit) as error:
                    self._note_failure(scorer, uri, error)

        await asyncio.gather(*(score(*job) for job in jobs))

    def _note_failure(self, scorer: PreparedScorer, uri: str, error: BaseException) -> None:
        key = (uri, scorer.name)
        if key not in self._failed:
            self._failed.add(key)
            warn(
                f"scorer {scorer.name!r} of {uri} failed: {error!r}; further failures stand in its "
                "calls only",
                once=False,
            )


def runner_of(client: WeaveClient) -> MonitorRunner:
    """Return what runs the monitors of a client; it is made once."""
    found = watcher_of(client)
    return found if isinstance(found, MonitorRunner) else MonitorRunner(client)


def _as_exception(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else RuntimeError(repr(error))

"""Who is told of finished calls: at most one watcher per client, none by default.

Knows no monitor: a watcher is whatever wants to see calls as they end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from weave_lite.trace.tracer import tracer_of

if TYPE_CHECKING:
    from weave_lite.trace.call import Call
    from weave_lite.trace.weave_client import WeaveClient

__all__ = ["CallWatcher", "stop_watching", "wait_for_watcher", "watch_calls", "watcher_of"]

# How long `flush` waits for what finished calls have set off.
_WAIT_S = 30.0


class CallWatcher(Protocol):
    """Something that is told of finished calls."""

    def __call__(self, call: Call) -> None:
        """Take note of a call that has ended; in the user's thread, so at once."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all is done that calls so far have set off; tells whether it is."""


def watcher_of(client: WeaveClient) -> CallWatcher | None:
    """Return the watcher of a client, also one that is told no more."""
    return cast("CallWatcher | None", client.__dict__.get("_call_watcher"))


def watch_calls(client: WeaveClient, watcher: CallWatcher) -> None:
    """Let a watcher see the calls of a client as they end."""
    client.__dict__["_call_watcher"] = tracer_of(client).watcher = watcher


def stop_watching(client: WeaveClient) -> None:
    """Tell nobody of calls any more; what was set off may still be waited for."""
    tracer_of(client).watcher = None


def wait_for_watcher(client: WeaveClient) -> None:
    """Wait, up to a time, for what finished calls have set off."""
    watcher = watcher_of(client)
    if watcher is not None:
        watcher.wait(_WAIT_S)

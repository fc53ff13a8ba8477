"""The one client of the process, visible to all threads.

``active`` is what a wrapped op looks at first: None while nothing is traced, so that an op then
costs one attribute read. Knows neither servers nor ops.
"""

from __future__ import annotations

from _thread import RLock
from typing import TYPE_CHECKING

from weave_lite.core.errors import WeaveInitError

if TYPE_CHECKING:
    from weave_lite.trace.tracer import Tracer
    from weave_lite.trace.weave_client import WeaveClient

__all__ = ["get_client", "get_weave_client", "require_client", "require_weave_client", "set_client"]


class _Active:
    """What ops see of the client: ``tracer`` is None while nothing is traced."""

    __slots__ = ("client", "is_unset", "tracer")

    def __init__(self) -> None:
        self.client: WeaveClient | None = None
        self.tracer: Tracer | None = None
        # True until a client was set or init found tracing disabled: only then does a call of an
        # op deserve the warning that it is not traced.
        self.is_unset = True


active = _Active()
_lock = RLock()


def get_client() -> WeaveClient | None:
    """Return the active client, or None."""
    return active.client


def require_client() -> WeaveClient:
    """Return the active client.

    Raises:
        WeaveInitError: No client is active.
    """
    client = active.client
    if client is not None:
        return client
    from weave_lite.trace.settings import current  # noqa: PLC0415 - only for the message

    if current().disabled:
        raise WeaveInitError(
            "No client is active, because the setting disabled (WEAVE_DISABLED) is on: switch it "
            "off and call weave.init('my-project') again"
        )
    raise WeaveInitError("No client is active. Call weave.init('my-project') first")


def set_client(client: WeaveClient | None) -> None:
    """Make a client the active one; None stops tracing. Setting one while another is set does nothing.

    Args:
        client: The client, or None to forget the current one.
    """
    with _lock:
        if client is None:
            active.tracer = None
            active.client = None
            return
        active.is_unset = False
        if active.client is not None:
            return
        from weave_lite.trace.tracer import tracer_of  # noqa: PLC0415 - loaded with the first client

        active.client = client
        active.tracer = tracer_of(client)


def mark_disabled() -> None:
    """Note that tracing was switched off on purpose: ops give no warning that nothing is traced."""
    with _lock:
        active.is_unset = False
        active.tracer = None
        active.client = None


# Names of upstream's module of the same purpose.
get_weave_client = get_client
require_weave_client = require_client

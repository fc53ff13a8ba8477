"""The official package's reports about itself, which go to a server of its maker."""

from __future__ import annotations

import sys
from typing import Any, Final

__all__ = ["silence"]

_REPORTERS: Final = ("weave.telemetry.trace_sentry", "weave.trace.trace_sentry")


def silence() -> None:
    """Keep the imported package from reporting errors and sessions, in this process from now on.

    ``WANDB_ERROR_REPORTING=false`` does the same in 0.54, before it is imported; 0.51 has no switch.
    """
    for name in _REPORTERS:
        reporter: Any = getattr(sys.modules.get(name), "global_trace_sentry", None)
        if reporter is None:
            continue
        vars(reporter)["_disabled"] = True
        # What it began before would still be sent at exit.
        holder = getattr(reporter, "scope", None) or getattr(reporter, "hub", None)
        client = getattr(holder, "client", None)
        if client is not None:
            client.transport = None

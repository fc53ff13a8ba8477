"""Actions that run over calls, and what a server of actions does."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from weave_lite.trace_server.interface.wire import WireModel

__all__ = ["ActionServer", "ActionsExecuteBatchReq", "ActionsExecuteBatchRes"]


class ActionsExecuteBatchReq(WireModel):
    """Run an action over calls."""

    project_id: str
    action_ref: str
    call_ids: list[str]
    # Filled by the server, never taken from a caller.
    wb_user_id: str | None = None


class ActionsExecuteBatchRes(WireModel):
    """The action has run."""


class ActionServer(Protocol):
    """What a server of actions does."""

    @abstractmethod
    def actions_execute_batch(self, req: ActionsExecuteBatchReq) -> ActionsExecuteBatchRes:
        """Run an action over calls."""

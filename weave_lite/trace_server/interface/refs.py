"""Reading what refs point to, in batches."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Protocol

from weave_lite.trace_server.interface.wire import WireModel

__all__ = ["RefServer", "RefsReadBatchReq", "RefsReadBatchRes"]


class RefsReadBatchReq(WireModel):
    """Read what refs point to; at most 1000 refs of objects and ops, as URIs."""

    refs: list[str]


class RefsReadBatchRes(WireModel):
    """One value per ref, in order."""

    vals: list[Any]


class RefServer(Protocol):
    """What a server of refs does."""

    @abstractmethod
    def refs_read_batch(self, req: RefsReadBatchReq) -> RefsReadBatchRes:
        """Read the values that refs point to, in order."""

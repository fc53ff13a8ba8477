"""The whole trace server as one Protocol: the Protocols of all aggregates joined."""

from __future__ import annotations

from typing import Protocol

from weave_lite.trace_server.interface.actions import ActionServer
from weave_lite.trace_server.interface.calls import CallServer
from weave_lite.trace_server.interface.completions import CompletionServer
from weave_lite.trace_server.interface.costs import CostServer
from weave_lite.trace_server.interface.feedback import FeedbackServer
from weave_lite.trace_server.interface.files import FileServer
from weave_lite.trace_server.interface.objects import ObjectServer
from weave_lite.trace_server.interface.otel import OtelServer
from weave_lite.trace_server.interface.project import ProjectServer
from weave_lite.trace_server.interface.refs import RefServer
from weave_lite.trace_server.interface.tables import TableServer

__all__ = ["TraceServerInterface"]


class TraceServerInterface(
    ProjectServer,
    CallServer,
    ObjectServer,
    TableServer,
    RefServer,
    FileServer,
    FeedbackServer,
    CostServer,
    CompletionServer,
    ActionServer,
    OtelServer,
    Protocol,
):
    """The whole trace server. A subclass must define every method.

    Example:
        >>> sorted(TraceServerInterface.__abstractmethods__)[0]
        'actions_execute_batch'
    """

"""A store behind HTTP, and a network that answers as a test says."""

from __future__ import annotations

import httpx2
import pytest
from served_store import remote, store

from weave_lite.trace_server_bindings.http_transport import RetryPolicy
from weave_lite.trace_server_bindings.remote_http_trace_server import RemoteHTTPTraceServer

__all__ = ["network", "remote", "store"]


class Network:
    """A network with one server in it.

    Attributes:
        answers: What it answers, in turn; the last one for ever. An error is raised.
        requests: What it was asked.
    """

    def __init__(self):
        self.answers = [httpx2.Response(200, json={})]
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, should_batch=False, attempts=3, **options):
        """Make a client that does not wait long."""
        return RemoteHTTPTraceServer(
            "http://server.test",
            should_batch,
            transport=httpx2.MockTransport(self),
            retries=RetryPolicy(attempts, first_wait_s=0.001),
            **options,
        )


@pytest.fixture
def network():
    """A network that answers as a test says."""
    return Network()

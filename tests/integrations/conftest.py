"""A client in memory, a tracer of the OpenTelemetry SDK that writes into it, a server of models."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from scripted_wire import scripted_wire

from weave_lite.integrations.autopatch import autopatch, reset_autopatch, wished
from weave_lite.integrations.opentelemetry import trace_spans
from weave_lite.testing import memory_client


@pytest.fixture
def client():
    """A client on an empty store."""
    with memory_client() as client:
        yield client


@pytest.fixture
def provider():
    """A provider whose spans are stored by the active client."""
    provider = TracerProvider()
    trace_spans(provider)
    yield provider
    provider.shutdown()


@pytest.fixture
def tracer(provider):
    """A tracer of that provider."""
    return provider.get_tracer("tests")


@pytest.fixture
def wire():
    """A server that answers as the test says."""
    with scripted_wire() as wire:
        yield wire


@pytest.fixture
def patched(client):
    """The client, with all libraries patched as ``init`` does it."""
    autopatch(wished(None))
    yield client
    reset_autopatch()

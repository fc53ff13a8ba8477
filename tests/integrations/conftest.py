"""A client in memory, and a tracer of the OpenTelemetry SDK that writes into it."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider

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

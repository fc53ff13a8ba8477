"""The fixtures of the tracer's tests: a client that only keeps records, and a clean process state."""

from __future__ import annotations

import pytest
from fake_client import FakeClient

from weave_lite.trace import client_context, context, guard, settings
from weave_lite.trace.hooks import set_for_all_ops


@pytest.fixture(autouse=True)
def _clean_state():
    """Each test begins without client, settings and context, and must leave the stack empty."""
    client_context.set_client(None)
    settings.use(settings.Settings(capture_client_info=False, capture_system_info=False))
    set_for_all_ops(attributes=None, postprocess_inputs=None, postprocess_output=None)
    guard._seen.clear()
    yield
    client_context.set_client(None)
    settings.use(None)
    set_for_all_ops(attributes=None, postprocess_inputs=None, postprocess_output=None)
    assert context.get_call_stack() == []


@pytest.fixture
def client():
    """The active client of a test; it keeps records and has no store."""
    fake = FakeClient()
    client_context.set_client(fake)
    yield fake
    client_context.set_client(None)
    fake.recorder.close()

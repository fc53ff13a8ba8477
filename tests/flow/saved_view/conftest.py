"""The fixture of the tests of views: the active client of an empty store in memory."""

from __future__ import annotations

import pytest

from weave_lite.testing import memory_client


@pytest.fixture
def client():
    """The active client; each record is written at once."""
    with memory_client(capture_client_info=False, capture_system_info=False) as client:
        yield client

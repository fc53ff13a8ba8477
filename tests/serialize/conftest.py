"""What the tests of serialize share: a sink and source in memory."""

from __future__ import annotations

import pytest
from memory_store import MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    """An empty store."""
    return MemoryStore()

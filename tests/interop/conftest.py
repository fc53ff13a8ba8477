"""A served file."""

from __future__ import annotations

import pytest
from official_clients import serving


@pytest.fixture
def served(tmp_path):
    """A file, and the address of a process that serves it."""
    file = tmp_path / "served.db"
    with serving(file) as url:
        yield file, url

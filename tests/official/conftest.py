"""The stand-in of each generation."""

from __future__ import annotations

import official_standin
import pytest


@pytest.fixture(params=official_standin.VERSIONS)
def generation(request):
    """Both generations, one after the other."""
    return request.param


@pytest.fixture
def standin(monkeypatch, generation):
    """The official package's stand-in, installed in this process."""
    return official_standin.install(monkeypatch, generation)

"""Hypothesis profiles: ``dev`` by default; ``HYPOTHESIS_PROFILE`` picks another."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("deep", max_examples=5000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_collection_finish():
    """Let no collection of garbage look through the ten thousand tests themselves."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def served():
    """The one web server of all tests; a test puts its store behind it with ``served.serving``."""
    from served import Served  # the other tests need no package for HTTP

    served = Served()
    yield served
    served.stop()


@pytest.fixture
def own_environment(tmp_path, monkeypatch):
    """An empty working folder, and no setting of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("WEAVE_", "WANDB_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("WEAVE_LITE_QUIET", "1")

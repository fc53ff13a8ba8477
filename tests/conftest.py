"""Hypothesis profiles: ``dev`` by default; ``HYPOTHESIS_PROFILE`` picks another."""

from __future__ import annotations

import gc
import os

from hypothesis import settings

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("deep", max_examples=5000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_collection_finish():
    """Let no collection of garbage look through the ten thousand tests themselves."""
    gc.collect()
    gc.freeze()

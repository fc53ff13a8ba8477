"""Helpers for tests of traced code: a steady clock, counted ids, a store in memory, what was traced.

No pytest in here: its fixtures stand in ``weave_lite.pytest_plugin``.
"""

from __future__ import annotations

from weave_lite.testing.memory import memory_client
from weave_lite.testing.sources import CountingIds, StepClock
from weave_lite.testing.traced_calls import TracedCalls, trace_as_dict

__all__ = ["CountingIds", "StepClock", "TracedCalls", "memory_client", "trace_as_dict"]

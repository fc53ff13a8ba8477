"""The helpers for tests of traced code."""

from __future__ import annotations

import subprocess
import sys

import pytest

import weave_lite as weave
from weave_lite.core import clock, ids
from weave_lite.testing import CountingIds, StepClock, memory_client, trace_as_dict


@weave.op
def leaf(x):
    if x < 0:
        raise ValueError("negative")
    return x


@weave.op
def root(n):
    return [leaf(i) for i in range(n)]


def test_traces_are_trees_of_plain_dicts():
    """Roots in order of start."""
    with memory_client():
        root(1)
        with pytest.raises(ValueError):
            leaf(-1)
        first, second = trace_as_dict()
    child = {
        "op": "leaf", "inputs": {"x": 0}, "output": 0, "exception": None, "status": "success", "children": [],
    }  # fmt: skip
    assert first == {
        "op": "root", "inputs": {"n": 1}, "output": [0], "exception": None, "status": "success",
        "children": [child],
    }  # fmt: skip
    assert (second["status"], second["output"]) == ("error", None)


def test_clock_and_ids_make_records_repeatable():
    """Two runs give the same ids and times."""

    def run():
        with (
            memory_client() as client,
            clock.replaced_clock(StepClock()),
            ids.replaced_ids(CountingIds()),
        ):
            root(2)
            return [
                (c.id, c.trace_id, c.parent_id, c.started_at, c.ended_at)
                for c in client.get_calls()
            ]

    assert run() == run()


def test_a_block_restores_what_was_before():
    """The client, the settings and the hooks."""
    with memory_client("a/outer") as outer:
        with memory_client("b/inner", capture_client_info=False) as inner:
            assert weave.get_client() is inner
            leaf(1)
            assert "source" not in next(iter(inner.get_calls())).attributes["weave"]
        assert weave.get_client() is outer
        leaf(2)
        assert [c.output for c in outer.get_calls()] == [2]
        assert "source" in next(iter(outer.get_calls())).attributes["weave"]
    assert weave.get_client() is None


def test_no_test_framework_is_loaded():
    """The helpers work with any."""
    program = "import sys, weave_lite.testing; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

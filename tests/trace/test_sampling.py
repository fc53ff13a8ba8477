"""Sampling of root calls."""

from __future__ import annotations

import asyncio
import random

from weave_lite.trace.context import is_tracing_enabled
from weave_lite.trace.op import op


@op
def leaf(x):
    return x


@op(tracing_sample_rate=0.0)
def never(x):
    return leaf(x)


@op(tracing_sample_rate=0.0)
async def never_async(x):
    return leaf(x)


def test_the_rate_is_decided_at_the_root_only(client):
    """Below a root that is left out nothing is traced; under a traced parent the rate is ignored."""

    @op
    def parent():
        return never(2)

    assert never(1) == 1
    assert asyncio.run(never_async(1)) == 1
    assert parent() == 2
    assert client.tree == [("parent", None), ("never", 0), ("leaf", 1)]
    assert is_tracing_enabled()


def test_a_share_of_the_roots_is_traced(client):
    """About the rate, and all of one."""
    half = op(lambda: leaf(1), tracing_sample_rate=0.5, name="half")
    random.seed(7)
    for _ in range(400):
        half()
    traced = [c for c in client.calls if c["op"] == "half"]
    assert 140 < len(traced) < 260
    assert len(client.calls) == 2 * len(traced)
    always = op(lambda: 1, tracing_sample_rate=1, name="always")
    always()
    assert client.calls[-1]["op"] == "always"


def test_call_of_a_sampled_out_op_is_a_placeholder(client):
    """The result comes all the same, and an exception leaves tracing on."""
    result, call = never.call(3)
    assert (result, call.id, call.output) == (3, None, 3)
    _, call = asyncio.run(never_async.call(3))
    assert call.id is None

    @op(tracing_sample_rate=0.0)
    def fails():
        raise ValueError

    assert fails.call()[1].status == "error"
    assert is_tracing_enabled()
    assert client.calls == []

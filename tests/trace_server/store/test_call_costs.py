"""Costs of calls: one select per chunk by the index on models, and the choice of its prices."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.trace_server.interface.encoded import EncodedCall
from weave_lite.trace_server.prices.choose import choose
from weave_lite.trace_server.prices.lookup import default_prices
from weave_lite.trace_server.store import call_costs, costs
from weave_lite.trace_server.store.engine import Store

P = "acme/demo"
NOW = 1_735_689_600_000_000


@pytest.fixture
def connection():
    store = Store.open(":memory:")
    with store.write() as conn:
        yield conn
    store.close()


def encoded(call_id, usage, started_at=NOW, weave=None):
    summary = {"weave": weave or {"status": "success"}}
    if usage is not None:
        summary["usage"] = usage
    call = EncodedCall(
        P, P, "op", None, "t", None, None, None, started_at, None, None, started_at, None, None,
        json.dumps(summary), None, None,
    )  # fmt: skip
    return call._replace(id=call_id)


def price(llm_id, prompt, effective_date, created_at=NOW):
    return costs.NewPrice(
        llm_id, "x", effective_date, prompt, 0.0, None, None, "USD", "USD", "ada", created_at
    )


def prompt_costs(calls):
    found = [json.loads(call.summary_json)["weave"]["costs"] for call in calls]
    return [{name: one["prompt_token_cost"] for name, one in each.items()} for each in found]


def test_one_select_for_a_chunk(connection):
    """By the index on models, however many calls and models there are."""
    costs.create(connection, P, [price("a", 1.0, 0), price("b", 2.0, 0)])
    calls = [encoded("1", {"a": {}, "b": {}}), encoded("2", {"a": {}}), encoded("3", None)]
    statements = []
    connection.raw.set_trace_callback(statements.append)
    added = call_costs.add(connection, 1, calls)
    connection.raw.set_trace_callback(None)
    (sql,) = statements
    plan = [row[3] for row in connection.raw.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert [step for step in plan if step.startswith(("SEARCH c", "SCAN c"))] == [
        (
            "SEARCH c USING INDEX costs_by_model"
            " (project=? AND llm_id=? AND effective_date>? AND effective_date<?)"
        ),
        (
            "SEARCH costs USING COVERING INDEX costs_by_model"
            " (project=? AND llm_id=? AND effective_date<?)"
        ),
        "SEARCH c USING INDEX costs_by_model (project=? AND llm_id=? AND effective_date=?)",
        "SEARCH costs USING COVERING INDEX costs_by_model (project=? AND llm_id=?)",
    ]
    assert prompt_costs(added[:2]) == [{"a": 1.0, "b": 2.0}, {"a": 1.0}]
    assert added[2] is calls[2]


def test_a_chunk_without_usage_asks_nothing(connection):
    """Its calls stay as they are."""
    statements = []
    connection.raw.set_trace_callback(statements.append)
    calls = [encoded("1", None), encoded("2", {})]
    assert call_costs.add(connection, 1, calls) == calls
    assert call_costs.add(connection, 1, []) == []
    connection.raw.set_trace_callback(None)
    assert statements == []


@pytest.mark.parametrize("usage", [7, "x", [{}], {"a": 7}, {"a": None}, {"a": [1]}])
def test_usage_that_is_none_has_no_costs(connection, usage):
    """The recorder's door takes any summary."""
    (call,) = call_costs.add(connection, 1, [encoded("1", usage)])
    assert json.loads(call.summary_json) == {"weave": {"status": "success"}, "usage": usage}


@pytest.mark.parametrize(
    ("value", "expected"), [(2.0, 2), (1.5, 1), (True, 1), ("7", 0), ({}, 0), ([1], 0), (-3, -3)]
)
def test_counts_are_whole_numbers(connection, value, expected):
    """Whatever was stored: the client refuses a call with any other."""
    (call,) = call_costs.add(connection, 1, [encoded("1", {"a": {"requests": value}})])
    found = json.loads(call.summary_json)["weave"]["costs"]["a"]["requests"]
    assert (found, type(found)) == (expected, int)


MOMENTS = st.integers(0, 6).map(lambda n: NOW + n * 1_000_000)


@given(
    dates=st.lists(st.tuples(MOMENTS, st.integers(0, 3)), max_size=6, unique=True),
    model=st.sampled_from(["mine", "gpt-4o"]),
    started_at=MOMENTS | st.sampled_from([0, 1_728_400_000_000_000, 1_733_000_000_000_000]),
)
def test_the_chosen_price_is_that_of_the_rule(dates, model, started_at):
    """Looking only at the one price of the project that can win gives what looking at all does."""
    store = Store.open(":memory:")
    try:
        with store.write() as conn:
            rows = [price(model, float(n), at, made) for n, (at, made) in enumerate(dates)]
            costs.create(conn, P, rows)
            (call,) = call_costs.add(conn, 1, [encoded("1", {model: {}}, started_at)])
            own = [
                call_costs.Price(
                    str(n), "project", P, "x", model, row.effective_date, row.prompt_token_cost,
                    0.0, "USD", "USD", None, None, "ada", row.created_at,
                )
                for n, row in enumerate(rows)
            ]  # fmt: skip
    finally:
        store.close()
    expected = choose([*own, *default_prices(model)], started_at)
    amount = expected and expected.prompt_token_cost
    assert prompt_costs([call]) == [{model: amount}]

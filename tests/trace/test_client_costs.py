"""Tests of prices that are set through the client, and of what calls cost."""

from __future__ import annotations

import datetime as dt

import pytest

from weave_lite.core.errors import InvalidQueryError, InvalidRequest
from weave_lite.testing import memory_client
from weave_lite.trace.op import op


@op
def ask(model: str) -> dict:
    return {"model": model, "usage": {"prompt_tokens": 100, "completion_tokens": 10}}


@op
def outer(model: str) -> str:
    ask(model)
    return "done"


@pytest.fixture
def client():
    """The active client of an empty store in memory."""
    with memory_client("ent/proj", capture_client_info=False) as client:
        yield client


def test_a_price_is_added_and_found(client):
    """By default from now on; the date may have no zone."""
    before = dt.datetime.now(dt.UTC)
    first = client.add_cost("m", 1, 2)
    second = client.add_cost(
        llm_id="m",
        prompt_token_cost=500,
        completion_token_cost=1000,
        effective_date=dt.datetime(1998, 10, 3),  # noqa: DTZ001 - as the documents write it
        prompt_token_cost_unit="EUR",
        completion_token_cost_unit="EUR",
        provider_id="mine",
    )

    found = {price.id: price for price in client.query_costs()}

    ((first_id, llm_id),), ((second_id, _),) = first.ids, second.ids
    assert llm_id == "m"
    assert set(found) == {first_id, second_id}
    assert before <= found[first_id].effective_date <= dt.datetime.now(dt.UTC)
    assert found[second_id].model_dump() == {
        "id": second_id,
        "llm_id": "m",
        "prompt_token_cost": 500.0,
        "completion_token_cost": 1000.0,
        "prompt_token_cost_unit": "EUR",
        "completion_token_cost_unit": "EUR",
        "effective_date": dt.datetime(1998, 10, 3, tzinfo=dt.UTC),
        "provider_id": "mine",
    }


def test_prices_are_found_by_id_model_and_condition(client):
    """Conditions are taken together; an empty list of models means all."""
    ids = [client.add_cost(name, 1, n).ids[0][0] for n, name in enumerate("abc")]
    dear = {"$expr": {"$gt": [{"$getField": "completion_token_cost"}, {"$literal": 0}]}}

    def found(*args, **kwargs):
        return [price.id for price in client.query_costs(*args, **kwargs)]

    assert found() == found(llm_ids=[]) == ids
    assert found(ids[1]) == ids[1:2]
    assert found(None, ["a", "c"]) == [ids[0], ids[2]]
    assert found(dear, llm_ids=["a", "c"]) == ids[2:]
    assert found(offset=1, limit=1) == ids[1:2]


def test_prices_are_purged(client):
    """One, several, none, unknown ones."""
    ids = [client.add_cost(name, 1, 1).ids[0][0] for name in "abcd"]

    client.purge_costs(ids[0])
    client.purge_costs([ids[1], ids[2], "unknown"])
    client.purge_costs([])

    assert [price.id for price in client.query_costs()] == ids[3:]


def test_what_does_not_fit_is_refused(client):
    """The message names the part."""
    with pytest.raises(InvalidRequest, match="prompt_token_cost must be a finite number"):
        client.add_cost("m", -1, 1)
    with pytest.raises(InvalidRequest, match="costs.m.prompt_token_cost: Input should be a valid"):
        client.add_cost("m", "much", 1)
    with pytest.raises(InvalidRequest, match="costs"):
        client.add_cost(5, 1, 1)
    with pytest.raises(InvalidQueryError, match="query must be a dict or a Query, not int"):
        client.query_costs(5)
    with pytest.raises(InvalidRequest, match="llm_ids must be a list of texts, without 5"):
        client.query_costs(llm_ids=[5])
    pairs = client.add_cost("m", 1, 1).ids
    with pytest.raises(InvalidRequest, match="ids must be a list of texts, without"):
        client.purge_costs(pairs)
    assert len(client.query_costs()) == 1


def test_costs_of_a_call_are_read_when_looked_at(client):
    """Whether they were asked for or not; a parent has those of the calls below it."""
    client.add_cost("m", 0.5, 2, effective_date=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    _, made = outer.call("m")
    asked = client.get_call(made.id, include_costs=True)
    plain = client.get_calls(filter={"call_ids": [made.id]})[0]

    for call in (made, asked, plain):
        entry = call.costs["m"]
        assert entry["prompt_tokens_total_cost"] == 50
        assert entry["completion_tokens_total_cost"] == 20
        assert list(call.costs) == ["m"]
    assert "costs" not in plain.summary["weave"]


def test_a_call_without_usage_costs_nothing(client):
    """Nor one that was not traced."""
    call = client.log_call("plain", {}, 1)

    assert call.costs == {}
    assert client.get_call(call.id, include_costs=True).costs == {}
    assert type(call)("op", "t", "ent/proj", None, {}).costs == {}

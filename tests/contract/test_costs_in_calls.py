"""Costs in answers about calls: counts, the price that holds, totals."""

from __future__ import annotations

import datetime as dt
import json
from itertools import count

import pytest
from pydantic import TypeAdapter

from weave_lite.core.clock import replaced_clock
from weave_lite.trace_server import trace_server_interface as tsi

P, OTHER = "acme/demo", "acme/other"
START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
ADDED = (
    "prompt_token_cost",
    "completion_token_cost",
    "prompt_tokens_total_cost",
    "completion_tokens_total_cost",
    "prompt_token_cost_unit",
    "completion_token_cost_unit",
    "effective_date",
    "provider_id",
    "pricing_level",
    "pricing_level_id",
    "created_by",
    "created_at",
)


def call(server, call_id, usage=None, *, project=P, started_at=START, summary=None):
    """Store a call; one without usage has an end all the same."""
    start = {
        "project_id": project,
        "id": call_id,
        "trace_id": "t",
        "op_name": "op",
        "started_at": started_at,
        "attributes": {},
        "inputs": {"q": 1},
    }
    server.call_start(tsi.CallStartReq.model_validate({"start": start}))
    summary = {} if summary is None else summary
    if usage is not None:
        summary = {**summary, "usage": usage}
    end = {"project_id": project, "id": call_id, "ended_at": started_at, "summary": summary}
    server.call_end(tsi.CallEndReq.model_validate({"end": end}))


def set_price(server, llm_id, prompt, effective_date=None, *, project=P, **fields):
    cost = {"prompt_token_cost": prompt, "completion_token_cost": 2 * prompt}
    cost |= {"effective_date": effective_date, **fields}
    req = {"project_id": project, "costs": {llm_id: cost}, "wb_user_id": "ada"}
    return server.cost_create(tsi.CostCreateReq.model_validate(req)).ids[0][0]


def ask(**fields):
    return tsi.CallsQueryReq.model_validate({"project_id": P, "include_costs": True, **fields})


def weave(server, call_id, project=P):
    req = tsi.CallReadReq(project_id=project, id=call_id, include_costs=True)
    return server.call_read(req).call.summary["weave"]


def costs(server, call_id, project=P):
    return weave(server, call_id, project)["costs"]


def test_a_built_in_price(server):
    """The shape of the contract: all keys, dates as text."""
    usage = {"prompt_tokens": 1000, "completion_tokens": 200, "requests": 1, "total_tokens": 1200}
    call(server, "1", {"gpt-4o": usage})
    found = costs(server, "1")["gpt-4o"]
    assert found == {
        **usage,
        "prompt_token_cost": 2.5e-06,
        "completion_token_cost": 1e-05,
        "prompt_tokens_total_cost": pytest.approx(0.0025),
        "completion_tokens_total_cost": pytest.approx(0.002),
        "prompt_token_cost_unit": "USD",
        "completion_token_cost_unit": "USD",
        "effective_date": "2024-12-18 09:00:21",
        "provider_id": "openai",
        "pricing_level": "default",
        "pricing_level_id": "default",
        "created_by": "system",
        "created_at": "2024-12-18 09:00:21",
    }
    assert list(found) == [*usage, *ADDED]


def test_a_built_in_price_by_its_date(server):
    """An older call has the older price; one before all has the newest, which is the latest."""
    for call_id, day in (
        ("1", dt.datetime(2024, 12, 1, tzinfo=dt.UTC)),
        ("2", dt.datetime(2020, 1, 1, tzinfo=dt.UTC)),
    ):
        call(server, call_id, {"gpt-4o": {"prompt_tokens": 1}}, started_at=day)
    assert [costs(server, each)["gpt-4o"]["prompt_token_cost"] for each in "12"] == [5e-06, 2.5e-06]


@pytest.mark.in_process("over HTTP the key says who writes")
def test_a_price_of_the_project(server):
    """It goes before the built-in one, whatever its provider; the level names the project."""
    with replaced_clock(lambda: 1_735_689_600_123_456):
        set_price(server, "gpt-4o", 0.5, "2023-01-02T04:04:05.999+01:00", provider_id="mine")
    call(server, "1", {"gpt-4o": {"prompt_tokens": 3, "completion_tokens": 2}})
    assert costs(server, "1") == {
        "gpt-4o": {
            "prompt_tokens": 3,
            "completion_tokens": 2,
            "requests": 0,
            "total_tokens": 0,
            "prompt_token_cost": 0.5,
            "completion_token_cost": 1.0,
            "prompt_tokens_total_cost": 1.5,
            "completion_tokens_total_cost": 2.0,
            "prompt_token_cost_unit": "USD",
            "completion_token_cost_unit": "USD",
            "effective_date": "2023-01-02 03:04:05",
            "provider_id": "mine",
            "pricing_level": "project",
            "pricing_level_id": P,
            "created_by": "ada",
            "created_at": "2025-01-01 00:00:00",
        }
    }


@pytest.mark.parametrize(
    ("model", "own", "expected"),
    [
        # gpt-4o has built-in prices of 2024, in effect when the call starts in 2025.
        ("gpt-4o", ["2023"], "2023"),
        ("gpt-4o", ["2026"], None),
        ("gpt-4o", ["2022", "2023"], "2023"),
        ("gpt-4o", ["2023", "2022", "2026"], "2023"),
        ("mine", ["2026"], "2026"),
        ("mine", ["2026", "2027"], "2027"),
        ("mine", ["2027", "2023", "2026"], "2023"),
        ("mine", ["2025"], "2025"),
    ],
)
def test_which_price_holds(server, model, own, expected):
    """In effect before not yet, the project's before the built-in, later before earlier."""
    for year in own:
        set_price(server, model, int(year), f"{year}-01-01")
    call(server, "1", {model: {"prompt_tokens": 1}})
    found = costs(server, "1")[model]
    assert found["pricing_level"] == ("default" if expected is None else "project")
    assert found["prompt_token_cost"] == (2.5e-06 if expected is None else int(expected))


def test_of_two_prices_of_one_date_the_later_made_holds(server):
    """A price that was corrected."""
    micros = count(1, 1)
    with replaced_clock(lambda: next(micros)):
        for prompt in (3, 1, 2):
            set_price(server, "mine", prompt, "2024-01-01")
    call(server, "1", {"mine": {"prompt_tokens": 1}})
    assert costs(server, "1")["mine"]["prompt_token_cost"] == 2


def test_an_unknown_model(server):
    """Its counts, and null for all else: unknown is not free. The name must be exact."""
    call(server, "1", {"GPT-4o": {"prompt_tokens": 5, "requests": 1}})
    assert costs(server, "1") == {
        "GPT-4o": {
            "prompt_tokens": 5,
            "completion_tokens": 0,
            "requests": 1,
            "total_tokens": 0,
            **dict.fromkeys(ADDED),
        }
    }


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({}, (0, 0, 0, 0)),
        ({"input_tokens": 3, "output_tokens": 4}, (3, 4, 0, 0)),
        (
            {"prompt_tokens": 1, "input_tokens": 3, "completion_tokens": 0, "output_tokens": 9},
            (1, 0, 0, 0),
        ),
        ({"prompt_tokens": None, "requests": None, "total_tokens": 7}, (0, 0, 0, 7)),
        ({"prompt_tokens": 2**70, "mine": {"x": [1]}}, (2**70, 0, 0, 0)),
        ({"prompt_tokens": 10**400}, (10**400, 0, 0, 0)),
    ],
)
def test_counts(server, usage, expected):
    """By either name; what is absent or null is 0; a price of nothing costs nothing."""
    set_price(server, "mine", 0.5, "2023-01-01")
    call(server, "1", {"mine": usage})
    found = costs(server, "1")["mine"]
    names = ("prompt_tokens", "completion_tokens", "requests", "total_tokens")
    assert tuple(found[name] for name in names) == expected
    is_sane = expected[0] < 10**300
    assert found["prompt_tokens_total_cost"] == (expected[0] * 0.5 if is_sane else None)
    assert found["completion_tokens_total_cost"] == expected[1] * 1.0


@pytest.mark.parametrize("summary", [{}, {"usage": {}}, {"weave": {"costs": {"x": {"old": 1}}}}])
def test_without_usage_there_are_no_costs(server, summary):
    """Neither those that a client stored with a copied answer."""
    call(server, "1", summary=summary)
    assert weave(server, "1") == {"status": "success", "trace_name": "op", "latency_ms": 0}


def test_a_running_call_has_no_costs(server):
    """It has no summary yet."""
    call(server, "1", {"gpt-4o": {}})
    start = {"project_id": P, "id": "2", "trace_id": "t", "op_name": "op", "started_at": START}
    start |= {"attributes": {}, "inputs": {}}
    server.call_start(tsi.CallStartReq.model_validate({"start": start}))
    assert weave(server, "2") == {"status": "running", "trace_name": "op"}


def test_costs_are_left_out_unless_asked_for(server):
    """In a query and when one call is read."""
    call(server, "1", {"gpt-4o": {"prompt_tokens": 1}})
    (found,) = server.calls_query(tsi.CallsQueryReq(project_id=P)).calls
    assert "costs" not in found.summary["weave"]
    read = server.call_read(tsi.CallReadReq(project_id=P, id="1")).call
    assert read == found


@pytest.mark.in_process("the narrow door is that of this process")
def test_all_ways_to_read_calls_agree(server):
    """Whole, one by one, encoded, alone; the wire model takes the answer as it is."""
    for number in range(30):
        model = ("gpt-4o", "mine", "unknown")[number % 3]
        call(server, f"{number:02}", {model: {"prompt_tokens": number}, "gpt-4": {}})
    set_price(server, "mine", 0.5, "2023-01-01")
    models = server.calls_query(ask()).calls
    assert len(models) == 30
    assert list(server.calls_query_stream(ask())) == models
    encoded = [json.loads(one.summary_json) for one in server.calls_query_encoded(ask())]
    assert encoded == [one.summary for one in models]
    assert [weave(server, one.id) for one in models] == [one.summary["weave"] for one in models]
    schema = TypeAdapter(tsi.SummaryMap)
    assert [schema.validate_python(one.summary, strict=False) for one in models] == encoded
    assert models[4].summary["weave"]["costs"]["mine"]["prompt_tokens_total_cost"] == 2.0


@pytest.mark.parametrize("columns", [["id"], ["inputs.q"], ["summary"], ["id", "summary.weave"]])
def test_columns_may_leave_out_the_summary(server, columns):
    """The usage is read for it, and what the reference loads with a summary."""
    call(server, "1", {"gpt-4": {"prompt_tokens": 1}}, summary={"mine": 1})
    (found,) = server.calls_query(ask(columns=columns)).calls
    assert found.summary["weave"]["costs"]["gpt-4"]["prompt_tokens_total_cost"] == 3e-05
    assert (found.ended_at, found.wb_user_id, found.output) == (START, None, None)


def test_with_the_other_extras(server):
    """Feedback and costs stand beside each other and beside the client's own keys."""
    call(server, "1", {"gpt-4": {"prompt_tokens": 1}}, summary={"n": 2**70, "weave": {"mine": 1}})
    (found,) = server.calls_query(ask(include_feedback=True, include_storage_size=True)).calls
    assert found.summary["n"] == 2**70
    derived = found.summary["weave"]
    assert (derived["mine"], derived["feedback"]) == (1, [])
    assert derived["costs"]["gpt-4"]["prompt_tokens"] == 1
    assert (
        found.storage_size_bytes
        == server.calls_query(tsi.CallsQueryReq(project_id=P, include_storage_size=True))
        .calls[0]
        .storage_size_bytes
    )


def test_prices_of_other_projects_do_not_count(server):
    """Of the same call id and model, in either direction."""
    for project in (P, OTHER):
        call(server, "1", {"mine": {"prompt_tokens": 2}}, project=project)
    set_price(server, "mine", 7, "2023-01-01", project=OTHER)
    assert costs(server, "1")["mine"]["pricing_level"] is None
    assert costs(server, "1", OTHER)["mine"]["pricing_level_id"] == OTHER


def test_a_purged_price_is_gone(server):
    """The built-in one holds again."""
    call(server, "1", {"gpt-4": {"prompt_tokens": 1}})
    cost_id = set_price(server, "gpt-4", 7, "2023-01-01")
    assert costs(server, "1")["gpt-4"]["prompt_token_cost"] == 7
    expr = {"$eq": [{"$getField": "id"}, {"$literal": cost_id}]}
    purge = {"project_id": P, "query": {"$expr": expr}}
    server.cost_purge(tsi.CostPurgeReq.model_validate(purge))
    assert costs(server, "1")["gpt-4"]["prompt_token_cost"] == 3e-05


@pytest.mark.parametrize(
    "llm_id", ["' OR 1=1 --", '"', "%", "a\0b", "a\\", "[1]", "日本", "$.x", "weave", "\n"]
)
def test_hostile_model_names(server, llm_id):
    """A name finds its own price only."""
    call(server, "1", {llm_id: {"prompt_tokens": 2}, "b": {"prompt_tokens": 1}})
    set_price(server, "a", 9, "2023-01-01")
    set_price(server, "b", 1, "2023-01-01")
    if "\0" not in llm_id:
        set_price(server, llm_id, 5, "2023-01-01")
    totals = {each: one["prompt_tokens_total_cost"] for each, one in costs(server, "1").items()}
    assert totals == {llm_id: None if "\0" in llm_id else 10, "b": 1}


def test_a_price_set_while_a_stream_runs(server):
    """The stream goes on; each of its calls has a whole cost, of before or after."""
    for number in range(60):
        call(server, f"{number:02}", {"mine": {"prompt_tokens": 1}})
    stream = server.calls_query_stream(ask())
    found = [next(stream)]
    set_price(server, "mine", 5, "2023-01-01")
    found += stream
    assert [one.id for one in found] == [f"{number:02}" for number in range(60)]
    prices = [one.summary["weave"]["costs"]["mine"]["prompt_tokens_total_cost"] for one in found]
    assert set(prices) <= {None, 5}
    assert prices[0] is None
    assert costs(server, "59")["mine"]["prompt_tokens_total_cost"] == 5

"""Prices of a project: created, found by query, purged."""

from __future__ import annotations

import datetime as dt
import math
from itertools import count

import pytest

from weave_lite.core.clock import replaced_clock
from weave_lite.core.errors import InvalidFieldError, InvalidQueryError, InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi

P, OTHER = "acme/demo", "acme/other"
T0 = dt.datetime(2024, 3, 1, 10, 0, 0, tzinfo=dt.UTC)
T0_MICROS = 1_709_287_200_000_000
ALL = {"$expr": {"$eq": [{"$literal": "1"}, {"$literal": "1"}]}}
HOSTILE = [
    "' OR 1=1 --",
    '"); DROP TABLE costs; --',
    "%",
    "_",
    "*",
    "\\",
    "\n",
    "llm_id",
    "ünï\u202e",
]


def price(prompt=1e-06, completion=2e-06, **fields):
    return {"prompt_token_cost": prompt, "completion_token_cost": completion, **fields}


def create(server, project=P, user="ada", **costs):
    fields = {"project_id": project, "costs": costs, "wb_user_id": user}
    return server.cost_create(tsi.CostCreateReq.model_validate(fields)).ids


def ask(server, project=P, **fields):
    req = tsi.CostQueryReq.model_validate({"project_id": project, **fields})
    return server.cost_query(req).results


def models(server, **fields):
    return "".join(row.llm_id for row in ask(server, **fields))


def purge(server, expr, project=P):
    fields = {"project_id": project, "query": {"$expr": expr}}
    return server.cost_purge(tsi.CostPurgeReq.model_validate(fields))


def compare(name, path, literal):
    return {"$expr": {name: [{"$getField": path}, {"$literal": literal}]}}


def by(field, direction="asc"):
    return [{"field": field, "direction": direction}]


def eq(cost_id):
    return compare("$eq", "id", cost_id)["$expr"]


@pytest.fixture
def filled(server):
    """Prices ``a`` to ``d``, one second apart, and one of another project."""
    micros = count(T0_MICROS, 1_000_000)
    with replaced_clock(lambda: next(micros)):
        create(server, d=price(4e-06, 1))
        create(server, c=price(3e-06, 1, provider_id="x", effective_date="2023-01-01"), user="bo")
        create(server, b=price(2e-06, 0.5, prompt_token_cost_unit="EUR"))
        create(server, a=price(1e-06, 0, effective_date="2030-01-01T00:00:00+01:00"))
        create(server, OTHER, z=price())
    return server


def test_create(server):
    """The pairs are of id and model, in the order of the request; what is left out is filled in."""
    with replaced_clock(lambda: T0_MICROS):
        ids = create(server, **{"b-model": price(1, 0), "a-model": price("1e-6", 2)})
    assert [llm_id for _, llm_id in ids] == ["b-model", "a-model"]
    found = ask(server)
    assert [(row.id, row.llm_id) for row in found] == ids
    assert found[1].model_dump() == {
        "id": ids[1][0],
        "llm_id": "a-model",
        "prompt_token_cost": 1e-06,
        "completion_token_cost": 2.0,
        "prompt_token_cost_unit": "USD",
        "completion_token_cost_unit": "USD",
        "effective_date": T0,
        "provider_id": "default",
    }


def test_create_with_all_fields(server):
    """Nothing that was sent is replaced; a null is what was left out."""
    given = price(
        0.25,
        0.5,
        cache_read_input_token_cost=0.125,
        cache_creation_input_token_cost=0.75,
        prompt_token_cost_unit="EUR",
        completion_token_cost_unit=None,
        effective_date="2023-01-01T01:00:00.000001+01:00",
        provider_id="mine",
    )
    ((cost_id, _),) = create(server, m=given)
    (row,) = ask(server, query=ALL)
    assert row.model_dump(mode="json") == {
        "id": cost_id,
        "llm_id": "m",
        "prompt_token_cost": 0.25,
        "completion_token_cost": 0.5,
        "prompt_token_cost_unit": "EUR",
        "completion_token_cost_unit": "USD",
        "effective_date": "2023-01-01T00:00:00.000001Z",
        "provider_id": "mine",
    }


def test_a_model_may_have_several_prices(server):
    """Another price does not replace the first."""
    ids = create(server, m=price(1)) + create(server, m=price(2)) + create(server, m=price(2))
    assert [(row.id, row.prompt_token_cost) for row in ask(server)] == [
        (ids[0][0], 1),
        (ids[1][0], 2),
        (ids[2][0], 2),
    ]


def test_the_default_user_sets_a_price(server, monkeypatch):
    """A request without a user is that of the local one."""
    monkeypatch.setenv("WANDB_USERNAME", "local-ada")
    create(server, user=None, m=price())
    assert models(server, query=compare("$eq", "created_by", "local-ada")) == "m"


@pytest.mark.parametrize("llm_id", HOSTILE)
def test_hostile_names(server, llm_id):
    """A name is a text like any other, to be found and purged exactly."""
    create(server, m=price())
    ((cost_id, _),) = create(server, **{llm_id: price(provider_id=llm_id)})
    for path in ("llm_id", "provider_id"):
        assert models(server, query=compare("$eq", path, llm_id)) == llm_id
    purge(server, eq(llm_id))
    assert models(server) == f"m{llm_id}"
    purge(server, eq(cost_id))
    assert models(server) == "m"
    for fields in (
        {"fields": [llm_id]},
        {"sort_by": by(llm_id)},
        {"query": compare("$eq", llm_id, 1)},
    ):
        if llm_id != "llm_id":
            with pytest.raises(InvalidFieldError, match="no field"):
                ask(server, **fields)


@pytest.mark.parametrize(
    ("costs", "words"),
    [
        ({}, "costs is empty"),
        ({"": price()}, "model name ''"),
        ({"a\0b": price()}, "without NUL"),
        ({"a\ud800": price()}, "surrogate"),
        ({"m": price(-1e-9)}, r"costs\['m'\]\.prompt_token_cost must be .* not -1e-09; send"),
        ({"m": price(1, math.nan)}, r"costs\['m'\]\.completion_token_cost .* not nan"),
        ({"m": price(math.inf)}, r"costs\['m'\]\.prompt_token_cost .* not inf"),
        ({"m": price(cache_read_input_token_cost=-1)}, "cache_read_input_token_cost"),
        ({"m": price(cache_creation_input_token_cost=math.nan)}, "cache_creation_input_token_cost"),
        ({"m": price(provider_id="\ud800")}, r"costs\['m'\]\.provider_id .* surrogate"),
        ({"m": price(prompt_token_cost_unit="\ud800")}, "prompt_token_cost_unit"),
    ],
)
def test_bad_prices_are_refused(server, costs, words):
    """The message names the model and the field; no other price of the request is stored."""
    with pytest.raises(InvalidRequest, match=words):
        create(server, **({"ok": price(), **costs} if costs else {}))
    assert ask(server) == []


def test_other_bad_requests_are_refused(server):
    """By the rules that hold for all requests."""
    with pytest.raises(InvalidRequest, match="project_id"):
        create(server, "nope", m=price())
    with pytest.raises(InvalidRequest, match="wb_user_id"):
        create(server, user="\ud800", m=price())
    with pytest.raises(ValueError, match="effective_date"):
        create(server, m=price(effective_date="soon"))
    with pytest.raises(ValueError, match="completion_token_cost"):
        create(server, m={"prompt_token_cost": 1})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (ALL, "dcba"),
        ({"$expr": {"$and": [ALL["$expr"], compare("$eq", "llm_id", "b")["$expr"]]}}, "b"),
        ({"$expr": {"$eq": [{"$literal": "1"}, {"$literal": "2"}]}}, ""),
        (
            {
                "$expr": {
                    "$and": [
                        ALL["$expr"],
                        {"$in": [{"$getField": "llm_id"}, [{"$literal": "a"}, {"$literal": "z"}]]},
                    ]
                }
            },
            "a",
        ),
        (compare("$eq", "pricing_level", "project"), "dcba"),
        (compare("$eq", "pricing_level", "default"), ""),
        (compare("$eq", "pricing_level_id", P), "dcba"),
        (compare("$eq", "pricing_level_id", OTHER), ""),
        (compare("$eq", "provider_id", "default"), "dba"),
        (compare("$gt", "prompt_token_cost", 2e-06), "dc"),
        (compare("$eq", "prompt_token_cost", "3e-06"), "c"),
        (compare("$eq", "completion_token_cost", 1), "dc"),
        (compare("$eq", "prompt_token_cost_unit", "EUR"), "b"),
        pytest.param(
            compare("$eq", "created_by", "bo"),
            "c",
            marks=pytest.mark.in_process("over HTTP the key says who writes"),
        ),
        (compare("$gt", "effective_date", "2029-12-31T22:59:59Z"), "a"),
        (compare("$gte", "created_at", 1_709_287_202), "ba"),
        (
            {
                "$expr": {
                    "$contains": {
                        "input": {"$getField": "llm_id"},
                        "substr": {"$literal": "B"},
                        "case_insensitive": True,
                    }
                }
            },
            "b",
        ),
    ],
)
def test_queries(filled, query, expected):
    """All of the query language, over this project's prices alone; the oldest first."""
    assert models(filled, query=query) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "dcba"),
        ({"sort_by": []}, "dcba"),
        ({"sort_by": by("created_at", "desc")}, "abcd"),
        ({"sort_by": by("llm_id")}, "abcd"),
        ({"sort_by": by("effective_date")}, "cdba"),
        ({"sort_by": [*by("completion_token_cost", "desc"), *by("llm_id")]}, "cdba"),
        ({"sort_by": [*by("pricing_level"), *by("pricing_level_id"), *by("llm_id")]}, "abcd"),
        ({"sort_by": [*by("prompt_token_cost_unit"), *by("prompt_token_cost", "desc")]}, "bdca"),
        ({"limit": 2}, "dc"),
        ({"limit": 0}, ""),
        ({"offset": 3}, "a"),
        ({"offset": 9}, ""),
        ({"limit": 2, "offset": 1, "sort_by": by("llm_id")}, "bc"),
        ({"limit": 2**70}, "dcba"),
    ],
)
def test_order_and_pages(filled, fields, expected):
    """By creation, unless asked otherwise."""
    assert models(filled, **fields) == expected


def test_fields(filled):
    """What was not asked for is None; columns beyond the answer's eight may be named."""
    (row,) = ask(filled, fields=["llm_id", "created_by"], limit=1)
    assert {name: value for name, value in row if value is not None} == {"llm_id": "d"}
    assert ask(filled, fields=[], limit=1) == ask(filled, limit=1)


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"limit": -1}, InvalidRequest, "limit"),
        ({"offset": -1}, InvalidRequest, "offset"),
        ({"project": "nope"}, InvalidRequest, "project_id"),
        ({"fields": ["id", "nope"]}, InvalidFieldError, "nope"),
        ({"fields": ["project"]}, InvalidFieldError, "project"),
        ({"sort_by": by("pk")}, InvalidFieldError, "pk"),
        ({"query": compare("$eq", "inputs.a", 1)}, InvalidFieldError, r"inputs\.a"),
        ({"query": compare("$eq", "llm_id.a", 1)}, InvalidFieldError, r"llm_id\.a"),
        ({"query": {"$expr": {"$and": []}}}, InvalidQueryError, r"\$and"),
    ],
)
@pytest.mark.parametrize("project", [P, "acme/nowhere"])
def test_bad_queries_are_refused(filled, fields, kind, words, project):
    """What is wrong is named, project or no project."""
    with pytest.raises(kind, match=words):
        ask(filled, **{"project": project, **fields})


@pytest.mark.parametrize("form", ["$eq", "$in", "$or", "$or of $in"])
def test_purge(server, form):
    """By id, in each form; unknown ids and those of other projects stay out of it."""
    ids = {name: create(server, **{name: price()})[0][0] for name in ("a", "b", "c")}
    ((other_id, _),) = create(server, OTHER, z=price())
    doomed = [ids["a"], ids["b"], other_id, "unknown"]
    in_ = {"$in": [{"$getField": "id"}, [{"$literal": each} for each in doomed]]}
    either = {"$or": [eq(each) for each in doomed]}
    forms = {"$eq": eq(doomed[0]), "$in": in_, "$or": either, "$or of $in": {"$or": [in_]}}
    res = purge(server, forms[form])
    assert res == tsi.CostPurgeRes()
    assert models(server) == ("bc" if form == "$eq" else "c")
    assert models(server, project=OTHER) == "z"


@pytest.mark.parametrize(
    "expr",
    [
        compare("$eq", "llm_id", "d")["$expr"],
        compare("$gt", "id", "")["$expr"],
        ALL["$expr"],
        {"$and": [eq("x")]},
        {"$not": [eq("x")]},
        {"$or": []},
        {"$or": [eq("x"), ALL["$expr"]]},
        {"$eq": [{"$literal": "x"}, {"$getField": "id"}]},
        eq(7),
    ],
)
def test_a_purge_by_anything_else_is_refused(filled, expr):
    """It deletes nothing."""
    with pytest.raises(InvalidRequest):
        purge(filled, expr)
    assert models(filled) == "dcba"


def test_a_purge_of_an_unknown_project_makes_none(server):
    """Neither does a query."""
    purge(server, eq("x"))
    assert (ask(server), server.project_ids()) == ([], [])

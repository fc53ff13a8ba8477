"""Queries of prices against the reference, on random rows and random queries."""

from __future__ import annotations

from typing import Any

from conditions import conditions
from hypothesis import assume, given, note
from hypothesis import strategies as st
from reference import Date, NotSaid, evaluate

from weave_lite.core.clock import from_micros, replaced_clock
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

PROJECT = "acme/demo"
T0 = 1_709_287_200_000_000
TEXTS = st.sampled_from(
    ["a", "A", "gpt-4", "10", "1e-06", "true", "it's", "%", "_", "日本", "project", "USD", PROJECT]
)
EXACT = [0.1 + 0.2, 1.2345678901234567e-06, 2.5e-06, 5e-324, 1e300, 123456789.12345679]
NUMBERS = st.one_of(
    st.sampled_from([0, 1, 2.0, 10, 1e-07, 1e-06, *EXACT]), st.floats(0, 1, allow_subnormal=False)
)
MICROS = st.sampled_from([-T0, 0, T0, T0 + 500_000, T0 + 1_000_000])
ROWS = st.fixed_dictionaries(
    {
        "llm_id": TEXTS,
        "provider_id": st.one_of(TEXTS, st.just("")),
        "effective_date": MICROS,
        "prompt_token_cost": NUMBERS,
        "completion_token_cost": NUMBERS,
        "prompt_token_cost_unit": TEXTS,
        "completion_token_cost_unit": TEXTS,
        "created_by": st.one_of(TEXTS, st.just("")),
        "created_at": MICROS,
    }
)
DATES = ("effective_date", "created_at")
FIELDS = st.sampled_from(
    [
        "llm_id",
        "pricing_level",
        "pricing_level_id",
        "provider_id",
        "effective_date",
        "prompt_token_cost",
        "completion_token_cost",
        "prompt_token_cost_unit",
        "completion_token_cost_unit",
        "created_by",
        "created_at",
    ]
)
SCALARS = st.one_of(
    TEXTS,
    NUMBERS,
    st.booleans(),
    st.none(),
    st.sampled_from(["", "2024-03-01T10:00:00", "2024-03-01T11:00:00+01:00", 1_709_287_200.5]),
)
OPERATIONS = conditions(FIELDS, SCALARS)


def store(server: SqliteTraceServer, project: str, rows: list[dict[str, Any]]) -> list[str]:
    """Store rows as prices, each created at its own moment; gives their ids."""
    ids = []
    names = tsi.CostCreateInput.model_fields.keys() & rows[0].keys()
    for row in rows:
        cost = {name: row[name] for name in names}
        cost["effective_date"] = from_micros(row["effective_date"])
        req = {"project_id": project, "costs": {row["llm_id"]: cost}}
        with replaced_clock(lambda at=row["created_at"]: at):
            res = server.cost_create(
                tsi.CostCreateReq.model_validate({**req, "wb_user_id": row["created_by"]})
            )
        ids.append(res.ids[0][0])
    return ids


def found(server: SqliteTraceServer, **fields: Any) -> list[str | None]:
    req = tsi.CostQueryReq.model_validate({"project_id": PROJECT, **fields})
    return [row.id for row in server.cost_query(req).results]


@given(rows=st.lists(ROWS, min_size=1, max_size=5), operation=OPERATIONS)
def test_finds_what_the_reference_finds(rows: list[dict[str, Any]], operation: Any) -> None:
    """A query finds exactly the project's rows for which the reference says true."""
    level = {"pricing_level": "project", "pricing_level_id": PROJECT}
    read = [
        {
            **row,
            **level,
            **{name: Date(row[name]) for name in DATES},
            **{name: float(row[name]) for name in row if name.endswith("token_cost")},
        }
        for row in rows
    ]
    try:
        hits = [n for n, row in enumerate(read) if evaluate(row, operation) is True]
    except NotSaid:
        assume(False)
    note(f"expected {hits}")
    with SqliteTraceServer(":memory:") as server:
        store(server, "acme/other", rows)
        ids = store(server, PROJECT, rows)
        answer = found(server, query={"$expr": operation})
    assert answer == [ids[n] for n in sorted(hits, key=lambda n: (rows[n]["created_at"], ids[n]))]


@given(
    rows=st.lists(ROWS, min_size=1, max_size=6),
    field=st.sampled_from([*DATES, "llm_id", "prompt_token_cost", "created_by", "provider_id"]),
    is_descending=st.booleans(),
    page=st.tuples(st.none() | st.integers(0, 7), st.none() | st.integers(0, 7)),
)
def test_orders_and_pages(
    rows: list[dict[str, Any]], field: str, is_descending: bool, page: tuple[int | None, int | None]
) -> None:
    """By value, equal ones by id; a page is a part of the whole."""
    limit, offset = page
    with SqliteTraceServer(":memory:") as server:
        ids = store(server, PROJECT, rows)
        by = {"field": field, "direction": "desc" if is_descending else "asc"}
        answer = found(server, sort_by=[by], limit=limit, offset=offset)
    order = sorted(range(len(rows)), key=lambda n: ids[n])
    order.sort(key=lambda n: rows[n][field], reverse=is_descending)
    first = offset or 0
    assert answer == [ids[n] for n in order][first : None if limit is None else first + limit]


def test_a_price_as_text_has_all_its_digits() -> None:
    """As JSON writes it, also where SQLite would round it."""
    row = dict.fromkeys(("llm_id", "provider_id", "created_by"), "a")
    row |= dict.fromkeys(("prompt_token_cost_unit", "completion_token_cost_unit"), "USD")
    times: dict[str, Any] = {"effective_date": 0, "created_at": 0, "completion_token_cost": 1.0}
    with SqliteTraceServer(":memory:") as server:
        for price in EXACT:
            (cost_id,) = store(server, PROJECT, [{**row, **times, "prompt_token_cost": price}])
            as_text = {"$convert": {"input": {"$getField": "prompt_token_cost"}, "to": "string"}}
            wanted = {"$eq": [as_text, {"$literal": repr(price)}]}
            assert found(server, query={"$expr": wanted}) == [cost_id]
            part = {
                "input": {"$getField": "prompt_token_cost"},
                "substr": {"$literal": repr(price)},
            }
            assert found(server, query={"$expr": {"$contains": part}}) == [cost_id]

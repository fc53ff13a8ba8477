"""Feedback of calls is found by the index on calls, and calls by their feedback when it is rare."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects import sqlite

from weave_lite.trace_server.interface.query import Query, SortBy
from weave_lite.trace_server.store import call_search, compiled_search, feedback_search
from weave_lite.trace_server.store.call_feedback import add
from weave_lite.trace_server.store.engine import Store

SCORE = {"$getField": "feedback.[t].payload.output"}
EMPTY = {"$eq": [SCORE, {"$literal": ""}]}


@pytest.fixture
def connection():
    store = Store.open(":memory:")
    with store.read() as conn:
        yield conn
    store.close()


def steps(conn, sql, parameters):
    plan = conn.raw.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
    return [row[3] for row in plan if row[3].startswith(("SEARCH feedback", "SCAN feedback"))]


@pytest.mark.parametrize(
    ("expr", "field", "rows"),
    [
        (EMPTY, "started_at", 1),
        ({"$not": [EMPTY]}, "started_at", 1),
        ({"$eq": [SCORE, {"$getField": "feedback.[u].runnable_ref"}]}, "started_at", 2),
        (None, "feedback.[t].payload.output", 2),
        (None, "feedback.[t].runnable_ref", 1),
    ],
)
def test_queries_of_calls_use_the_index(connection, expr, field, rows):
    """Filters and orders look up the feedback of one type on one call."""
    query = None if expr is None else Query.model_validate({"$expr": expr})
    sort_by = [SortBy(field=field, direction="desc")]
    parts = compiled_search.parts_of(1, None, query, sort_by, is_by_start=expr is not None)
    statement = compiled_search.statement("page", parts, 100, 0, 0)
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
    found = steps(connection, str(compiled), compiled.params)
    assert len(found) == rows
    for step in found:
        assert "INDEX feedback_by_call (project=? AND call_id=? AND feedback_type=?)" in step


def test_a_chunk_of_calls_uses_the_index(connection):
    """One select for all calls of a chunk."""
    statements = []
    connection.raw.set_trace_callback(statements.append)
    assert add(connection, 1, []) == []
    connection.raw.set_trace_callback(None)
    (sql,) = statements
    assert "INDEX feedback_by_call (project=? AND call_id=?)" in steps(connection, sql, ())[0]


@pytest.mark.parametrize(
    ("expr", "few", "is_narrowed"),
    [
        ({"$gt": [SCORE, {"$literal": 1}]}, 1_000, True),
        ({"$not": [EMPTY]}, 1_000, True),
        ({"$and": [{"$not": [EMPTY]}, {"$eq": [{"$getField": "id"}, "x"]}]}, 1_000, True),
        # Many calls have such feedback, or the part is true of a call that has none.
        ({"$gt": [SCORE, {"$literal": 1}]}, -1, False),
        (EMPTY, 1_000, False),
        # A call without such feedback may be found by the other field.
        ({"$or": [{"$not": [EMPTY]}, {"$eq": [{"$getField": "id"}, "x"]}]}, 1_000, False),
        ({"$eq": [SCORE, {"$getField": "feedback.[u].payload.output"}]}, 1_000, False),
    ],
)
def test_few_calls_with_feedback_are_looked_for_there(
    connection, expr, few, is_narrowed, monkeypatch
):
    """A search begins with the calls that have the feedback, when these are few."""
    monkeypatch.setattr(feedback_search, "_MAX_FEW", few)
    query = Query.model_validate({"$expr": expr})
    search = call_search.plan(1, None, query, indexed_by=connection)
    statement = compiled_search.statement("page", search.parts, 100, 0, 0)
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
    plan = connection.raw.execute(f"EXPLAIN QUERY PLAN {compiled}", compiled.params).fetchall()
    first = "calls_by_id (project=? AND id=?)" if is_narrowed else "calls_by_start (project=?"
    assert plan[0][3].startswith(f"SEARCH calls USING INDEX {first}")

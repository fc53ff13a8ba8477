"""The plain filter: its SQL, and the indexes that serve it."""

from __future__ import annotations

import pytest
from one_call import FIELDS, TABLES
from sqlalchemy import and_, select
from sqlalchemy.dialects import sqlite

from weave_lite.trace_server.interface.calls import CallsFilter
from weave_lite.trace_server.interface.query import SortBy
from weave_lite.trace_server.query.calls_filter import compile_calls_filter
from weave_lite.trace_server.query.sort import compile_sort

REFS = (
    "calls.pk IN (SELECT call_refs.call FROM call_refs "
    "WHERE call_refs.project = ? AND call_refs.ref {} AND call_refs.side = ?)"
)
NAMES = "SELECT op_names_1.pk FROM op_names AS op_names_1 WHERE"


def compiled(condition):
    statement = condition.compile(
        dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True}
    )
    names = statement.positiontup or []
    return " ".join(str(statement).split()), [statement.params[name] for name in names]


@pytest.mark.parametrize(
    ("conditions", "sql", "parameters"),
    [
        ({"trace_ids": ["t"]}, "calls.trace_id = ?", ["t"]),
        ({"trace_ids": ["t", "t"]}, "calls.trace_id = ?", ["t"]),
        ({"call_ids": ["a", "b"]}, "calls.id IN (?, ?)", ["a", "b"]),
        ({"parent_ids": ["%_'\""]}, "calls.parent_id = ?", ["%_'\""]),
        ({"wb_user_ids": ["u"]}, "calls.wb_user_id = ?", ["u"]),
        ({"wb_run_ids": ["r"]}, "calls.wb_run_id = ?", ["r"]),
        ({"thread_ids": ["h"]}, "calls.thread_id = ?", ["h"]),
        ({"turn_ids": ["n"]}, "calls.turn_id = ?", ["n"]),
        ({"trace_roots_only": True}, "calls.parent_id IS NULL", []),
        ({"input_refs": ["r"]}, REFS.format("= ?"), [7, "r", 0]),
        ({"output_refs": ["r", "s"]}, REFS.format("IN (?, ?)"), [7, "r", "s", 1]),
        ({"op_names": ["f"]}, f"calls.op = ({NAMES} op_names_1.op_name = ?)", ["f"]),
        (
            {"op_names": ["f", "g"]},
            f"calls.op IN ({NAMES} op_names_1.op_name IN (?, ?))",
            ["f", "g"],
        ),
        (
            {"op_names": ["f:*", "g"]},
            (
                f"calls.op IN ({NAMES} op_names_1.op_name = ? "
                "OR op_names_1.op_name >= ? AND op_names_1.op_name < ?)"
            ),
            ["g", "f:", "f;"],
        ),
    ],
)
def test_compiles_to(conditions, sql, parameters):
    """Each field of the filter as SQL."""
    (condition,) = compile_calls_filter(CallsFilter(**conditions), 7, TABLES)
    assert compiled(condition) == (sql, parameters)


@pytest.mark.parametrize(
    "conditions", [{}, {"op_names": [], "call_ids": [], "trace_roots_only": False}]
)
def test_nothing_is_no_condition(conditions):
    """Empty lists, None and False leave all calls in."""
    assert compile_calls_filter(CallsFilter(**conditions), 7, TABLES) == []
    assert compile_calls_filter(None, 7, TABLES) == []


@pytest.mark.parametrize(
    ("wanted", "stored", "is_found"),
    [
        ("predict:*", "predict:v1", True),
        ("predict:*", "predict:", True),
        ("predict:*", "predict:\U0001f600", True),
        ("predict:*", "predict_more:v1", False),
        ("predict:*", "predict", False),
        ("predict:*", "PREDICT:v1", False),
        ("predict:*", "predict;", False),
        ("p_edict:*", "predict:v1", False),
        ("p%:*", "predict:v1", False),
        ("p*:*", "predict:v1", False),
        ("[p]redict:*", "predict:v1", False),
        (":*", ":v", True),
        ("predict", "predict", True),
        ("predict", "predict:v1", False),
        ("predict:*:*", "predict:*:v", True),
        ("'; DROP TABLE calls; --", "predict", False),
    ],
)
def test_op_names(call, wanted, stored, is_found):
    """``:*`` means any text after the colon; no other character is a wildcard."""
    call.put(op_name=stored)
    conditions = compile_calls_filter(CallsFilter(op_names=[wanted]), 1, TABLES)
    found = call.conn.execute(select(TABLES.calls.c.id).where(*conditions)).all()
    assert bool(found) is is_found
    # In company of others a name means the same.
    conditions = compile_calls_filter(CallsFilter(op_names=["other", wanted]), 1, TABLES)
    assert bool(call.conn.execute(select(TABLES.calls.c.id).where(*conditions)).all()) is is_found


def test_refs_are_whole_texts_of_their_side(call):
    """A ref is found on its side and as a whole only."""
    call.put()
    ref = {"project": 1, "ref": "weave:///e/p/object/o:D", "side": 0, "call": 1}
    call.conn.execute(TABLES.call_refs.insert(), ref)

    def finds(**conditions):
        filters = compile_calls_filter(CallsFilter(**conditions), 1, TABLES)
        return bool(call.conn.execute(select(TABLES.calls.c.id).where(*filters)).all())

    assert finds(input_refs=["x", ref["ref"]])
    assert not finds(output_refs=[ref["ref"]])
    assert not finds(input_refs=["weave:///e/p/object/o"])
    assert not finds(input_refs=[ref["ref"] + "/attr/x"])


@pytest.mark.parametrize(
    ("conditions", "index"),
    [
        ({}, "calls_by_start"),
        ({"op_names": ["f"]}, "calls_by_op"),
        ({"parent_ids": ["p"]}, "calls_by_parent"),
        ({"call_ids": ["c"]}, "calls_by_id"),
    ],
)
def test_indexes_serve_the_newest(call, conditions, index):
    """The newest calls of a filter are read off an index, without sorting all."""
    calls = TABLES.calls
    statement = (
        select(calls.c.pk)
        .where(
            calls.c.project == 1,
            calls.c.started_at.is_not(None),
            calls.c.deleted_at.is_(None),
            *compile_calls_filter(CallsFilter(**conditions), 1, TABLES),
        )
        .order_by(*compile_sort([SortBy(field="started_at", direction="desc")], FIELDS))
        .limit(100)
    )
    sql, parameters = compiled(statement)
    plan = call.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(parameters)).all()
    steps = [step[-1] for step in plan]
    assert any(f"INDEX {index} (" in step for step in steps), steps
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps


def test_fields_are_joined_by_and():
    """All given fields must hold."""
    conditions = compile_calls_filter(
        CallsFilter(trace_ids=["t"], trace_roots_only=True), 7, TABLES
    )
    assert compiled(and_(*conditions)) == (
        "calls.trace_id = ? AND calls.parent_id IS NULL",
        ["t"],
    )

"""Orders: their SQL, and what is refused."""

from __future__ import annotations

import pytest
from one_call import FIELDS, TABLES
from sqlalchemy import select
from sqlalchemy.dialects import sqlite

from weave_lite.core.errors import InvalidFieldError
from weave_lite.core.jsontext import compact
from weave_lite.trace_server.interface.query import SortBy
from weave_lite.trace_server.query.sort import compile_json_sort, compile_sort


def by(*fields):
    pairs = (field.split(" ") for field in fields)
    return [SortBy(field=name, direction=direction) for name, direction in pairs]


def rendered(keys):
    return [str(key.compile(dialect=sqlite.dialect())) for key in keys]


@pytest.mark.parametrize(
    ("sort_by", "keys"),
    [
        (None, ["calls.started_at ASC", "calls.id ASC"]),
        ([], ["calls.started_at ASC", "calls.id ASC"]),
        (by("started_at desc"), ["calls.started_at DESC", "calls.id ASC"]),
        (by("id desc"), ["calls.id DESC"]),
        (by("id asc", "trace_id asc"), ["calls.id ASC"]),
        (by("ended_at asc"), ["calls.ended_at ASC NULLS LAST", "calls.id ASC"]),
        (by("display_name desc"), ["calls.display_name DESC", "calls.id ASC"]),
        (
            by("op_name asc", "parent_id asc"),
            ["op_names.op_name ASC NULLS LAST", "calls.parent_id ASC NULLS LAST", "calls.id ASC"],
        ),
    ],
)
def test_columns(sort_by, keys):
    """Every order ends with the id; columns that may be NULL have it last."""
    assert rendered(compile_sort(sort_by, FIELDS)) == keys


@pytest.mark.parametrize("name", ["bogus", "storage_size_bytes", "pk", "id; --", "feedback.x", ""])
def test_unknown_fields_are_refused(name):
    """A sort names fields as a filter does."""
    with pytest.raises(InvalidFieldError, match="inputs.<path>"):
        compile_sort(
            [SortBy(field=name if name != "feedback.x" else "Inputs", direction="asc")], FIELDS
        )


def test_feedback_goes_by_its_newest():
    """A key of feedback is read from the newest row of the type."""
    (key, last) = rendered(compile_sort(by("feedback.[t].runnable_ref asc"), FIELDS))
    assert key.startswith("(SELECT feedback_1.runnable_ref")
    assert "ORDER BY -feedback_1.created_at, feedback_1.id DESC" in key
    assert key.endswith("ASC NULLS LAST")
    assert last == "calls.id ASC"


VALUES = [
    *(-1, 0.5, "2", 10, " 10.5 ", 1e16, 2**70),
    *("", "A", "[0]x", "a", "false-ish", "true-ish", "ß", "\U0001f600"),
]
NOTHING = [None]


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_json_values(connection, direction):
    """Numbers first, texts after, nothing last: in both directions."""
    rows = TABLES.call_inputs
    connection.execute(rows.delete())
    documents = [*VALUES, *NOTHING]
    stored = [{"pk": n, "inputs": compact({"x": value})} for n, value in enumerate(documents)]
    connection.execute(rows.insert(), [*stored, {"pk": 99, "inputs": "{}"}])
    keys = compile_json_sort(by(f"x {direction}"), rows.c.inputs)
    found = [pk for (pk,) in connection.execute(select(rows.c.pk).order_by(*keys, rows.c.pk))]
    numbers, texts = list(range(7)), list(range(7, len(VALUES)))
    if direction == "desc":
        numbers, texts = numbers[::-1], texts[::-1]
    assert found == [*numbers, *texts, len(VALUES), 99]


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_bools_and_containers_are_texts(connection, direction):
    """Bools sort as their text, lists and objects as their JSON text; equal numbers tie."""
    rows = TABLES.call_inputs
    connection.execute(rows.delete())
    documents = [5, "5.0", [1], False, "g", True, {"k": 1}]
    stored = [{"pk": n, "inputs": compact({"x": value})} for n, value in enumerate(documents)]
    connection.execute(rows.insert(), stored)
    keys = compile_json_sort(by(f"x {direction}"), rows.c.inputs)
    found = [pk for (pk,) in connection.execute(select(rows.c.pk).order_by(*keys, rows.c.pk))]
    texts = [2, 3, 4, 5, 6]
    assert found == [0, 1, *(texts if direction == "asc" else texts[::-1])]


def test_no_order_of_rows():
    """A table is left in its own order."""
    assert compile_json_sort(None, TABLES.call_inputs.c.inputs) == []

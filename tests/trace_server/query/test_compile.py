"""Queries as SQL: what the common forms compile to, and which sentences are refused."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.dialects import sqlite

from weave_lite.core.errors import InvalidFieldError, InvalidQueryError
from weave_lite.trace_server.interface.query import Query
from weave_lite.trace_server.query.call_tables import CallTables
from weave_lite.trace_server.query.compile import compile_filter
from weave_lite.trace_server.query.fields import calls_fields
from weave_lite.trace_server.query.joins import touched_tables
from weave_lite.trace_server.store.schema import metadata

TABLES = CallTables.of(metadata)
FIELDS = calls_fields(TABLES)


def field(path: str) -> dict[str, Any]:
    return {"$getField": path}


def literal(value: Any) -> dict[str, Any]:
    return {"$literal": value}


def compiled(operation: dict[str, Any]) -> tuple[str, list[Any]]:
    """The SQL of an operation on one line, and its parameters in the order they were made."""
    condition = compile_filter(Query.model_validate({"$expr": operation}), FIELDS)
    statement = condition.compile(dialect=sqlite.dialect())
    return " ".join(str(statement).split()), list(statement.params.values())


MODEL = "json_extract(call_inputs.inputs, ?)"
TABLE = [
    (
        {"$eq": [field("inputs.model"), literal("gpt-4")]},
        f"(call_inputs.inputs GLOB ?) AND {MODEL} = ?",
        ['*"gpt-4"*', '$."model"', "gpt-4"],
    ),
    # Too short to rule anything out.
    ({"$eq": [field("inputs.m"), literal("x")]}, f"{MODEL} = ?", ['$."m"', "x"]),
    # A numeric text equals the number, too.
    (
        {"$eq": [field("inputs.a"), literal("10")]},
        f"{MODEL} = ? OR {MODEL} = ?",
        ['$."a"', "10", 10],
    ),
    # Missing counts as the empty text.
    ({"$eq": [field("inputs.a"), literal("")]}, f"coalesce({MODEL}, '') = ?", ['$."a"', ""]),
    ({"$eq": [field("inputs.a"), literal(None)]}, f"{MODEL} IS NULL", ['$."a"']),
    (
        {"$not": [{"$eq": [field("parent_id"), literal("")]}]},
        "coalesce(calls.parent_id, '') != ?",
        [""],
    ),
    # Dates are instants: seconds since the epoch, and ISO text in UTC.
    (
        {"$gte": [field("started_at"), literal(1709287200.0)]},
        "calls.started_at >= ?",
        [1709287200000000],
    ),
    (
        {"$gt": [field("started_at"), literal("2024-03-01")]},
        "calls.started_at > ?",
        [1709251200000000],
    ),
    ({"$gt": [field("started_at"), literal("soon")]}, "NULL", []),
    (
        {"$in": [field("op_name"), [literal("a"), literal("b")]]},
        (
            "calls.op IN (SELECT op_names_1.pk FROM op_names AS op_names_1 "
            "WHERE op_names_1.op_name IN (?, ?))"
        ),
        ["a", "b"],
    ),
    ({"$in": [field("id"), []]}, "0", []),
    (
        {"$contains": {"input": field("inputs.q"), "substr": literal("50%*")}},
        "(call_inputs.inputs GLOB ?) AND instr(coalesce(json_extract(call_inputs.inputs, ?), ''), ?) > 0",
        ["*50%[*]*", '$."q"', "50%*"],
    ),
    ({"$contains": {"input": field("inputs.q"), "substr": literal("")}}, "1", []),
    (
        {"$eq": [field("summary.weave.status"), literal("error")]},
        (
            "CASE WHEN (calls.exception IS NOT NULL) THEN 'error' "
            "WHEN (calls.ended_at IS NULL) THEN 'running' ELSE 'success' END = ?"
        ),
        ["error"],
    ),
    # The keys of a path may hold dots; a number may be an index or a key.
    (
        {"$eq": [field("output.2.k"), literal("xyz")]},
        (
            "(call_outputs.output GLOB ?) AND coalesce(json_extract(call_outputs.output, ?), "
            "json_extract(call_outputs.output, ?), json_extract(call_outputs.output, ?)) = ?"
        ),
        ['*"xyz"*', '$[2]."k"', '$."2"."k"', '$."2.k"', "xyz"],
    ),
    # A key that no path can spell is looked for among the members.
    (
        {"$eq": [field('inputs.a"b'), literal("x")]},
        (
            "(SELECT anon_1.value FROM json_each(call_inputs.inputs, ?) AS anon_1 "
            'WHERE anon_1."key" = ? LIMIT ? OFFSET ?) = ?'
        ),
        ["$", 'a"b', 1, 0, "x"],
    ),
    (
        {"$eq": [{"$convert": {"input": field("inputs.a"), "to": "exists"}}, literal(True)]},
        f"({MODEL} IS NOT NULL) = 1",
        ['$."a"'],
    ),
    # One operand is enough for a junction.
    ({"$and": [{"$eq": [field("id"), literal("1")]}]}, "calls.id = ?", ["1"]),
    ({"$eq": [literal("1"), literal("1")]}, "? = ?", ["1", "1"]),
]


@pytest.mark.parametrize(("operation", "sql", "parameters"), TABLE)
def test_compiles_to(operation: dict[str, Any], sql: str, parameters: list[Any]) -> None:
    """Each form has the SQL that was measured for it, with every literal and path bound."""
    assert compiled(operation) == (sql, parameters)


def test_numbers_are_compared_by_kind() -> None:
    """A number is compared with numbers and numeric texts; other kinds do not equal it."""
    sql, parameters = compiled({"$eq": [field("inputs.n"), literal(2)]})
    assert sql.startswith("CASE json_type(call_inputs.inputs, ?) WHEN 'text' THEN")
    assert "WHEN 'integer' THEN json_extract(call_inputs.inputs, ?) = ?" in sql
    assert "WHEN 'true' THEN 0" in sql
    assert parameters == ['$."n"', 2]


@pytest.mark.parametrize("text", ["'; DROP TABLE calls; --", '"', "\\", "?", ":x", "%s", "*"])
def test_no_text_of_a_caller_is_sql(text: str) -> None:
    """Literals and paths never stand in the statement."""
    sql, parameters = compiled({"$eq": [field(f"inputs.{text}x"), literal(f"{text}abc")]})
    assert text + "x" not in sql
    assert text + "abc" not in sql
    assert f"{text}abc" in parameters


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "inputs_",
        "Inputs.a",
        "storage_size_bytes",
        "total_storage_size_bytes",
        "pk",
        "project",
        "op",
        "calls.id",
        "feedback",
        "feedback.type.payload.x",
        "feedback.[type].other",
        "",
    ],
)
def test_unknown_fields_are_refused(path: str) -> None:
    """A name that is no field is refused, and the message names it."""
    with pytest.raises(InvalidFieldError) as refused:
        compiled({"$eq": [field(path), literal(1)]})
    assert path in str(refused.value)


@pytest.mark.parametrize(
    "path", ["feedback.[wandb.note.1].payload.note", "feedback.[t].runnable_ref"]
)
def test_feedback_fields_are_bound_and_asked_of_any_row(path: str) -> None:
    """A comparison of feedback is one subquery; the type is a parameter, never a part of the SQL."""
    sql, parameters = compiled({"$eq": [field(path), literal("x")]})
    assert sql.startswith("EXISTS (SELECT 1")
    assert "LEFT OUTER JOIN feedback" in sql
    assert "wandb" not in sql
    assert {path.partition("[")[2].partition("]")[0], "x"} <= set(parameters)


@pytest.mark.parametrize(
    "operation",
    [
        {"$and": []},
        {"$or": []},
        {"$not": [{"$and": []}]},
        {"$eq": [field("id"), literal({"a": literal(1)})]},
        {"$eq": [field("id"), literal([literal(1)])]},
    ],
)
def test_sentences_without_a_meaning_are_refused(operation: dict[str, Any]) -> None:
    """Empty junctions and literals that cannot be compared are errors of the query."""
    with pytest.raises(InvalidQueryError):
        compiled(operation)


def test_internal_refs_are_refused() -> None:
    """A ref in the hosted service's own form is stored nowhere, so asking for one is a mistake."""
    with pytest.raises(InvalidQueryError, match=r"weave-trace-internal:.*weave:///entity/project"):
        compiled({"$eq": [field("inputs.m"), literal("weave-trace-internal:///p/object/o:d")]})


def test_very_deep_queries_are_refused_or_compiled() -> None:
    """Nesting ends in SQL or in a clear error, never in a crash."""
    operation: dict[str, Any] = {"$eq": [field("id"), literal("1")]}
    for _ in range(100):
        operation = {"$not": [operation]}
    try:
        sql, _ = compiled(operation)
    except InvalidQueryError as refused:
        assert "nested" in str(refused)
    else:
        assert sql.endswith("calls.id = ?")


@pytest.mark.parametrize(
    ("path", "touched"),
    [
        ("id", set()),
        ("summary.usage.m", set()),
        ("summary.weave.latency_ms", set()),
        ("inputs.a", {"call_inputs"}),
        ("output", {"call_outputs"}),
        ("attributes.env", {"attribute_sets"}),
        ("summary.weave.trace_name", {"op_names"}),
    ],
)
def test_a_statement_joins_only_what_it_needs(path: str, touched: set[str]) -> None:
    """Filtering by small columns touches no payload."""
    query = Query.model_validate({"$expr": {"$eq": [field(path), literal("abc")]}})
    condition = compile_filter(query, FIELDS)
    assert {table.name for table in touched_tables([condition], TABLES)} == touched

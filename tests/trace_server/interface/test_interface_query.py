"""The query language as models: what is read, what is refused, and how."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from weave_lite.trace_server.interface import query as q

X = {"$getField": "inputs.x"}
ONE = {"$literal": 1}
EQ = {"$eq": [X, ONE]}
VECTORS = json.loads((Path(__file__).parents[2] / "data" / "query.json").read_text("utf-8"))
VECTOR_QUERIES = [
    case["request"]["query"] for case in VECTORS["queries"] if case["request"].get("query")
]


def read(operation):
    """Read the operation of a query."""
    return q.Query.model_validate({"$expr": operation}).expr_


def written(model):
    """Write a model as it goes over the wire, through JSON."""
    return json.loads(model.model_dump_json(by_alias=True))


ACCEPTED = [
    ({"$and": []}, q.AndOperation),
    ({"$and": [EQ]}, q.AndOperation),
    ({"$or": [EQ, EQ, {"$not": [EQ]}]}, q.OrOperation),
    ({"$not": [X]}, q.NotOperation),
    (EQ, q.EqOperation),
    ({"$gt": [X, ONE]}, q.GtOperation),
    ({"$gte": [ONE, X]}, q.GteOperation),
    ({"$lt": [X, ONE]}, q.LtOperation),
    ({"$lte": [X, ONE]}, q.LteOperation),
    ({"$in": [X, []]}, q.InOperation),
    ({"$in": [X, [ONE, X]]}, q.InOperation),
    (
        {"$contains": {"input": X, "substr": {"$literal": "a"}, "case_insensitive": None}},
        q.ContainsOperation,
    ),
    ({"$eq": [{"$convert": {"input": X, "to": "double"}}, ONE]}, q.EqOperation),
    ({"$eq": [EQ, {"$literal": True}]}, q.EqOperation),
    (
        {"$eq": [{"$literal": None}, {"$literal": {"a": ONE, "b": {"$literal": [ONE]}}}]},
        q.EqOperation,
    ),
]


@pytest.mark.parametrize(("operation", "model"), ACCEPTED)
def test_accepted_operations_survive(operation, model):
    """Each sentence is read as its model and written back as it was."""
    expression = read(operation)
    assert type(expression) is model
    assert written(expression) == operation
    assert read(expression) is expression


@pytest.mark.parametrize("at", range(len(VECTOR_QUERIES)))
def test_known_queries(at):
    """All queries of the test vectors are read, but the ones with a wrong shape on purpose."""
    try:
        query = q.Query.model_validate(VECTOR_QUERIES[at])
    except ValidationError:
        case = [case for case in VECTORS["queries"] if case["request"].get("query")][at]
        assert "error" in json.dumps(case["expected"])
        return
    assert q.Query.model_validate(written(query)) == query


@pytest.mark.parametrize(
    ("value", "kind"), [("gpt-4", str), (5, int), (0.5, float), (True, bool), (None, type(None))]
)
def test_bare_values_are_literals(value, kind):
    """A string, number, bool or null in the place of an operand is its literal."""
    bare = read({"$in": [value, [value]]})
    assert bare == read({"$in": [{"$literal": value}, [{"$literal": value}]]})
    assert type(bare.in_[0].literal_) is kind
    contains = read({"$contains": {"input": value, "substr": value}}).contains_
    assert (contains.input, contains.substr) == (bare.in_[0], bare.in_[0])


@pytest.mark.parametrize("value", ["7", "true", 7, 7.0, True, False, None, 2**80, "", "é👍"])
def test_literals_keep_their_type(value):
    """Nothing is turned into something that is equal to it."""
    literal = q.LiteralOperation.model_validate({"$literal": value}).literal_
    assert (literal, type(literal)) == (value, type(value))


@pytest.mark.parametrize(
    ("operation", "place", "message"),
    [
        (1, ("$expr",), "should be an operation"),
        ("x", ("$expr",), "should be an operation"),
        (None, ("$expr",), "should be an operation"),
        ({}, ("$expr",), "should be an operation"),
        (ONE, ("$expr",), "should be an operation"),
        (X, ("$expr",), "should be an operation"),
        ({"$convert": {"input": X, "to": "int"}}, ("$expr",), "should be an operation"),
        ({"$ne": [X, ONE]}, ("$expr",), "should be an operation"),
        ({"eq_": [X, ONE]}, ("$expr",), "should be an operation"),
        ({"$and": EQ}, ("$expr", "$and", "$and"), "valid list"),
        ({"$and": [{"$ne": 1}]}, ("$expr", "$and", "$and", 0), "one of the keys $literal"),
        ({"$and": [[1]]}, ("$expr", "$and", "$and", 0), "one of the keys $literal"),
        ({"$not": EQ}, ("$expr", "$not", "$not"), "valid tuple"),
        ({"$not": []}, ("$expr", "$not", "$not", 0), "Field required"),
        ({"$not": [EQ, EQ]}, ("$expr", "$not", "$not"), "at most 1 item"),
        ({"$eq": [X]}, ("$expr", "$eq", "$eq", 1), "Field required"),
        ({"$eq": [X, 1, 2]}, ("$expr", "$eq", "$eq"), "at most 2 items"),
        ({"$gt": [X, {"get_field_": "a"}]}, ("$expr", "$gt", "$gt", 1), "one of the keys"),
        ({"$in": [X, 1]}, ("$expr", "$in", "$in", 1), "valid list"),
        ({"$contains": {"input": X}}, ("$expr", "$contains", "$contains", "substr"), "required"),
        (
            {"$eq": [{"$convert": {"input": X, "to": "text"}}, 1]},
            ("$expr", "$eq", "$eq", 0, "$convert", "$convert", "to"),
            "'double'",
        ),
        (
            {"$eq": [{"$getField": 5}, 1]},
            ("$expr", "$eq", "$eq", 0, "$getField", "$getField"),
            "valid string",
        ),
    ],
)
def test_rejected_operations_are_named(operation, place, message):
    """One error, at the place of the mistake, that says what should be there."""
    with pytest.raises(ValidationError) as caught:
        read(operation)
    (error,) = caught.value.errors()
    assert error["loc"] == place
    assert message in error["msg"]


def test_a_query_needs_its_expression():
    """The Python name of the field is not read."""
    for sent in ({}, {"expr_": EQ}, {"$Expr": EQ}):
        with pytest.raises(ValidationError, match=r"\$expr\n  Field required"):
            q.Query.model_validate(sent)


def test_the_first_known_operator_is_taken():
    """The order is fixed, whatever the order of the keys; the others are not even looked at."""
    order = ["$and", "$or", "$not", "$eq", "$gt", "$gte", "$in", "$contains", "$lt", "$lte"]
    good = {
        "$and": [],
        "$or": [],
        "$not": [1],
        "$in": [1, []],
        "$contains": {"input": "a", "substr": "a"},
    }
    for at, name in enumerate(order):
        sent = {"$odd": 1, **dict.fromkeys(reversed(order[at + 1 :]), "bad")}
        sent[name] = good.get(name, [1, 2])
        assert list(written(read(sent))) == [name]
    operand = read({"$not": [{"$and": "bad", "$literal": 1}]}).not_[0]
    assert operand == q.LiteralOperation(**ONE)


def test_added_keys_of_stored_queries_are_ignored():
    """A query inside a saved view has class names at every level."""
    stored = {
        "_type": "Query",
        "$expr": {
            "_type": "EqOperation",
            "$eq": [
                {"_type": "GetFieldOperator", "$getField": "inputs.x", "_class_name": "G"},
                {"_type": "LiteralOperation", "$literal": 1, "_bases": ["BaseModel"]},
            ],
        },
    }
    assert written(q.Query.model_validate(stored)) == {"$expr": EQ}


def test_attributes_end_in_an_underscore():
    """The documented way to walk a query in Python."""
    text = read(
        {
            "$and": [
                {"$or": [{"$not": [{"$eq": [X, {"$convert": {"input": "1", "to": "int"}}]}]}]},
                {"$gt": [X, 1]},
                {"$gte": [X, 1]},
                {"$lt": [X, 1]},
                {"$lte": [X, 1]},
                {"$in": [X, [1]]},
                {"$contains": {"input": X, "substr": "a", "case_insensitive": True}},
            ]
        }
    )
    either, greater, not_less, less, not_greater, member, contains = text.and_
    equal = either.or_[0].not_[0]
    assert equal.eq_[0].get_field_ == "inputs.x"
    assert equal.eq_[1].convert_.input.literal_ == "1"
    assert equal.eq_[1].convert_.to == "int"
    numbers = [greater.gt_, not_less.gte_, less.lt_, not_greater.lte_]
    assert [pair[1].literal_ for pair in numbers] == [1, 1, 1, 1]
    assert member.in_[1][0].literal_ == 1
    assert contains.contains_.case_insensitive is True


def test_built_in_python_and_read_are_equal():
    """Models nest in models."""
    field, one = q.GetFieldOperator(**X), q.LiteralOperation(**ONE)
    built = q.Query(**{"$expr": q.EqOperation(**{"$eq": (field, one)})})
    assert built == q.Query.model_validate({"$expr": EQ})
    with pytest.raises(ValidationError, match="should be an operation"):
        q.Query(**{"$expr": one})


@pytest.mark.parametrize("depth", [1_000, 20_000])
@pytest.mark.parametrize(
    "around", [lambda inner: {"$not": [inner]}, lambda inner: {"$and": [1, inner]}]
)
def test_very_deep_queries_are_validation_errors(depth, around):
    """Depth is an error of the request, never a crash."""
    operation = EQ
    for _ in range(depth):
        operation = around(operation)
    with pytest.raises(ValidationError) as caught:
        read(operation)
    assert "recursion" in caught.value.errors()[0]["type"]


def test_a_query_of_a_hundred_levels_is_read():
    """Real queries are far from the limit."""
    operation = EQ
    for _ in range(100):
        operation = {"$not": [operation]}
    assert written(read(operation)) == operation


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "$literal $getField $convert $and $or $not $eq $gt $in $contains $lt input to".split()
            ),
            inner,
            max_size=2,
        )
    ),
    max_leaves=15,
)


@given(JSON)
def test_any_json_is_a_query_or_a_validation_error(value):
    """Nothing else happens, and what is read can be written and read again."""
    try:
        query = q.Query.model_validate({"$expr": value})
    except ValidationError:
        return
    assert q.Query.model_validate(query.model_dump(by_alias=True)) == query

"""What single sentences of the query language mean, on one call at a time."""

from __future__ import annotations

import pytest

from weave_lite.core.errors import InvalidQueryError


def field(path):
    return {"$getField": path}


def literal(value):
    return {"$literal": value}


def converted(operand, to):
    return {"$convert": {"input": operand, "to": to}}


def text_in(text, part, *, folded=False):
    return {"$contains": {"input": text, "substr": part, "case_insensitive": folded}}


X = field("inputs.x")
WIDE = 123456789012345678901234567890

NUMBER_TEXTS = ["10", " 10 ", "\t10\r\n", "1e1", "1E+1", "10.0", "100e-1", "10.000"]
NO_NUMBERS = [
    *("", " ", "ten", "0x0a", "+10", "10.", ".5", "010", "1_0", "1 0", "nan", "NaN", "Infinity"),
    *("-", "1e", "--10", "\u00a010", "\x0b10", "１０", "[10]", '"10"', "true", "null", "10/**/"),
]


@pytest.mark.parametrize("text", NUMBER_TEXTS)
def test_texts_that_are_numbers(call, text):
    """The JSON grammar of numbers counts, with blanks around; also of literals."""
    call.put(inputs={"x": text, "n": 10})
    assert call.ask({"$eq": [X, literal(10)]}) is True
    assert call.ask({"$gt": [X, literal(9.5)]}) is True
    assert call.ask({"$eq": [field("inputs.n"), literal(text)]}) is True
    assert call.ask({"$eq": [converted(X, "int"), literal(10)]}) is True


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_texts_that_are_no_numbers(call, text):
    """Other texts equal no number, have no order with one, and convert to none."""
    call.put(inputs={"x": text, "n": 10})
    assert call.ask({"$eq": [X, literal(10)]}) is False
    assert call.ask({"$in": [X, [literal(10), literal(0)]]}) is False
    assert call.ask({"$gt": [X, literal(0)]}) is None
    assert call.ask({"$eq": [field("inputs.n"), literal(text)]}) is False
    assert call.ask({"$eq": [converted(X, "double"), literal(0)]}) is None


@pytest.mark.parametrize(
    ("value", "comparison", "other", "expected"),
    [
        ("b", "$gt", "a", True),
        ("B", "$gt", "a", False),
        ("\U0001f600", "$gt", "\uffff", True),
        ("10", "$gt", "9", False),
        (10, "$gt", "9", True),
        (10, "$gt", "nine", None),
        (True, "$eq", "TRUE", True),
        (True, "$eq", "1", False),
        (1, "$eq", "1", True),
        (0, "$eq", False, False),
        (True, "$eq", 1, False),
        (True, "$gt", 0, None),
        (True, "$gt", False, True),
        ("FALSE", "$eq", False, True),
        ("no", "$eq", False, False),
        ([1, 2.0], "$eq", "[1,2.0]", True),
        ({"k": "é"}, "$eq", '{"k":"é"}', True),
        ([], "$eq", 0, False),
        ([], "$gt", 0, None),
        ([], "$eq", True, False),
        (None, "$eq", "", True),
        (None, "$lt", "a", True),
        (None, "$gte", "", True),
        (None, "$eq", "a", False),
        (None, "$eq", 0, None),
        (None, "$eq", False, None),
        (None, "$eq", None, True),
        ("", "$eq", None, False),
        ("a", "$gt", None, None),
        (None, "$gte", None, None),
        (2**63 - 1, "$eq", 2**63 - 1, True),
        (2**53 + 1, "$eq", float(2**53), False),
        (2**53 + 1, "$gt", float(2**53), True),
        (0.1 + 0.2, "$eq", 0.1 + 0.2, True),
        (0.1 + 0.2, "$gt", 0.3, True),
        (1e-07, "$eq", "1e-7", True),
        (5, "$lt", WIDE, True),
        pytest.param(5, "$lt", 10**400, True, id="10**400"),
        pytest.param(5, "$gt", -(10**400), True, id="-10**400"),
        (5, "$lte", 5, True),
        (-0.0, "$eq", 0, True),
    ],
)
def test_comparison_table(call, value, comparison, other, expected):
    """A field against a literal, and the same the other way round."""
    mirrored = {"$eq": "$eq", "$gt": "$lt", "$gte": "$lte", "$lt": "$gt", "$lte": "$gte"}
    call.put(inputs=compact({"x": value}))
    assert call.ask({comparison: [X, literal(other)]}) is expected
    assert call.ask({mirrored[comparison]: [literal(other), X]}) is expected


def compact(value):
    from weave_lite.core import jsontext

    return jsontext.compact(value)


def test_integers_beyond_64_bits_are_reals(call):
    """The law of wide integers: they compare as the nearest real, and keep their digits as text."""
    call.put(inputs=compact({"x": WIDE, "y": str(WIDE)}))
    assert call.ask({"$eq": [X, literal(WIDE)]}) is True
    assert call.ask({"$eq": [X, literal(WIDE + 1)]}) is True
    assert call.ask({"$eq": [X, literal(str(WIDE))]}) is True
    assert call.ask({"$eq": [field("inputs.y"), literal(WIDE)]}) is True
    assert call.ask({"$eq": [converted(X, "string"), literal(str(WIDE))]}) is True
    assert call.ask(text_in(field("inputs"), literal('{"x":1234567'))) is True
    assert call.ask(text_in(field("inputs"), literal(' {"x":'))) is False
    assert call.ask({"$eq": [converted(X, "int"), literal(WIDE)]}) is True


@pytest.mark.parametrize(
    ("value", "to", "expected"),
    [
        ("5.9", "int", 5),
        ("-5.9", "int", -5),
        (-5.9, "int", -5),
        (1e300, "int", 1e300),
        (True, "int", 1),
        ("true", "int", None),
        ([1], "int", None),
        (2, "double", 2.0),
        (False, "double", 0.0),
        ("TRUE", "bool", True),
        ("0", "bool", False),
        ("yes", "bool", None),
        (0.0, "bool", False),
        (0.5, "bool", True),
        ({}, "bool", None),
        (2, "string", "2"),
        (2.0, "string", "2.0"),
        (1e-07, "string", "1e-07"),
        (1e16, "string", "1e+16"),
        (True, "string", "true"),
        (None, "string", ""),
        ([1, "a"], "string", '[1,"a"]'),
        (None, "exists", False),
        ("", "exists", True),
        (False, "exists", True),
    ],
)
def test_conversions(call, value, to, expected):
    """The table of ``$convert``; None is unknown."""
    call.put(inputs=compact({"x": value}))
    result = call.ask({"$eq": [converted(X, to), literal("?" if expected is None else expected)]})
    assert result is (None if expected is None else True)


def test_dates(call):
    """Dates are instants: against seconds, ISO text and other fields; and they read as ISO text."""
    call.put(
        started_at=1_709_287_202_250_000,
        ended_at=None,
        inputs={"s": 1709287202.25, "t": "2024-03-01T11:00:02.250+01:00", "d": "2024-03-01"},
    )
    started = field("started_at")
    assert call.ask({"$eq": [started, literal(1709287202.25)]}) is True
    assert call.ask({"$eq": [started, field("inputs.s")]}) is True
    assert call.ask({"$eq": [field("inputs.t"), started]}) is True
    assert call.ask({"$gt": [started, field("inputs.d")]}) is True
    assert call.ask({"$in": [started, [literal(1), literal(1709287202.25)]]}) is True
    assert call.ask({"$in": [started, [literal("2024-03-01T10:00:02.250Z"), literal("x")]]}) is True
    assert call.ask({"$gt": [started, literal(10**30)]}) is False
    assert call.ask({"$gt": [started, literal("soon")]}) is None
    assert call.ask({"$eq": [started, literal(True)]}) is None
    assert call.ask({"$eq": [started, field("inputs.missing")]}) is None
    assert call.ask({"$eq": [field("ended_at"), literal(None)]}) is True
    assert call.ask({"$gt": [field("ended_at"), literal(0)]}) is None
    assert call.ask({"$eq": [converted(started, "int"), literal(1709287202)]}) is True
    assert call.ask({"$eq": [converted(started, "double"), literal(1709287202.25)]}) is True
    iso = literal("2024-03-01T10:00:02.250000Z")
    assert call.ask({"$eq": [converted(started, "string"), iso]}) is True
    assert call.ask(text_in(started, literal("03-01T10"))) is True
    assert call.ask({"$eq": [converted(field("ended_at"), "string"), literal("")]}) is True


def test_dates_before_1970_read_as_text(call):
    """A fraction before the epoch does not shift the second."""
    call.put(started_at=-1)
    iso = literal("1969-12-31T23:59:59.999999Z")
    assert call.ask({"$eq": [converted(field("started_at"), "string"), iso]}) is True


@pytest.mark.parametrize(
    ("text", "part", "folded", "expected"),
    [
        ("Hello World", "world", True, True),
        ("Hello World", "world", False, False),
        ("ÜNÏCODE", "ünï", True, True),
        ("İstanbul", "istanbul", True, False),
        ("İstanbul", "i", True, True),
        ("\u212aelvin", "kelvin", True, True),
        ("STRASSE", "straße", True, False),
        ("straße", "STRASSE", True, False),
        ("100%_done", "%_", False, True),
        ("a*b", "a?b", False, False),
        ("tail [x] end", "[x]", False, True),
        ('say "hi"', '"hi"', False, True),
        ("back\\slash", "k\\s", False, True),
        ("two\nlines", "o\nl", False, True),
        (12.5, "2.5", False, True),
        (True, "ru", False, True),
        (True, "RU", True, True),
        (None, "a", False, False),
        (None, "", False, True),
        (["deep", {"k": "needle"}], "needle", False, True),
    ],
)
def test_contains(call, text, part, folded, expected):
    """Texts are searched character by character; no character is a wildcard."""
    call.put(inputs=compact({"x": text}), output=text)
    assert call.ask(text_in(X, literal(part), folded=folded)) is expected
    assert call.ask(text_in(field("output"), literal(part), folded=folded)) is expected


def test_contains_what_another_field_says(call):
    """The substr may be a field; a missing one is unknown."""
    call.put(inputs={"x": "The GPT-4 model", "m": "gpt-4"})
    assert call.ask(text_in(X, field("inputs.m"))) is False
    assert call.ask(text_in(X, field("inputs.m"), folded=True)) is True
    assert call.ask(text_in(X, field("inputs.missing"))) is None
    assert call.ask(text_in(X, literal(None))) is None
    assert call.ask(text_in(literal("model 5"), literal(5))) is True


@pytest.mark.parametrize(
    ("inputs", "path", "value"),
    [
        ({"a": {"b": 7}}, "a.b", 7),
        ({"a.b": 7}, "a.b", 7),
        ({"a": {"b": 7}, "a.b": 8}, "a.b", 7),
        ({"a": {"b": None}, "a.b": 8}, "a.b", 8),
        ({"gpt-4.1": {"n": 7}}, "gpt-4.1.n", 7),
        ({"u": {"gpt-3.5-turbo": {"n": 7}}}, "u.gpt-3.5-turbo.n", 7),
        ({"a": {"b.c.d": 7}}, "a.b.c.d", 7),
        ({"a": [5, {"k": 7}]}, "a.1.k", 7),
        ({"a": {"1": {"k": 7}}}, "a.1.k", 7),
        ({"0": 7}, "0", 7),
        ({"a": [[5, 7]]}, "a.0.1", 7),
        ({"": 7}, "", 7),
        ({"a": {"": 7}}, "a.", 7),
        ({'q"q': 7}, 'q"q', 7),
        ({'q"q': {"k": [7]}}, 'q"q.k.0', 7),
        ({"a": {"b\\": 7}}, "a.b\\", 7),
        ({"new\nline": {'"': 7}}, 'new\nline."', 7),
        ({"$": 7}, "$", 7),
        ({"[0]": 7}, "[0]", 7),
        ({"a b": {"é": 7}}, "a b.é", 7),
    ],
)
def test_paths(call, inputs, path, value):
    """Indexes, keys that are numbers, keys with dots and keys that no JSON path can spell."""
    call.put(inputs=compact(inputs))
    assert call.ask({"$eq": [field(f"inputs.{path}"), literal(value)]}) is True
    assert call.ask({"$eq": [field(f"inputs.{path}"), literal(None)]}) is False


@pytest.mark.parametrize(
    "path",
    ["a.-1", "a.2", "a.4294967296", "a.99999999999999999999", "a.x", "b", "a.0.x", 'a."', "a..0"],
)
def test_paths_to_nothing(call, path):
    """A path that leads nowhere is a missing value, never an error."""
    call.put(inputs={"a": [1, 2]})
    assert call.ask({"$eq": [field(f"inputs.{path}"), literal("")]}) is True
    assert call.ask({"$eq": [converted(field(f"inputs.{path}"), "exists"), literal(True)]}) is False


def test_very_long_path(call):
    """A path of many parts is looked up without an error."""
    call.put(inputs={"a": 1})
    path = ".".join(["inputs", *("a1" for _ in range(300))])
    assert call.ask({"$eq": [field(path), literal(None)]}) is True


def test_two_fields(call):
    """Fields are compared with each other by the same table."""
    call.put(
        inputs={"n": 10, "t": " 10 ", "s": "gpt-4", "b": True, "w": "TRUE", "z": None, "l": [1]},
        display_name="gpt-4",
    )
    pairs = [
        ("n", "t", True),
        ("n", "s", False),
        ("b", "w", True),
        ("b", "n", False),
        ("z", "n", None),
        ("z", "s", False),
        ("l", "l", True),
        ("l", "n", False),
    ]
    for left, right, expected in pairs:
        parts = [field(f"inputs.{left}"), field(f"inputs.{right}")]
        assert call.ask({"$eq": parts}) is expected, (left, right)
        assert call.ask({"$eq": parts[::-1]}) is expected, (right, left)
    assert call.ask({"$eq": [field("display_name"), field("inputs.s")]}) is True
    assert call.ask({"$eq": [field("op_name"), field("inputs.s")]}) is False


def test_operations_as_operands(call):
    """The result of an operation is a bool, unknown when the operation is."""
    call.put(inputs={"n": 10, "flag": True})
    bigger = {"$gt": [field("inputs.n"), literal(5)]}
    unknown = {"$gt": [field("inputs.missing"), literal(5)]}
    assert call.ask({"$eq": [bigger, literal(True)]}) is True
    assert call.ask({"$eq": [bigger, literal("True")]}) is True
    assert call.ask({"$eq": [bigger, field("inputs.flag")]}) is True
    assert call.ask({"$eq": [bigger, literal(1)]}) is False
    assert call.ask({"$eq": [unknown, literal(False)]}) is None
    assert call.ask({"$eq": [unknown, literal("x")]}) is None
    assert call.ask({"$eq": [converted(bigger, "int"), literal(1)]}) is True
    assert call.ask({"$and": [field("inputs.flag"), bigger]}) is True
    assert call.ask({"$not": [field("inputs.flag")]}) is False


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"$and": [literal(False), {"$eq": [X, literal(1)]}]}, False),
        ({"$and": [literal(True), {"$eq": [X, literal(1)]}]}, None),
        ({"$or": [literal(True), {"$eq": [X, literal(1)]}]}, True),
        ({"$or": [literal(False), {"$eq": [X, literal(1)]}]}, None),
        ({"$in": [X, []]}, False),
        ({"$in": [X, [literal(1), literal(2)]]}, None),
        ({"$in": [X, [literal(1), literal(None)]]}, True),
        ({"$in": [X, [literal("a"), literal("")]]}, True),
        ({"$in": [literal(2), [literal(1), literal("2.0")]]}, True),
        ({"$in": [literal("2.0"), [literal(1), literal(2)]]}, True),
        ({"$in": [literal("two"), [literal(1), literal(2)]]}, False),
        ({"$in": [literal(True), [literal(1), literal(2)]]}, False),
        ({"$eq": [literal(None), literal(None)]}, True),
    ],
)
def test_three_values(call, operation, expected):
    """True, false and unknown, on a call where the field is missing."""
    call.put()
    assert call.ask(operation) is expected


@pytest.mark.parametrize("joined", ["$and", "$or"])
def test_long_junctions(call, joined):
    """Junctions take any number of operands up to the limit of a query."""
    call.put()
    parts = [{"$eq": [field("id"), literal("c")]} for _ in range(1100)]
    assert call.ask({joined: parts}) is True
    with pytest.raises(InvalidQueryError, match="operations"):
        call.ask({joined: parts * 2})


@pytest.mark.parametrize("value", [7, "x7", "7"])
def test_long_lists(call, value):
    """``$in`` takes thousands of entries: numbers, texts, texts that are numbers."""
    call.put(inputs={"x": value}, trace_id="x7")
    kind = type(value) if value == 7 else str
    prefix = "x" if value == "x7" else ""
    entries = [literal(kind(f"{prefix}{n}")) for n in range(5_000)]
    assert call.ask({"$in": [X, entries]}) is True
    assert call.ask({"$in": [X, entries[8:]]}) is False
    if value == "x7":
        assert call.ask({"$in": [field("trace_id"), entries]}) is True


def test_long_lists_of_dates(call):
    """Dates are compared with each entry, and a list that is too long is refused."""
    call.put(started_at=5_000_000)
    entries = [literal(f"1970-01-01T00:{n // 60:02}:{n % 60:02}") for n in range(3_000)]
    assert call.ask({"$in": [field("started_at"), entries]}) is True
    assert call.ask({"$in": [field("started_at"), entries[6:]]}) is False
    assert call.ask({"$in": [field("started_at"), [*entries[6:], literal("soon")]]}) is None
    texts = [literal(f"{n}x") for n in range(1_100)]
    assert call.ask({"$in": [field("summary.weave.latency_ms"), texts]}) is None


def test_deep_nesting(call):
    """Nesting works to the limit and is refused beyond it."""
    call.put(inputs={"x": 5})
    operation = {"$eq": [X, literal(5)]}
    for _ in range(24):
        operation = {"$not": [{"$or": [operation, literal(False)]}]}
    assert call.ask(operation) is True
    for _ in range(100):
        operation = {"$not": [operation]}
    with pytest.raises(InvalidQueryError, match="nested"):
        call.ask(operation)


def test_operands_in_operands_have_a_limit(call):
    """Conversions of conversions multiply the statement: a few levels work, more are refused."""
    call.put(inputs={"x": "5"})
    operand = X
    for to in ("int", "string", "double", "string", "int"):
        operand = converted(operand, to)
    assert call.ask({"$eq": [operand, literal(5)]}) is True
    with pytest.raises(InvalidQueryError, match="nested"):
        call.ask({"$eq": [converted(operand, "string"), literal("5")]})


def test_statements_with_too_many_parameters_are_refused(call):
    """What would be too long for SQLite is refused before it gets there."""
    call.put()
    operand = field("inputs." + ".".join(str(n) for n in range(12)))
    for to in ("int", "string", "int", "string"):
        operand = converted(operand, to)
    with pytest.raises(InvalidQueryError, match="parameters"):
        call.ask({"$eq": [operand, X]})


HOSTILE = [
    "'; DROP TABLE calls; --",
    '" OR 1=1 --',
    "') UNION SELECT 1 --",
    "\\",
    "%",
    "_",
    "*",
    "[a-z]",
    "?",
    ":id_1",
    "$.x",
    '$."',
    "calls.id",
    "\x00",
    "a\x00b",
    "\ud800",
    "\U0001f600",
    "NULL",
    "json_extract",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(call, text):
    """As a literal, part or path, a text finds itself and nothing else, and breaks nothing."""
    call.put(inputs={"x": "plain", "n": 1})
    for operation in (
        {"$eq": [X, literal(text)]},
        {"$in": [X, [literal(text), literal(text + "2")]]},
        text_in(X, literal(text + "xyz")),
        text_in(X, literal(text + "xyz"), folded=True),
        {"$eq": [field("id"), literal(text)]},
        {"$eq": [field("op_name"), literal(text)]},
        {"$eq": [field(f"inputs.{text}"), literal("plain")]},
        {"$eq": [field(f"inputs.x.{text}"), literal(1)]},
    ):
        assert call.ask(operation) is not True
    if "\x00" not in text:
        call.put(inputs=compact({"x": text, text: 5}))
        assert call.ask({"$eq": [X, literal(text)]}) is True
        assert call.ask(text_in(X, literal(text))) is True
        if "." not in text:
            assert call.ask({"$eq": [field(f"inputs.{text}"), literal(5)]}) is True


def test_literals_that_are_no_json_are_refused(call):
    """NaN and the infinities are no JSON numbers."""
    for value in (float("nan"), float("inf")):
        with pytest.raises(InvalidQueryError, match="finite"):
            call.ask({"$eq": [X, literal(value)]})

"""Tests of the operators: which values each takes, and what it makes of them."""

from __future__ import annotations

import datetime as dt

import pytest

from weave_lite.flow.saved_view.errors import ViewError
from weave_lite.flow.saved_view.operators import canonical_operator, read_value

MARCH = 1709294400.0  # 2024-03-01 12:00 UTC
PLUS_TWO = dt.timezone(dt.timedelta(hours=2))


@pytest.mark.parametrize(
    ("operator", "value", "read"),
    [
        ("contains", "x", "x"),
        ("contains", 5, "5"),
        ("does not contain", True, "true"),
        ("equals", 5, 5),
        ("equals", False, False),
        ("in", ["a", 1, True], ["a", 1, True]),
        ("in", ("a",), ["a"]),
        ("in", " a, b ,c d", ["a", "b", "c d"]),
        ("=", 1, 1.0),
        ("<", "5", 5.0),
        (">=", True, 1.0),
        ("is", True, True),
        ("is", "FALSE", False),
        ("after", 5, 5.0),
        ("after", "2024-03-01T12:00:00Z", MARCH),
        ("after", "2024-03-01T12:00:00", MARCH),
        ("before", "2024-03-01T14:00:00+02:00", MARCH),
        ("before", dt.datetime.fromisoformat("2024-03-01T12:00"), MARCH),
        ("before", dt.datetime(2024, 3, 1, 14, tzinfo=PLUS_TWO), MARCH),
        ("before", dt.date(2024, 3, 1), MARCH - 12 * 3600),
        ("is empty", None, None),
    ],
)
def test_values_are_read(operator, value, read):
    """Each operator brings its value to the one form that is stored."""
    found = read_value(operator, value)

    assert (found, type(found)) == (read, type(read))


@pytest.mark.parametrize(
    ("operator", "value", "message"),
    [
        ("equals", None, "requires a value.*'is empty'"),
        ("is not empty", 0, "takes no value; leave 0 out"),
        ("equals", float("nan"), "finite number"),
        ("equals", object(), "give a text"),
        ("equals", "\ud800", "UTF-8"),
        ("contains", ["a"], "give a text"),
        ("in", 5, "a list, or a text with commas"),
        ("in", [], "at least one entry"),
        ("in", "  ", "at least one entry"),
        ("in", [None], "give a text"),
        ("=", "x", "finite number"),
        ("=", 10**400, "finite number"),
        (">", float("inf"), "finite number"),
        ("is", 1, "True or False"),
        ("is", "yes", "True or False"),
        ("after", True, "ISO text"),
        ("after", "yesterday", "ISO text"),
        ("before", ["2024"], "ISO text"),
    ],
)
def test_values_that_are_refused(operator, value, message):
    """The error names the operator and what it takes."""
    with pytest.raises(ViewError, match=message) as caught:
        read_value(operator, value)

    assert repr(operator) in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_operators_have_one_spelling():
    """Signs come to their ASCII form; unknown ones are refused with the list of all."""
    assert [canonical_operator(sign) for sign in ("≠", "≤", "≥", "<=", "in")] == [
        "!=",
        "<=",
        ">=",
        "<=",
        "in",
    ]
    for unknown in ("==", "", None, []):
        with pytest.raises(ValueError, match="use one of contains, "):
            canonical_operator(unknown)

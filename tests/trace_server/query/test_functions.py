"""The functions that SQLite calls: any argument gives a value or NULL, never an error."""

from __future__ import annotations

import sqlite3

import pytest

from weave_lite.trace_server.query.functions import register


@pytest.mark.parametrize(
    ("call", "argument", "expected"),
    [
        ("weave_lower", "ÀÉ İ", "àé i̇"),
        ("weave_lower", None, None),
        ("weave_lower", 5, None),
        ("weave_micros", "1970-01-01T00:00:01", 1_000_000),
        ("weave_micros", "1970-01-01T00:00:01+01:00", -3_599_000_000),
        ("weave_micros", "soon", None),
        ("weave_micros", "0001-01-01T00:00:00+23:00", -62_135_679_600_000_000),
        ("weave_micros", 5, None),
        ("weave_micros", None, None),
        ("weave_number_text", 2, "2"),
        ("weave_number_text", 2.0, "2.0"),
        ("weave_number_text", 1e-07, "1e-07"),
        ("weave_number_text", "[1e-7,1e-7]", "1e-07"),
        ("weave_number_text", "[-0.0,-0.0]", "-0.0"),
        ("weave_number_text", "[" + "9" * 5000 + ",1]", "9" * 5000),
        ("weave_number_text", None, None),
        ("weave_number_text", b"x", None),
        ("weave_op_short_name", "weave:///acme/demo/op/predict:AbC", "predict"),
        ("weave_op_short_name", "plain/op:x", "plain/op:x"),
        ("weave_op_short_name", None, None),
        ("weave_op_short_name", b"x", None),
    ],
)
def test_functions(call, argument, expected):
    """Each function on what a query may hand to it."""
    conn = sqlite3.connect(":memory:")
    try:
        register(conn)
        assert conn.execute(f"SELECT {call}(?)", (argument,)).fetchone() == (expected,)
    finally:
        conn.close()

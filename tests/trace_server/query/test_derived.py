"""The computed fields: their SQL and their Python form say the same."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from one_call import TABLES
from sqlalchemy import select

from weave_lite.trace_server.query import derived

NAMES = st.one_of(
    st.sampled_from(["op", "weave:///e/p/op/predict:AbC", "weave:///", "weave:///x", "a/b:c", ""]),
    st.text("/:ab*", max_size=8).map("weave:///".__add__),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8),
)
MICROS = st.integers(-(2**50), 2**50)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    op_name=NAMES,
    display_name=st.none() | st.sampled_from(["", "My call"]),
    exception=st.none() | st.sampled_from(["", "Error"]),
    started_at=MICROS,
    ended_at=st.none() | MICROS,
)
def test_both_forms_agree(call, op_name, display_name, exception, started_at, ended_at):
    """Status, latency and trace name of any call."""
    call.put(
        op_name=op_name,
        display_name=display_name,
        exception=exception,
        started_at=started_at,
        ended_at=ended_at,
    )
    calls, op_names = TABLES.calls, TABLES.op_names
    statement = select(
        derived.status_sql(calls),
        derived.latency_ms_sql(calls),
        derived.trace_name_sql(calls, op_names),
    ).join_from(calls, op_names, op_names.c.pk == calls.c.op)
    assert tuple(call.conn.execute(statement).one()) == (
        derived.status(exception, ended_at),
        derived.latency_ms(started_at, ended_at),
        derived.trace_name(display_name, op_name),
    )


@pytest.mark.parametrize(
    ("op_name", "short"),
    [
        ("weave:///acme/demo/op/predict:AbC", "predict"),
        ("weave:///acme/demo/op/predict", "predict"),
        ("plain/with:marks", "plain/with:marks"),
    ],
)
def test_short_names(op_name, short):
    """The object name of a ref; a plain name as it is."""
    assert derived.op_short_name(op_name) == short


@pytest.mark.parametrize(
    ("micros", "latency_ms"), [(0, 0), (999, 0), (1000, 1), (1999, 1), (-1, -1), (-1000, -1)]
)
def test_latency_is_rounded_down(micros, latency_ms):
    """Whole milliseconds, as days, seconds and microseconds of the difference give them."""
    assert derived.latency_ms(5, 5 + micros) == latency_ms
    assert derived.latency_ms(5, None) is None

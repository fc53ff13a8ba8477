"""Which index a search uses, and that a compiled form finds what the same search finds otherwise."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys

import pytest
from sqlalchemy.dialects import sqlite

from weave_lite.trace_server.interface.calls import CallsFilter
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.interface.query import Query, SortBy
from weave_lite.trace_server.store import call_search, calls_write, compiled_search, plain_search
from weave_lite.trace_server.store.engine import Store

DOWN = [SortBy(field="started_at", direction="desc")]
REF = "weave:///a/b/object/x:D"
# Always true, and enough to keep a search from being of a common form.
ALWAYS = Query.model_validate({"$expr": {"$eq": [{"$literal": 1}, {"$literal": 1}]}})


@pytest.fixture(scope="module")
def conn():
    store = Store.open(":memory:")
    with store.write() as conn:
        parts = []
        for n in range(2000):
            parent = None if n % 10 == 0 else f"{n - n % 10:05}"
            trace = f"t{n // 10}"
            refs = (REF,) if n % 7 == 0 else ()
            parts.append(
                EncodedStart(
                    "a/b", f"{n:05}", trace, parent, f"op{n % 3}", None, n // 4, "{}", "{}", refs
                )
            )
            parts.append(EncodedEnd("a/b", f"{n:05}", n, None, "1", "{}", refs))
        calls_write.write_parts(conn, parts)
    with store.read() as conn:
        yield conn
    store.close()


def plan_of(conn, search, kind):
    """The steps of SQLite's plan for one kind of statement."""
    raw = conn.raw
    if search.form is not None:
        text = plain_search.statement(kind, search.form)
        values = {**search.values, "limit": 10, "offset": 0, "start": 0}
    else:
        statement = compiled_search.statement(kind, search.parts, 10, 0, 0)
        compiled = statement.compile(
            dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True}
        )
        text, values = str(compiled), [compiled.params[name] for name in compiled.positiontup]
    return [row[3] for row in raw.execute("EXPLAIN QUERY PLAN " + text, values)]


@pytest.mark.parametrize(
    ("filter_fields", "sort_by", "index"),
    [
        ({}, None, "calls_by_start (project=?"),
        ({}, DOWN, "calls_by_start (project=?"),
        ({"trace_roots_only": True}, DOWN, "calls_by_root (project=?"),
        ({"op_names": ["op1"]}, DOWN, "calls_by_op (project=? AND op=?"),
        ({"trace_ids": ["t1"]}, None, "calls_by_trace (project=? AND trace_id=?"),
        ({"trace_ids": ["t1", "t2"]}, None, "calls_by_trace (project=? AND trace_id=?"),
        ({"parent_ids": ["1"]}, None, "calls_by_parent (project=? AND parent_id=?"),
        ({"parent_ids": ["1", "2"]}, None, "calls_by_parent (project=? AND parent_id=?"),
        ({"call_ids": ["1"]}, None, "calls_by_id (project=? AND id=?"),
        ({"call_ids": ["1", "2"]}, DOWN, "calls_by_id (project=? AND id=?"),
        ({"input_refs": [REF]}, DOWN, "calls USING INTEGER PRIMARY KEY"),
    ],
)
def test_index_of_a_filter(conn, filter_fields, sort_by, index):
    """Each common filter has its index, whatever is in the store."""
    search = call_search.plan(1, CallsFilter(**filter_fields), None, sort_by)
    assert any(index in step for step in plan_of(conn, search, "page")), plan_of(
        conn, search, "page"
    )


@pytest.mark.parametrize(
    ("filter_fields", "kind", "index"),
    [
        ({}, "count", "COVERING INDEX calls_by_start"),
        ({}, "window", "COVERING INDEX calls_by_start"),
        ({"trace_roots_only": True}, "count", "COVERING INDEX calls_by_root"),
        ({"trace_roots_only": True}, "window", "COVERING INDEX calls_by_root"),
        ({"op_names": ["op1"]}, "count", "COVERING INDEX calls_by_op"),
        ({"op_names": ["op1"]}, "window", "COVERING INDEX calls_by_op"),
    ],
)
def test_counting_and_skipping_read_no_rows(conn, filter_fields, kind, index):
    """Counts and deep offsets are answered by an index alone."""
    search = call_search.plan(1, CallsFilter(**filter_fields), None, DOWN)
    assert index in plan_of(conn, search, kind)[0]


SINGLES = {
    "op_names": ["op1"],
    "trace_ids": ["t7"],
    "parent_ids": ["00070"],
    "call_ids": ["00077"],
    "input_refs": [REF],
    "output_refs": [REF],
    "trace_roots_only": True,
}
FILTERS = [
    dict(chosen) for size in range(3) for chosen in itertools.combinations(SINGLES.items(), size)
]


@pytest.mark.parametrize("filter_fields", FILTERS, ids=lambda fields: "+".join(fields) or "all")
@pytest.mark.parametrize("sort_by", [None, DOWN])
def test_forms_find_the_same(conn, filter_fields, sort_by):
    """A search of a common form and the same search compiled for itself give the same pages."""
    calls_filter = CallsFilter(**filter_fields)
    form = call_search.plan(1, calls_filter, None, sort_by)
    own = call_search.plan(1, calls_filter, ALWAYS, sort_by)
    assert (form.form is None, own.form is None) == (False, True)
    for limit, offset in [(None, 0), (5, 0), (3, 2), (None, 600), (7, 1500), (None, 5000), (0, 0)]:
        found = call_search.find(conn, form, limit, offset).fetchall()
        assert found == call_search.find(conn, own, limit, offset).fetchall()
    for limit in (None, 1, 50):
        assert call_search.count(conn, form, limit) == call_search.count(conn, own, limit)


def one_line(text):
    """A statement with its parameters as marks."""
    return re.sub(r"\s+", " ", re.sub(r":[a-z_]+|\?", "?", text)).strip().replace("( ", "(")


EVERY_FIELD = [
    {name: ["x"]} for name in CallsFilter.model_fields if name != "trace_roots_only"
] + FILTERS


@pytest.mark.parametrize("kind", ["page", "page_from", "window", "count", "count_to"])
@pytest.mark.parametrize("sort_by", [None, DOWN])
def test_texts_are_what_is_compiled(kind, sort_by):
    """The text of each kind of statement is that of the same search, compiled."""
    for filter_fields in EVERY_FIELD:
        calls_filter = CallsFilter(**filter_fields)
        form = call_search.plan(1, calls_filter, None, sort_by).form
        parts = compiled_search.parts_of(1, calls_filter, None, sort_by, is_by_start=True)
        compiled = compiled_search.statement(kind, parts, 10, 0, 0).compile(
            dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True}
        )
        text = one_line(plain_search.statement(kind, form)).replace("OFFSET 0", "OFFSET ?")
        sides = [f"call_refs.side = {side}" for side in (0, 1)]
        for side in sides:
            text = text.replace(side, "call_refs.side = ?")
        assert text == one_line(str(compiled))


def test_reading_by_a_common_form_loads_no_sqlalchemy(tmp_path):
    """Listing, counting and reading calls of a file costs no SQLAlchemy."""
    program = """
import sys
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
with SqliteTraceServer(sys.argv[1]) as server:
    server.calls_query(tsi.CallsQueryReq(project_id="a/b", filter={"trace_roots_only": True}))
    server.calls_query_stats(tsi.CallsQueryStatsReq(project_id="a/b"))
    server.call_read(tsi.CallReadReq(project_id="a/b", id="1"))
print("sqlalchemy" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "filter_fields",
    [{"op_names": ["op1:*"]}, {"trace_ids": ["t1", "t2"]}, {"op_names": ["a", "b"]}],
)
def test_other_filters_are_compiled_for_themselves(filter_fields):
    """Several values, or a pattern, are no common form."""
    assert call_search.plan(1, CallsFilter(**filter_fields), None).form is None


def test_texts_that_stand_for_fields_are_plain_values(conn):
    """A value that is the name of a field is just that value."""
    for name in ("op_names", "trace_ids", "parent_ids"):
        search = call_search.plan(1, CallsFilter(**{name: ["parent_ids"]}), None)
        assert call_search.find(conn, search, None, 0).fetchall() == []

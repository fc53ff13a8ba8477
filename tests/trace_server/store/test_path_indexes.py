"""Indexes that the user asks for: queries answer the same with and without, only faster."""

from __future__ import annotations

import itertools
import subprocess
import sys
from contextlib import closing

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.interface.query import Query, SortBy
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store import call_search, compiled_search, path_indexes

PROJECT = "a/b"
# What stands at the path, as JSON: every kind, and what is easily taken for another.
VALUES = [
    *(
        '"gpt"',
        '"gpt-4o"',
        '"GPT-4O"',
        '""',
        '"true"',
        '"True"',
        '"10"',
        '" 10 "',
        '"1e1"',
        '"x\\u0000y"',
    ),
    *("10", "10.0", "10.0000001", "-3", "0", "-0.0", "1e300", "123456789012345678901234"),
    *("0.1234567890123456789", "0.0000001", "9007199254740993", '"9007199254740993"', '"0x10"'),
    *("true", "false", "null", "[1,2]", '{"a":1.50}', '"[1,2]"', '"straße"', '"İstanbul kİt"'),
    *('"say \\"hello\\" twice"', '"line\\nend of it"', '"back\\\\slash"', '"\u212aelvin kit"'),
    *(f'"{"long" * 30}{end}"' for end in ("a", "b")),
    '"\U0001f600 smile"',
]
PATHS = ["inputs.m", "output.m", "summary.m", "attributes.m"]
COLUMNS = ["inputs", "output"]


def write(server, values, first):
    """Write a call for each value, which stands in all four columns; every fifth has none."""
    records = []
    for n, value in enumerate(values, first):
        document = "{}" if n % 5 == 4 else f'{{"m":{value},"n":{n}}}'
        output = value if n % 7 == 6 else document
        start = EncodedStart(PROJECT, f"{n:04}", "t", None, "op", None, n, document, document, ())
        end = EncodedEnd(PROJECT, f"{n:04}", n + 1, None, output, document, ())
        records += [start] if n % 11 == 10 else [start, end]
    server.write_encoded(records)


@pytest.fixture(scope="module")
def servers():
    """Two stores with the same calls; one has indexes, which know half of the calls."""
    with SqliteTraceServer() as plain, SqliteTraceServer() as quick:
        for server in (plain, quick):
            write(server, VALUES * 2, 0)
        for path in (*PATHS, *COLUMNS):
            quick.index_add(path)
        for server in (plain, quick):
            write(server, VALUES[::-1], 1000)
        assert any(index.pending for index in quick.index_list())
        yield plain, quick


def ids(server, **fields):
    req = tsi.CallsQueryReq(project_id=PROJECT, **fields)
    return [call.id for call in server.calls_query_stream(req)]


def count(server, query):
    return server.calls_query_stats(tsi.CallsQueryStatsReq(project_id=PROJECT, query=query)).count


literals = st.one_of(
    st.sampled_from(
        [
            "gpt",
            "gpt-4o",
            "",
            "true",
            "True",
            "TRUE",
            "10",
            " 10 ",
            "1e1",
            "x\0y",
            "123456789012345678901234",
        ]
    ),
    st.sampled_from(["[1,2]", '{"a":1.50}', "straße", "long" * 30 + "a", "long" * 25, "0x10"]),
    st.sampled_from(
        [10, 10.0, 10.0000001, 0, 0.1234567890123456789, 1e300, 2**53 + 1, 1e-7, 10**23]
    ),
    st.integers(-5, 12),
    st.booleans(),
    st.none(),
)
parts = st.one_of(
    st.sampled_from(["gpt", "GPT", "say", '"hello"', 'say "he', "\nend", "line\nend of", "slash"]),
    st.sampled_from(
        ["kit", "KIT", "kelvin", "istan", "İSTANBUL", "straße", "STRASSE", "\U0001f600 s"]
    ),
    st.sampled_from(
        ["longlong", "1.5", '":1.5', '"m":', "12345", "10", "tru", "e of it", "x\0y", "no such"]
    ),
    st.sampled_from(['{"m":"gpt', "* AND", 'NEAR("a', "\\", "\\\\", "'", "%(x)s", ":x"]),
    st.text(min_size=1, max_size=5),
)
fields = st.sampled_from(PATHS).map(lambda path: {"$getField": path})
anywhere = st.sampled_from([*PATHS, *COLUMNS]).map(lambda path: {"$getField": path})
literal = literals.map(lambda value: {"$literal": value})
pairs = st.tuples(fields, literal).map(list)
comparisons = st.one_of(
    st.builds(
        lambda name, pair, is_turned: {name: pair[::-1] if is_turned else pair},
        st.sampled_from(["$eq", "$gt", "$gte", "$lt", "$lte"]),
        pairs,
        st.booleans(),
    ),
    st.builds(lambda field, some: {"$in": [field, some]}, fields, st.lists(literal, max_size=4)),
    st.builds(
        lambda field, part, is_lowered: {
            "$contains": {
                "input": field,
                "substr": {"$literal": part},
                "case_insensitive": is_lowered,
            }
        },
        anywhere,
        parts,
        st.booleans(),
    ),
)
expressions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        inner.map(lambda one: {"$not": [one]}),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"$and": some}),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"$or": some}),
    ),
    max_leaves=4,
)


@settings(max_examples=250, deadline=None)
@given(expr=expressions, limit=st.sampled_from([None, 3, 500]))
@example(expr={"$gt": [{"$getField": "inputs.m"}, {"$literal": 10}]}, limit=3)
@example(expr={"$eq": [{"$getField": "attributes.m"}, {"$literal": "gpt"}]}, limit=3)
def test_same_answers(servers, expr, limit):
    """Filters find the same calls, in the same order, with an index and without."""
    query = {"$expr": expr}
    plain, quick = (ids(server, query=query, limit=limit) for server in servers)
    assert plain == quick
    plain, quick = (count(server, query) for server in servers)
    assert plain == quick


@settings(max_examples=100, deadline=None)
@given(
    path=st.sampled_from(PATHS),
    direction=st.sampled_from(["asc", "desc"]),
    then=st.sampled_from([None, "inputs.n"]),
    limit=st.integers(1, 130),
    offset=st.integers(0, 130),
    expr=st.none() | comparisons,
)
def test_same_order(servers, path, direction, then, limit, offset, expr):
    """Every page of every order is the same with an index and without."""
    sort_by = [SortBy(field=path, direction=direction)]
    if then:
        sort_by.append(SortBy(field=then, direction="desc"))
    query = None if expr is None else {"$expr": expr}
    plain, quick = (
        ids(server, query=query, sort_by=sort_by, limit=limit, offset=offset) for server in servers
    )
    assert plain == quick


@pytest.mark.parametrize("first", ["inputs.m", "inputs.none"])
def test_bound_is_used(servers, first):
    """A page of an order by an indexed path, and by no other, is taken from within a bound."""
    store = servers[1]._store  # noqa: SLF001
    with store.read() as conn:
        search = call_search.plan(1, None, None, [SortBy(field=first, direction="asc")], (), conn)
        bounded = compiled_search.bounded(conn, search.parts, 5)
    assert (bounded is search.parts) is (first == "inputs.none")


def plan_of(conn, expr):
    """The steps of SQLite's plan for the newest calls that a query finds."""
    query = Query.model_validate({"$expr": expr})
    newest = [SortBy(field="started_at", direction="desc")]
    search = call_search.plan(1, None, query, newest, (), conn)
    statement = compiled_search.statement("page", search.parts, 100, 0, 0)
    compiled = statement.compile(
        dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True}
    )
    values = [compiled.params[name] for name in compiled.positiontup]
    steps = conn.raw.execute("EXPLAIN QUERY PLAN " + str(compiled), values)
    return " | ".join(row[3] for row in steps)


@pytest.mark.parametrize(
    ("expr", "step"),
    [
        (
            {"$eq": [{"$getField": "inputs.m"}, {"$literal": "gpt"}]},
            "SEARCH known USING COVERING INDEX index_1_by_key (project=? AND key=?)",
        ),
        (
            {"$in": [{"$getField": "summary.m"}, [{"$literal": 3}, {"$literal": "x"}]]},
            "SEARCH known USING COVERING INDEX index_3_by_key (project=? AND key=?)",
        ),
        (
            {"$gt": [{"$getField": "output.m"}, {"$literal": 3}]},
            "SEARCH known USING COVERING INDEX index_2_by_key (project=? AND key>? AND key<?)",
        ),
        (
            {"$contains": {"input": {"$getField": "inputs.q"}, "substr": {"$literal": "a text"}}},
            "SCAN index_5_text VIRTUAL TABLE INDEX 0:M",
        ),
    ],
)
def test_index_is_used(servers, expr, step):
    """SQLite looks a key up, then the calls by their integers."""
    store = servers[1]._store  # noqa: SLF001
    with store.read() as conn:
        plan = plan_of(conn, expr)
    assert step in plan
    assert "SEARCH calls USING INTEGER PRIMARY KEY" in plan


def test_common_value_is_walked(servers, monkeypatch):
    """Where an index finds more than is worth it, a page is found by walking the time."""
    monkeypatch.setattr(path_indexes, "_RARE", 1)
    store = servers[1]._store  # noqa: SLF001
    with store.read() as conn:
        plan = plan_of(conn, {"$eq": [{"$getField": "inputs.m"}, {"$literal": "gpt"}]})
    assert "calls_by_start" in plan
    assert "known" not in plan


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "x",
            "inputs.",
            "inputs..a",
            ".inputs",
            "started_at",
            "op_name",
            "attributes",
            "summary",
        ),
        *("inputs.a'b", 'inputs.a"b', "inputs.a\\b", "inputs.a%(x)s", "inputs.a;b", "inputs.a)--"),
        *(
            "inputs.a[0]",
            "inputs.0",
            "inputs.a.12",
            "inputs.a\nb",
            "inputs.a\0b",
            "inputs.?",
            "inputs.$",
        ),
        *("inputs.__[POSTCOMPILE_x]", "inputs.'); DROP TABLE calls; --", "inputs.\ud800"),
        *("inputs." + ".".join("abcdefgh"), "inputs." + "a" * 300),
    ],
)
def test_hostile_paths(path):
    """A path that cannot have an index is refused, and changes nothing."""
    with SqliteTraceServer() as server:
        with pytest.raises(InvalidRequest, match="path"):
            server.index_add(path)
        assert server.index_list() == []


@pytest.mark.parametrize(
    "key", ["gpt-4o", "a b", "openai/gpt:4", "größe", "user@host", "a+b", "SELECT", ":x"]
)
def test_odd_keys(key):
    """Keys of names of models and the like work, also those with dots inside."""
    with SqliteTraceServer() as server:
        write(server, [f'{{"{key}":1,"x.{key}":2}}', f'{{"{key}":3}}'], 0)
        for path, value, found in (
            (f"inputs.m.{key}", 3, "0001"),
            (f"inputs.m.x.{key}", 2, "0000"),
        ):
            server.index_add(path)
            query = {"$expr": {"$eq": [{"$getField": path}, {"$literal": value}]}}
            assert ids(server, query=query) == [found]


def test_add_list_drop(tmp_path):
    """An index is listed until it is dropped, survives a reopen, and leaves nothing behind."""
    place = tmp_path / "s.db"
    with SqliteTraceServer(place) as server:
        write(server, VALUES, 0)
        before = _schema(server)
        assert server.index_add("inputs.m") == ("inputs.m", "path", 0)
        assert server.index_add("inputs.m") == ("inputs.m", "path", 0)
        assert server.index_add("output") == ("output", "text", 0)
    with SqliteTraceServer(place) as server:
        assert [index.path for index in server.index_list()] == ["inputs.m", "output"]
        server.index_drop("inputs.m")
        with pytest.raises(InvalidRequest, match="there are: output"):
            server.index_drop("inputs.m")
        server.index_drop("output")
        assert server.index_list() == []
        assert _schema(server) == before


def _schema(server):
    with server._store.read() as conn:  # noqa: SLF001
        rows = conn.raw.execute("SELECT type, name FROM sqlite_schema")
        return sorted(row for row in rows if row[1] != "sqlite_sequence")


def test_changes_are_seen():
    """A value that is written again, and one that is deleted, is found as it is now only."""
    query = {"$expr": {"$eq": [{"$getField": "inputs.m"}, {"$literal": "new"}]}}
    with SqliteTraceServer() as server:
        server.index_add("inputs.m")
        write(server, ['"new"'] * 300, 0)
        write(server, ['"old"'] * 300, 0)
        assert count(server, query) == 0
        write(server, ['"new"'] * 3, 0)
        assert count(server, query) == 3
        with server._store.write() as conn:  # noqa: SLF001
            conn.raw.execute("DELETE FROM call_inputs")
        assert count(server, query) == 0


def test_drop_between_plan_and_read(tmp_path):
    """A search that was planned with an index finds the same when that is gone."""
    with SqliteTraceServer(tmp_path / "s.db") as server:
        write(server, VALUES, 0)
        server.index_add("inputs.m")
        query = {"$expr": {"$eq": [{"$getField": "inputs.m"}, {"$literal": "gpt"}]}}
        with closing(
            server.calls_query_stream(tsi.CallsQueryReq(project_id=PROJECT, query=query))
        ) as calls:
            server.index_drop("inputs.m")
            assert [call.id for call in calls] == ["0000"]


_OTHER = """
import sys
from weave_lite.trace_server.interface.encoded import EncodedStart
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
with SqliteTraceServer(sys.argv[1]) as server:
    for n in range(200):
        start = EncodedStart("a/b", f"o{n}", "t", None, "op", None, n, '{}', '{"m":"other words"}', ())
        server.write_encoded([start])
assert "sqlalchemy" not in sys.modules
"""


def test_other_process_keeps_up(tmp_path):
    """What another process writes is found at once, and handed over while it writes."""
    place = tmp_path / "s.db"
    with SqliteTraceServer(place) as server:
        write(server, VALUES, 0)
        for path in ("inputs.m", "inputs"):
            server.index_add(path)
        subprocess.run([sys.executable, "-c", _OTHER, str(place)], check=True)
        field = {"$getField": "inputs.m"}
        equals = {"$expr": {"$eq": [field, {"$literal": "other words"}]}}
        contains = {"$expr": {"$contains": {"input": field, "substr": {"$literal": "her wo"}}}}
        assert [count(server, query) for query in (equals, contains)] == [200, 200]
        assert all(0 < index.pending < 200 for index in server.index_list())


def test_plain_writer_is_seen(tmp_path):
    """A document that a foreign program writes is found too: SQLite itself notes it."""
    with SqliteTraceServer(tmp_path / "s.db") as server:
        write(server, ['"a"'], 0)
        server.index_add("inputs.m")
        with server._store.write() as conn:  # noqa: SLF001
            conn.raw.execute("""UPDATE call_inputs SET inputs = '{"m":"b"}'""")
        query = {"$expr": {"$eq": [{"$getField": "inputs.m"}, {"$literal": "b"}]}}
        assert ids(server, query=query) == ["0000"]


def test_large_store_goes_over_in_steps():
    """Making an index tells of its progress, step by step."""
    told = []
    with SqliteTraceServer() as server:
        write(server, [str(n) for n in range(2_500)], 0)
        server.index_add("inputs", told.append)
    assert told == [1_500, 500, 0]
    assert all(a > b for a, b in itertools.pairwise(told))

"""Tables: create, update, query, stream and count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from weave_lite.core import digest as digests
from weave_lite.core.errors import (
    DigestMismatchError,
    InsertTooLarge,
    InvalidRequest,
    NotFoundError,
)
from weave_lite.core.ids import new_id
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedTable
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store import content

PROJECT = "acme/demo"
VECTORS = json.loads((Path(__file__).parent.parent / "data" / "digests.json").read_text())
EMPTY = digests.digest_rows([])


def create(server, rows, project=PROJECT, **fields):
    table = tsi.TableSchemaForInsert(project_id=project, rows=rows, **fields)
    return server.table_create(tsi.TableCreateReq(table=table))


def update(server, base, *updates, project=PROJECT):
    req = tsi.TableUpdateReq(project_id=project, base_digest=base, updates=list(updates))
    return server.table_update(req)


def query(server, digest, project=PROJECT, **fields):
    return server.table_query(tsi.TableQueryReq(project_id=project, digest=digest, **fields)).rows


def vals(server, digest, **fields):
    return [row.val for row in query(server, digest, **fields)]


def stats_batch(server, digest_list, **fields):
    req = tsi.TableQueryStatsBatchReq(project_id=PROJECT, digests=digest_list, **fields)
    found = server.table_query_stats_batch(req).tables
    return {row.digest: (row.count, row.storage_size_bytes) for row in found}


def raw_count(server, table):
    """How many rows a table of the store has."""
    with server._store.read() as conn:
        return conn.core.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()


# --- create ---


@pytest.mark.parametrize(
    "case", [case for case in VECTORS if case["kind"] == "table"], ids=lambda c: c["note"]
)
def test_vector_tables(server, case):
    """Tables have the digests of the reference, and read back in order with duplicates."""
    made = create(server, case["input"])
    assert (made.digest, made.row_digests) == (case["digest"], case["row_digests"])
    assert [row.model_dump() for row in query(server, made.digest)] == [
        {"digest": digest, "val": val, "original_index": at}
        for at, (digest, val) in enumerate(zip(case["row_digests"], case["input"], strict=True))
    ]


@pytest.mark.parametrize(
    "case", [case for case in VECTORS if case["kind"] == "row"], ids=lambda c: str(c["input"])
)
def test_vector_rows(server, case):
    """Rows have the digests of the reference and keep the order of their keys."""
    made = create(server, [case["input"]])
    assert made.row_digests == [case["digest"]]
    (val,) = vals(server, made.digest)
    assert json.dumps(val) == json.dumps(case["input"])


@pytest.mark.parametrize(
    "case", [case for case in VECTORS if case["kind"] == "table"], ids=lambda c: c["note"]
)
def test_expected_digest_of_newer_clients(server, case):
    """A table may be stored under the digests by sorted keys."""
    made = create(server, case["input"], expected_digest=case["digest_sorted_keys"])
    assert made.digest == case["digest_sorted_keys"]
    assert made.row_digests == [digests.digest_json_sorted(row) for row in case["input"]]
    assert vals(server, made.digest) == case["input"]


def test_expected_digest(server):
    """The right digest is fine; another is refused and nothing is stored."""
    right = create(server, [{"a": 1}]).digest
    assert create(server, [{"a": 1}], expected_digest=right).digest == right
    with pytest.raises(DigestMismatchError):
        create(server, [{"a": 2}], expected_digest=right)
    assert raw_count(server, "tables") == 1


def test_rows_must_be_objects():
    """A row that is no JSON object is refused when the request is made."""
    with pytest.raises(ValidationError, match=r"rows\.1"):
        tsi.TableSchemaForInsert(project_id=PROJECT, rows=[{"a": 1}, [2]])


def test_row_that_is_not_json(server):
    """The message names the row."""
    with pytest.raises(InvalidRequest, match=r"table\.rows\[1\] must be JSON"):
        create(server, [{"a": 1}, {"a": {2}}])
    with pytest.raises(InvalidRequest, match=r"table\.rows\[1\] has a ref"):
        create(server, [{"a": 1}, {"a": "weave-trace-internal:///p/object/o:d"}])


def test_row_that_is_too_large(server, monkeypatch):
    """The message names the row."""
    monkeypatch.setattr(content, "MAX_CONTENT_BYTES", 1000)
    monkeypatch.setattr(content, "_SURELY_SMALL", 250)
    with pytest.raises(InsertTooLarge, match=r"table\.rows\[1\] has 1,007"):
        create(server, [{"a": 1}, {"a": "x" * 999}])


def test_not_a_number_is_null(server):
    """NaN becomes null before the digest is taken."""
    made = create(server, [{"a": float("nan")}])
    assert made == create(server, [{"a": None}])
    assert vals(server, made.digest) == [{"a": None}]


def test_rows_are_stored_once(server):
    """Duplicates in a table and across tables share a stored row."""
    first = create(server, [{"a": 1}, {"a": 1}, {"a": 2}])
    second = create(server, [{"a": 2}, {"a": 3}, {"a": 1}, {"a": 3}])
    again = create(server, [{"a": 1}, {"a": 1}, {"a": 2}])
    assert again == first
    assert vals(server, first.digest) == [{"a": 1}, {"a": 1}, {"a": 2}]
    assert vals(server, second.digest) == [{"a": 2}, {"a": 3}, {"a": 1}, {"a": 3}]
    assert (raw_count(server, "table_rows"), raw_count(server, "tables")) == (3, 2)


def test_projects_are_apart(server):
    """The same table in a second project is stored there too, and only then is it there."""
    made = create(server, [{"a": 1}], project="acme/one")
    assert query(server, made.digest, project="acme/two") == []
    with pytest.raises(NotFoundError):
        update(server, made.digest, project="acme/two")
    assert create(server, [{"a": 1}], project="acme/two") == made
    assert [row.val for row in query(server, made.digest, project="acme/two")] == [{"a": 1}]


def test_rows_of_another_project_are_not_used(server):
    """A table that shares rows with one of its own project uses those, not another project's."""
    for project in ("acme/one", "acme/two", "acme/three"):
        create(server, [{"a": 1}], project=project)
    for project in ("acme/one", "acme/two", "acme/three"):
        made = create(server, [{"b": 1}, {"a": 1}], project=project)
        only = tsi.TableRowFilter(row_digests=made.row_digests)
        assert [row.original_index for row in query(server, made.digest, project, filter=only)] == [
            0,
            1,
        ]


@pytest.mark.in_process("the narrow door is that of this process")
def test_encoded_table(server):
    """The recorder's door stores the same table as the typed one."""
    rows = [{"a": 1}, {"a": 2}, {"a": 1}]
    row_digests = [digests.digest_json(row) for row in rows]
    digest = digests.digest_rows(row_digests)
    texts = [json.dumps(row) for row in rows]
    server.write_encoded([EncodedTable(PROJECT, digest, row_digests, texts)] * 2)
    assert create(server, rows).digest == digest
    assert vals(server, digest) == rows


def test_many_rows(server):
    """A table beyond the size of pages and of one statement is whole and in order."""
    rows = [{"i": number % 60_001} for number in range(60_500)]
    made = create(server, rows)
    found = query(server, made.digest)
    assert [row.val["i"] for row in found] == [row["i"] for row in rows]
    assert [row.original_index for row in found] == list(range(len(rows)))
    bigger = update(server, made.digest, {"append": {"row": {"i": -1}}})
    assert vals(server, bigger.digest, offset=60_499) == [{"i": 498}, {"i": -1}]


# --- update ---


@pytest.mark.parametrize(
    "case", [case for case in VECTORS if case["kind"] == "table_update"], ids=lambda c: c["note"]
)
def test_vector_updates(server, case):
    """Updates give the digests and rows of the reference."""
    base = create(server, case["input"]["base_rows"])
    assert base.digest == case["base_digest"]
    made = update(server, base.digest, *case["input"]["updates"])
    assert made.digest == case["digest"]
    assert made.updated_row_digests == case["updated_row_digests"]
    assert vals(server, made.digest) == case["final_rows"]
    assert vals(server, base.digest) == case["input"]["base_rows"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pop": {"index": 2}}, r"updates\[1\]\.pop\.index 2: index out of range"),
        ({"pop": {"index": -1}}, r"updates\[1\]\.pop\.index -1: index out of range"),
        ({"insert": {"index": 3, "row": {}}}, r"updates\[1\]\.insert\.index 3: index out of range"),
        ({"insert": {"index": -1, "row": {}}}, "index out of range"),
        ({"append": {"row": {"a": {1}}}}, r"updates\[1\]\.append\.row must be JSON"),
    ],
)
def test_update_that_cannot_be(server, change, message):
    """An index out of range fails the whole update."""
    base = create(server, [{"a": 1}]).digest
    with pytest.raises(InvalidRequest, match=message):
        update(server, base, {"append": {"row": {"a": 2}}}, change)
    assert raw_count(server, "tables") == 1


def test_update_of_unknown_table(server):
    """The base must be there, in the project."""
    with pytest.raises(NotFoundError, match="base_digest: table 'x' does not exist"):
        update(server, "x")
    create(server, [{"a": 1}])
    with pytest.raises(NotFoundError, match="base_digest: table 'x' does not exist"):
        update(server, "x", {"append": {"row": {}}})


def test_large_upload_by_appending(server):
    """Appending all rows to the empty table equals creating it at once."""
    rows = [{"i": number} for number in range(30)]
    digest = create(server, []).digest
    for start in range(0, 30, 7):
        appends = [{"append": {"row": row}} for row in rows[start : start + 7]]
        digest = update(server, digest, *appends).digest
    assert digest == create(server, rows).digest
    assert vals(server, digest) == rows


small_rows = st.dictionaries(st.sampled_from("ab"), st.integers(0, 2), max_size=1)
changes = st.one_of(
    st.builds(lambda row: {"append": {"row": row}}, small_rows),
    st.builds(lambda index: {"pop": {"index": index}}, st.integers(-1, 6)),
    st.builds(
        lambda index, row: {"insert": {"index": index, "row": row}}, st.integers(-1, 6), small_rows
    ),
)


@pytest.fixture(scope="module")
def law_server():
    """One store for all examples; each takes a project of its own."""
    with SqliteTraceServer(":memory:") as server:
        yield server


@given(rows=st.lists(small_rows, max_size=4), updates=st.lists(changes, max_size=6))
def test_update_is_a_list(law_server, rows, updates):
    """Updates do to a table what the same steps do to a Python list."""
    project = f"law/{new_id()}"
    base = create(law_server, rows, project).digest
    expected, touched = list(rows), []
    try:
        for change in updates:
            ((step, payload),) = change.items()
            index, row = payload.get("index", len(expected)), payload.get("row")
            if not 0 <= index < len(expected) + (step != "pop"):
                raise IndexError
            if step == "pop":
                row = expected.pop(index)
            else:
                expected.insert(index, row)
            touched.append(digests.digest_json(row))
    except IndexError:
        with pytest.raises(InvalidRequest, match="index out of range"):
            update(law_server, base, *updates, project=project)
        return
    made = update(law_server, base, *updates, project=project)
    assert made.updated_row_digests == touched
    assert made.digest == digests.digest_rows([digests.digest_json(row) for row in expected])
    assert [row.val for row in query(law_server, made.digest, project)] == expected
    assert create(law_server, expected, project).digest == made.digest


# --- counting ---


@pytest.fixture
def ten(server):
    """A table of ten rows: i is 0 to 9, and row 4 is there again as row 10."""
    rows = [{"i": number, "n": {"m": number % 3}} for number in range(10)]
    return create(server, [*rows, rows[4]])


def test_stats(server, ten):
    """Rows are counted with duplicates; an unknown table is not found."""

    def count(digest, project=PROJECT):
        req = tsi.TableQueryStatsReq(project_id=project, digest=digest)
        return server.table_query_stats(req).count

    assert count(ten.digest) == 11
    create(server, [])
    assert count(EMPTY) == 0
    for digest, project in (("unknown", PROJECT), (ten.digest, "acme/other")):
        with pytest.raises(NotFoundError, match="does not exist in project"):
            count(digest, project)


def test_stats_batch(server, ten):
    """Known tables only; the size is that of all rows' JSON text, when it is asked for."""
    create(server, [])
    accents = create(server, [{"a": "é"}, {"a": "é"}])
    assert stats_batch(server, [accents.digest + "\0"]) == {}
    assert stats_batch(server, [ten.digest, "unknown", EMPTY, ten.digest]) == {
        ten.digest: (11, None),
        EMPTY: (0, None),
    }
    assert stats_batch(server, [accents.digest, EMPTY], include_storage_size=True) == {
        accents.digest: (2, 2 * len('{"a":"é"}'.encode())),
        EMPTY: (0, 0),
    }
    assert stats_batch(server, []) == stats_batch(server, None) == {}

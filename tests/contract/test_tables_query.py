"""Rows of tables: page, filter, sort and stream."""

from __future__ import annotations

import pytest

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store import rows_read

PROJECT = "acme/demo"


def create(server, rows, project=PROJECT, **fields):
    table = tsi.TableSchemaForInsert(project_id=project, rows=rows, **fields)
    return server.table_create(tsi.TableCreateReq(table=table))


def query(server, digest, project=PROJECT, **fields):
    return server.table_query(tsi.TableQueryReq(project_id=project, digest=digest, **fields)).rows


def positions(server, digest, **fields):
    """The positions of the rows that are found; each row must be the one at its position."""
    rows = query(server, digest, **fields)
    table = query(server, digest)
    assert rows == [table[row.original_index] for row in rows]
    return [row.original_index for row in rows]


@pytest.fixture
def ten(server):
    """A table of ten rows: i is 0 to 9, and row 4 is there again as row 10."""
    rows = [{"i": number, "n": {"m": number % 3}} for number in range(10)]
    return create(server, [*rows, rows[4]])


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({}, list(range(11))),
        ({"limit": 3}, [0, 1, 2]),
        ({"offset": 8}, [8, 9, 10]),
        ({"limit": 2, "offset": 9}, [9, 10]),
        ({"limit": 5, "offset": 9}, [9, 10]),
        ({"limit": 0}, []),
        ({"offset": 11}, []),
        ({"offset": 2**70}, []),
        ({"limit": 2**70, "offset": 10}, [10]),
    ],
)
def test_query_page(server, ten, page, expected):
    """Limit and offset work alone and together, in table order."""
    assert positions(server, ten.digest, **page) == expected


def test_query_row_digests(server, ten):
    """Every occurrence of the rows that are named, in table order; nothing named means all."""
    wanted = [ten.row_digests[7], ten.row_digests[4], "unknown"]
    only = tsi.TableRowFilter(row_digests=wanted)
    assert positions(server, ten.digest, filter=only) == [4, 7, 10]
    assert positions(server, ten.digest, filter=only, offset=1, limit=1) == [7]
    for nothing in ([], None):
        none = tsi.TableRowFilter(row_digests=nothing)
        assert positions(server, ten.digest, filter=none, limit=2) == [0, 1]
    hostile = tsi.TableRowFilter(row_digests=["' OR 1=1 --", '"]', ten.row_digests[0] + "\0"])
    assert positions(server, ten.digest, filter=hostile) == []


def test_query_row_digests_stay_in_the_table(server, ten):
    """A row of another table of the project is not found."""
    other = create(server, [{"other": 1}])
    only = tsi.TableRowFilter(row_digests=other.row_digests)
    assert query(server, ten.digest, filter=only) == []


def test_query_sort(server, ten):
    """Paths into the row, several at once; ties stay in table order."""
    by = [{"field": "n.m", "direction": "desc"}]
    assert positions(server, ten.digest, sort_by=by) == [2, 5, 8, 1, 4, 7, 10, 0, 3, 6, 9]
    by.append({"field": "i", "direction": "desc"})
    assert positions(server, ten.digest, sort_by=by) == [8, 5, 2, 7, 4, 10, 1, 9, 6, 3, 0]
    assert positions(server, ten.digest, sort_by=by, offset=1, limit=3) == [5, 2, 7]
    only = tsi.TableRowFilter(row_digests=[ten.row_digests[4], ten.row_digests[8]])
    assert positions(server, ten.digest, sort_by=by, filter=only) == [8, 4, 10]


def test_query_sort_of_mixed_values(server):
    """Numbers first, then texts, missing ones last, in both directions."""
    rows = [{"k": "b"}, {}, {"k": 2}, {"k": None}, {"k": "a"}, {"k": 10}]
    digest = create(server, rows).digest
    up = [{"field": "k", "direction": "asc"}]
    down = [{"field": "k", "direction": "desc"}]
    assert positions(server, digest, sort_by=up) == [2, 5, 4, 0, 1, 3]
    assert positions(server, digest, sort_by=down)[-2:] == [1, 3]


def test_query_unknown_table(server, ten):
    """An unknown digest gives no rows, whatever is asked of it."""
    assert query(server, "unknown") == []
    assert query(server, "unknown", sort_by=[{"field": "a", "direction": "asc"}]) == []
    assert query(server, ten.digest, project="acme/other") == []
    only = tsi.TableRowFilter(row_digests=["x"])
    assert query(server, ten.digest, project="acme/other", filter=only) == []


def test_query_refuses_negative_pages(server, ten):
    """A negative limit or offset is refused before anything is read."""
    for page in ({"limit": -1}, {"offset": -1}):
        req = tsi.TableQueryReq(project_id=PROJECT, digest=ten.digest, **page)
        with pytest.raises(InvalidRequest, match="must be 0 or more"):
            server.table_query_stream(req)


def test_stream_holds_no_lock(server, ten):
    """A stream that is not read to its end is in nobody's way."""
    stream = server.table_query_stream(tsi.TableQueryReq(project_id=PROJECT, digest=ten.digest))
    assert next(stream).original_index == 0
    create(server, [{"new": 1}])
    assert [row.original_index for row in stream] == list(range(1, 11))


@pytest.mark.parametrize("limits", [(3, 10**9), (1000, 50), (1, 1)])
@pytest.mark.parametrize("is_sorted", [False, True])
def test_pages_do_not_show(server, ten, monkeypatch, limits, is_sorted):
    """Rows are the same whatever a page holds."""
    monkeypatch.setattr(rows_read, "_PAGE_ROWS", limits[0])
    monkeypatch.setattr(rows_read, "_PAGE_CHARACTERS", limits[1])
    order = [{"field": "i", "direction": "desc"}] if is_sorted else None
    expected = [9, 8, 7, 6, 5, 4, 10, 3, 2, 1, 0] if is_sorted else list(range(11))
    assert positions(server, ten.digest, sort_by=order) == expected
    assert positions(server, ten.digest, sort_by=order, offset=2, limit=5) == expected[2:7]


def test_memory_of_a_stream_is_flat(server, monkeypatch):
    """A page of long rows is cut at its size, not at its number of rows."""
    monkeypatch.setattr(rows_read, "_PAGE_CHARACTERS", 5000)
    fetched = []
    fetch = rows_read._fetch
    monkeypatch.setattr(
        rows_read, "_fetch", lambda *args: fetched.append(fetch(*args)) or fetched[-1]
    )
    digest = create(server, [{"i": at, "text": "x" * 2000} for at in range(20)]).digest
    assert [row.original_index for row in query(server, digest)] == list(range(20))
    assert [len(page) for page in fetched] == [3] * 6 + [2, 0]

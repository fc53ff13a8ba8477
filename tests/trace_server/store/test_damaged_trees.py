"""Trees read from pages are those that SQLite reads."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.trace_server.store.damaged_pages import Pages
from weave_lite.trace_server.store.damaged_trees import leaf_rows, leaves, records

LARGEST = 2**63 - 1
values = st.one_of(
    st.none(),
    st.integers(-LARGEST - 1, LARGEST),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.binary(),
    st.integers(0, 30_000).map(lambda size: "é" * size),
    st.integers(0, 30_000).map(lambda size: b"\1" * size),
)
tables = st.dictionaries(st.integers(-LARGEST - 1, LARGEST), st.tuples(values, values), max_size=60)


def written(folder, statements, page_size):
    place = folder / "t.db"
    place.unlink(missing_ok=True)
    with closing(sqlite3.connect(place)) as raw:
        raw.execute(f"PRAGMA page_size = {page_size}")
        for sql, rows in statements:
            raw.executemany(sql, rows) if rows is not None else raw.execute(sql)
        raw.commit()
    return str(place)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("trees")


@given(rows=tables, page_size=st.sampled_from([512, 4096, 8192, 65536]))
def test_rows(folder, rows, page_size):
    """Keys and values of any size, in order, with no hole."""
    given_rows = [(key, *pair) for key, pair in rows.items()]
    place = written(
        folder,
        [
            ("CREATE TABLE t (pk INTEGER PRIMARY KEY, a, b)", None),
            ("INSERT INTO t VALUES (?, ?, ?)", given_rows),
        ],
        page_size,
    )
    with Pages(place, page_size) as pages:
        parts = list(leaves(pages, 2))
        assert all(part.number is not None for part in parts)
        read = [row for part in parts for row in leaf_rows(pages, part, is_text=False)]
    assert [(row.key, *row.values[1:]) for row in read] == sorted(
        given_rows, key=lambda row: row[0]
    )


@given(texts=st.sets(st.text(st.characters(exclude_categories=["Cs"])), max_size=80))
def test_keys(folder, texts):
    """A table without rowid has records in its inner pages, too."""
    keys = {text * 40 for text in texts}
    place = written(
        folder,
        [
            ("CREATE TABLE t (k PRIMARY KEY) WITHOUT ROWID", None),
            ("INSERT INTO t VALUES (?)", [(key,) for key in keys]),
        ],
        512,
    )
    with Pages(place, 512) as pages:
        assert sorted(key for (key,) in records(pages, 2)) == sorted(keys)


def test_hole_has_bounds(folder):
    """A lost leaf leaves a hole between the keys of its neighbours."""
    place = written(
        folder,
        [
            ("CREATE TABLE t (pk INTEGER PRIMARY KEY, a)", None),
            ("INSERT INTO t VALUES (?, ?)", [(n, "x" * 90) for n in range(1, 101)]),
        ],
        512,
    )
    with Pages(place, 512) as pages:
        whole = list(leaves(pages, 2))
        lost = whole[3]
        keys = [row.key for row in leaf_rows(pages, lost, is_text=True)]
    with open(place, "r+b") as file:  # noqa: PTH123
        file.seek((lost.number - 1) * 512)
        file.write(bytes(512))
    with Pages(place, 512) as pages:
        assert list(leaves(pages, 2)) == [
            part._replace(number=None) if part == lost else part for part in whole
        ]
        assert (lost.low, lost.high) == (keys[0] - 1, keys[-1])

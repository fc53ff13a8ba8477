"""Tests of Table and WeaveTable: what rows are, how few are read, and what counts as a change."""

from __future__ import annotations

import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from weave_lite.core.errors import WeaveInitError
from weave_lite.core.refs import ObjectRef, TableRef
from weave_lite.trace import client_context
from weave_lite.trace.table import Table
from weave_lite.trace.values.table import Row, WeaveTable

TABLE = TableRef("ent", "proj", "d" * 64)
ORIGIN = ObjectRef("ent", "proj", "data", "x" * 43, ("attr", "rows"))


class CountingReader:
    """Rows in memory, and what was asked for."""

    def __init__(self, rows):
        self.stored = rows
        self.asked = []

    def read_rows(self, ref, start, stop):
        assert ref == TABLE
        self.asked.append((start, stop))
        rows = json.loads(json.dumps(self.stored[start:stop]))
        return [(f"row{at}", row) for at, row in enumerate(rows, start)]

    def count_rows(self, ref):
        self.asked.append("count")
        return len(self.stored)

    def find_row(self, ref, row_digest):
        self.asked.append(row_digest)
        index = int(row_digest.removeprefix("row"))
        return (index, dict(self.stored[index])) if index < len(self.stored) else None


def make(count, **values):
    reader = CountingReader([{"n": n, **values} for n in range(count)])
    return reader, WeaveTable(reader, TABLE, ORIGIN)


# --- Table ---


@pytest.mark.parametrize("rows", [None, 1, "text", ({"a": 1},), [1], [{"a": 1}, "b"], {"a": 1}])
def test_a_table_takes_only_a_list_of_dicts(rows):
    """Anything else is a ValueError that says what to give."""
    with pytest.raises(ValueError, match="dict"):
        Table(rows)


def test_a_table_is_like_a_list():
    """Length, index, slice, iteration, append, pop, equality."""
    table = Table([{"a": 1}, {"a": 2}])

    table.append({"a": 3})
    taken = table.pop(0)

    assert taken == {"a": 1}
    assert table == [{"a": 2}, {"a": 3}] == list(table)
    assert table == Table([{"a": 2}, {"a": 3}])
    assert table != [{"a": 2}]
    assert table != 1
    assert (len(table), table[0], table[-1], table[:1]) == (2, {"a": 2}, {"a": 3}, [{"a": 2}])
    assert repr(table) == "Table(2 rows)"
    with pytest.raises(TypeError, match="dicts"):
        table.append([1])
    with pytest.raises(IndexError):
        table.pop(9)


def test_new_rows_are_checked():
    """Setting all rows takes what the constructor takes."""
    table = Table([])

    table.rows = [{"a": 1}]

    assert table.rows == [{"a": 1}]
    with pytest.raises(ValueError, match="int"):
        table.rows = [1]


# --- reading a stored table ---


def test_a_single_row_is_read_alone():
    """An index far off reads one row, and knows it afterwards."""
    reader, table = make(5000)

    assert table[4321] == {"n": 4321}
    assert table[4321] == {"n": 4321}
    assert reader.asked == [(4321, 4322)]


def test_rows_in_order_are_read_in_growing_pages():
    """Indexes one after the other soon take few requests."""
    reader, table = make(3000)

    assert [table[n]["n"] for n in range(3000)] == list(range(3000))
    assert len(reader.asked) < 20


def test_iteration_reads_pages_and_stops_early():
    """Only what is looked at is read."""
    reader, table = make(5000)

    rows = iter(table)
    assert [next(rows)["n"] for _ in range(1500)] == list(range(1500))

    assert reader.asked == [(0, 1000), (1000, 2000)]
    assert [row["n"] for row in table] == list(range(5000))


def test_negative_indexes_slices_and_the_end():
    """As with a list."""
    reader, table = make(2500)

    assert table[-1] == {"n": 2499}
    assert [row["n"] for row in table[2:5]] == [2, 3, 4]
    assert [row["n"] for row in table[1990:2010]] == list(range(1990, 2010))
    assert [row["n"] for row in table[::1000]] == [0, 1000, 2000]
    assert [row["n"] for row in table[-2:]] == [2498, 2499]
    assert table[5:2] == []
    assert len(table) == 2500
    assert reader.asked.count("count") == 1
    for index in (2500, -2501):
        with pytest.raises(IndexError, match="2500 rows"):
            table[index]


def test_a_row_is_found_by_its_digest():
    """The same row object as by index; an unknown digest is a KeyError."""
    _, table = make(10)
    by_index = table[3]

    assert table["row3"] is by_index
    assert table["row4"] == {"n": 4}
    with pytest.raises(KeyError, match="row99"):
        table["row99"]


def test_an_empty_table():
    """No rows, no end of requests."""
    reader, table = make(0)

    assert (list(table), len(table), table[:3], table.rows) == ([], 0, [], [])
    assert len(reader.asked) < 6


def test_empty_rows_are_rows():
    """A row without keys counts like any other."""
    table = WeaveTable(CountingReader([{}, {"a": 1}]), TABLE, ORIGIN)

    assert list(table) == [{}, {"a": 1}]
    assert (table[0], table[0].ref.extra[-1]) == ({}, "row0")


def test_many_threads_read_at_once():
    """Every thread sees all rows in order."""
    _, table = make(3000)

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: [row["n"] for row in table], range(8)))

    assert seen == [list(range(3000))] * 8


def test_only_a_part_stays_in_memory():
    """After reading many rows, few are held."""
    _, table = make(20_000)

    assert sum(1 for _ in table) == 20_000
    assert len(table._cache) <= 1000


# --- rows ---


def test_a_row_is_a_dict_that_knows_its_ref():
    """For JSON, comparison and the user it is a dict."""
    _, table = make(3, tags=["a"])
    row = table[1]

    assert isinstance(row, dict)
    assert row == {"n": 1, "tags": ["a"]}
    assert json.dumps(row) == '{"n": 1, "tags": ["a"]}'
    assert row.ref == ORIGIN.with_item("row1")


def _append_tag(row):
    row["tags"].append("b")


CHANGES = [
    lambda row: row.__setitem__("n", 5),
    lambda row: row.__delitem__("n"),
    lambda row: row.update(n=7),
    lambda row: row.pop("n"),
    lambda row: row.popitem(),
    lambda row: row.clear(),
    lambda row: row.setdefault("new", 1),
    lambda row: row.__ior__({"n": 9}),
    _append_tag,
]


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_a_row_changes_the_table(change):
    """Also one deep inside; the table then shows the changed row and has no ref."""
    _, table = make(3000, tags=["a"])
    row = table[7]
    assert table.table_ref == TABLE
    assert table.ref == ORIGIN

    change(row)

    assert row.is_changed()
    assert table.table_ref is None
    assert table.ref is None
    assert list(table)[7] is row
    assert table[7] is row


def test_a_changed_row_has_no_ref_and_a_looked_at_row_is_not_changed():
    """Reading through get, items and setdefault of a key that is there changes nothing."""
    _, table = make(3, tags=["a"])
    row, other = table[0], table[1]

    row["n"] = 1
    other.setdefault("n", 4)
    list(other.items()), other.get("x"), other.copy()

    assert row.ref is None
    assert other.ref is not None
    assert not other.is_changed()


def test_a_deep_change_of_a_row_that_left_the_cache_is_kept():
    """Reading on does not lose what the user changed."""
    _, table = make(5000, tags=["a"])
    table[0]["tags"].append("b")

    assert sum(1 for _ in table) == 5000

    assert table[0]["tags"] == ["a", "b"]
    assert table.table_ref is None


def test_a_row_travels_with_its_ref():
    """Copies and pickles keep the ref until they are changed; the table is not told."""
    _, table = make(3, tags=["a"])
    row = table[1]

    copies = [copy.copy(row), copy.deepcopy(row), pickle.loads(pickle.dumps(row))]

    assert [(type(one), one, one.ref) for one in copies] == [(Row, row, row.ref)] * 3
    copies[2]["tags"].append("b")
    copies[1]["n"] = 0
    assert [one.is_changed() for one in copies] == [False, True, True]
    assert table.table_ref == TABLE


# --- changing a stored table ---


def test_append_and_pop_make_it_a_table_of_its_own():
    """All rows are read once; the ref goes."""
    reader, table = make(1500)
    table[3]["n"] = 33

    table.append({"n": -1})
    first = table.pop(0)

    assert first == {"n": 0}
    assert (len(table), table[2], table[-1], table[1:3]) == (
        1500,
        {"n": 33},
        {"n": -1},
        [{"n": 2}, {"n": 33}],
    )
    assert table.table_ref is None
    asked = len(reader.asked)
    assert len(list(table)) == 1500
    assert len(reader.asked) == asked
    with pytest.raises(TypeError, match="dicts"):
        table.append(1)
    with pytest.raises(KeyError):
        table["row1"]


def test_new_rows_take_the_place_of_all():
    """Setting ``rows`` reads nothing."""
    reader, table = make(10)

    table.rows = [{"x": 1}]

    assert list(table) == [{"x": 1}]
    assert reader.asked == []
    assert repr(table) == "WeaveTable(1 rows, changed)"


def test_comparing_tables():
    """Two of one digest are equal unread; else rows decide; a list of equal rows is equal."""
    reader, table = make(3)
    _, other = make(3)

    assert table == other
    assert reader.asked == []
    assert table == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert table != [{"n": 0}, {"n": 1}]
    assert table != [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}]
    assert table != 5
    other[0]["n"] = 9
    assert table != other
    assert repr(table) == f"WeaveTable({TABLE.uri()})"


# --- copies ---


class OneClient:
    """An active client that reads the rows of tables that come from another process."""

    def __init__(self, reader):
        self.row_reader = reader


def test_a_stored_table_can_be_copied_and_goes_on_reading():
    """A copy, deep or not, reads with the same reader, and changes of one are not in the other."""
    reader, table = make(3, inner=[1])
    table[1]["n"] = "changed"
    table[2]["inner"].append("grown")

    copies = [copy.copy(table), copy.deepcopy(table)]
    copies[0].append({"n": "new"})
    copies[1][0]["n"] = "mine"

    assert [row["n"] for row in copies[0]] == [0, "changed", 2, "new"]
    assert [row["n"] for row in copies[1]] == ["mine", "changed", 2]
    assert copies[1][2]["inner"] == [1, "grown"]
    assert [row["n"] for row in table] == [0, "changed", 2]
    assert copies[1].reader is reader


def test_an_unchanged_copy_is_the_same_stored_table():
    """It needs no storing again: its refs are those of the original."""
    _, table = make(2)

    twin = copy.deepcopy(table)

    assert (twin.table_ref, twin.ref, twin[1].ref) == (TABLE, ORIGIN, table[1].ref)
    assert twin == table


def test_a_pickled_table_is_read_through_the_active_client(monkeypatch):
    """It takes no connection along; what the user changed goes with it."""
    reader, table = make(4)
    table[1]["n"] = "changed"
    grown = WeaveTable(reader, TABLE, ORIGIN)
    grown.append({"n": "new"})

    data = pickle.dumps((table, grown))
    other = CountingReader(reader.stored)
    monkeypatch.setattr(client_context.active, "client", OneClient(other))
    table_back, grown_back = pickle.loads(data)

    assert [row["n"] for row in table_back] == [0, "changed", 2, 3]
    assert table_back["row2"] == {"n": 2}
    assert len(table_back) == 4
    assert [row["n"] for row in grown_back] == [0, 1, 2, 3, "new"]
    assert (table_back.table_ref, grown_back.table_ref) == (None, None)
    assert other.asked != []


def test_a_pickled_table_needs_a_client_when_it_is_read():
    """Without one the message says what to do."""
    _, table = make(1)

    back = pickle.loads(pickle.dumps(table))

    assert back.table_ref == TABLE
    with pytest.raises(WeaveInitError, match="init"):
        back[0]


def test_a_live_table_and_a_stored_one_are_equal_by_their_rows():
    """In either order."""
    _, table = make(2)

    assert Table([{"n": 0}, {"n": 1}]) == table
    assert table == Table([{"n": 0}, {"n": 1}])
    assert table != Table([{"n": 0}])
    assert Table([{"n": 0}, {"n": 2}]) != table

"""Tests of PaginatedIterator: lazy, bounded, and strict about what it is asked."""

from __future__ import annotations

import itertools
import sys

import pytest

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace.calls_iter import PaginatedIterator


class Source:
    """Numbers up to a count, and what was asked for."""

    def __init__(self, count):
        self.count = count
        self.asked = []
        self.given = 0

    def stream(self, offset, limit):
        self.asked.append((offset, limit))
        stop = self.count if limit is None else min(self.count, offset + limit)
        return self._numbers(offset, stop)

    def _numbers(self, start, stop):
        for n in range(start, stop):
            self.given += 1
            yield n

    def size(self, most):
        self.asked.append(("count", most))
        return self.count if most is None else min(self.count, most)

    def found(self, **options):
        return PaginatedIterator(self.stream, self.size, **options)


def test_nothing_is_read_before_it_is_looked_at():
    """Making one costs no request."""
    source = Source(10)

    source.found(limit=3)

    assert source.asked == []


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, list(range(10))),
        ({"limit": 3}, [0, 1, 2]),
        ({"offset": 8}, [8, 9]),
        ({"offset": 2, "limit": 4}, [2, 3, 4, 5]),
        ({"offset": 20}, []),
        ({"limit": 99}, list(range(10))),
    ],
)
def test_list_length_and_index_agree(options, expected):
    """Limit and offset hold for all ways of looking."""
    found = Source(10).found(**options)

    assert list(found) == expected
    assert list(found) == expected
    assert len(found) == len(expected)
    assert [found[at] for at in range(len(expected))] == expected
    assert found[:] == expected
    assert bool(found) == bool(expected)
    with pytest.raises(IndexError):
        found[len(expected)]


def test_iteration_is_one_stream_that_can_be_left():
    """Stopping early reads no more."""
    source = Source(1_000_000)

    first = list(itertools.islice(source.found(), 5))

    assert first == [0, 1, 2, 3, 4]
    assert source.asked == [(0, None)]
    assert source.given == 5


def test_the_length_is_one_count_that_is_capped():
    """The server never counts further than limit and offset reach."""
    source = Source(1000)

    assert len(source.found(limit=5, offset=2)) == 5
    assert source.asked == [("count", 7)]


def test_an_index_reads_its_page_once():
    """Neighbours come from the same page; few pages are held."""
    source = Source(10_000)
    found = source.found(page_size=100)

    assert [found[n] for n in (105, 101, 199)] == [105, 101, 199]
    assert source.asked == [(100, 100)]
    for n in range(0, 10_000, 100):
        assert found[n] == n
    assert len(found._pages) <= 4


def test_a_page_that_was_not_full_is_read_again():
    """Results that came meanwhile are seen."""
    source = Source(3)
    found = source.found()
    assert found[2] == 2

    source.count = 5

    assert found[4] == 4


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (slice(2, 5), [2, 3, 4]),
        (slice(None, None, 4), [0, 4, 8]),
        (slice(1, 8, 3), [1, 4, 7]),
        (slice(8, 20), [8, 9]),
        (slice(5, 5), []),
        (slice(5, 2), []),
    ],
)
def test_slices_are_lists(key, expected):
    """They read no more than they span."""
    source = Source(10)

    assert source.found()[key] == expected


@pytest.mark.parametrize(
    "key", [slice(-1, None), slice(None, -1), slice(None, None, -1), slice(0, 5, 0)]
)
def test_negative_slices_are_refused(key):
    """Results are counted from the start."""
    with pytest.raises(ValueError, match="negative"):
        Source(10).found()[key]


@pytest.mark.parametrize("key", ["an id", 1.5, slice("a", None), slice(None, None, 0.5)])
def test_an_index_is_a_whole_number(key):
    """The error says so, as that of a list."""
    with pytest.raises(TypeError, match="an index must be a whole number, not"):
        Source(10).found()[key]


def test_a_negative_index_is_refused():
    """As a list would not: the end is not known."""
    with pytest.raises(IndexError, match="negative"):
        Source(10).found()[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "limit must be greater than 0"),
        ({"limit": -1}, "limit must be greater than 0"),
        ({"limit": True}, "limit must be a whole number"),
        ({"limit": "5"}, "limit must be a whole number"),
        ({"offset": -1}, "offset must be 0 or more"),
        ({"page_size": 0}, "page_size must be greater than 0"),
        ({"page_size": 1.5}, "page_size must be a whole number"),
    ],
)
def test_wrong_numbers_are_refused_at_once(options, message):
    """The error names the argument."""
    with pytest.raises(InvalidRequest, match=message):
        Source(10).found(**options)


def test_to_pandas_has_a_row_per_result():
    """Columns are the keys of ``to_dict``."""
    pytest.importorskip("pandas")

    class Item:
        def __init__(self, n):
            self.n = n

        def to_dict(self):
            return {"n": self.n, "square": self.n**2}

    found = PaginatedIterator(
        lambda offset, limit: iter([Item(n) for n in range(4)]), lambda most: 4
    )

    assert found.to_pandas().to_dict("list") == {"n": [0, 1, 2, 3], "square": [0, 1, 4, 9]}


def test_to_pandas_without_pandas_says_what_to_install(monkeypatch):
    """The error names the extra."""
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(ImportError, match=r"weave-lite\[pandas\]"):
        Source(3).found().to_pandas()


def test_repr_reads_nothing():
    """Showing one costs no request."""
    source = Source(3)

    assert repr(source.found(limit=2)) == "PaginatedIterator(limit=2, offset=0)"
    assert source.asked == []

"""The clock: microseconds and datetimes are two forms of one instant."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core import clock

ZONES = st.integers(-14 * 60, 14 * 60).map(
    lambda minutes: dt.timezone(dt.timedelta(minutes=minutes))
)
MOMENTS = st.datetimes(
    dt.datetime(2, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    dt.datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.just(None) | ZONES,
)


@given(MOMENTS)
def test_a_moment_survives_as_microseconds(moment):
    """No microsecond is lost, and the answer is in UTC."""
    back = clock.from_micros(clock.to_micros(moment))
    assert back == (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))
    assert back.tzinfo is dt.UTC


@given(st.integers(-(10**15), 2 * 10**17))
def test_microseconds_survive_as_a_moment(micros):
    """Every integer in the range of dates comes back."""
    assert clock.to_micros(clock.from_micros(micros)) == micros


def test_a_moment_without_zone_is_utc():
    """A naive date is not read in the zone of the machine."""
    naive = dt.datetime(2024, 3, 1, 10, 0, 0, 5)  # noqa: DTZ001 - what is tested
    assert clock.to_micros(naive) == 1_709_287_200_000_005


def test_now_is_the_time_of_the_system():
    """The default source is the wall clock."""
    before = time.time_ns() // 1000
    now = clock.now_micros()
    assert before <= now <= time.time_ns() // 1000


def test_replaced_clock_comes_back_after_the_block():
    """Inside the block time stands still; after it it is the system's again, also after an error."""
    with pytest.raises(KeyError), clock.replaced_clock(lambda: 42):
        assert clock.now_micros() == 42
        raise KeyError
    assert clock.now_micros() > 10**15

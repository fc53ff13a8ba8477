"""Tests of calls as a data frame."""

from __future__ import annotations

import datetime as dt
import gc

import pytest
from plain_server import PlainServer

from weave_lite.testing import memory_client
from weave_lite.trace.attributes import attributes
from weave_lite.trace.call import Call
from weave_lite.trace.calls_frame import collection_paused, frame_of_calls
from weave_lite.trace.manual_call import create_call
from weave_lite.trace.op import op
from weave_lite.trace.weave_client import WeaveClient

pd = pytest.importorskip("pandas")

NOON = dt.datetime(2024, 1, 1, 12, 0, 0, 5, tzinfo=dt.UTC)


@op
def step(n: int) -> dict:
    if n == 2:
        raise ValueError("two")
    return {"n": n, "when": NOON}


@pytest.fixture
def client():
    """A client with some calls: done, failed, and running."""
    with memory_client("ent/proj", capture_client_info=False) as client:
        step(1)
        with pytest.raises(ValueError, match="two"):
            step(2)
        create_call(client, "open", {}, use_stack=False)
        yield client


@pytest.mark.parametrize("is_typed", [False, True])
def test_a_frame_has_what_the_calls_have(client, is_typed):
    """Each value as ``to_dict`` gives it; dates are dates, and none where there is none."""
    reader = client
    if is_typed:
        reader = WeaveClient("ent", "proj", PlainServer(client.server))

    frame = reader.get_calls().to_pandas()

    wanted = [call.to_dict() for call in client.get_calls()]
    dates = {"started_at", "ended_at", "deleted_at"}
    assert list(frame.columns) == list(wanted[0])
    for name in set(frame.columns) - dates:
        # pandas writes a text that is not there as a number that is none.
        seen = [None if isinstance(each, float) else each for each in frame[name]]
        assert seen == [row[name] for row in wanted], name
    for name in dates:
        assert str(frame[name].dtype) == "datetime64[us, UTC]"
        seen = [None if pd.isna(each) else each.to_pydatetime() for each in frame[name]]
        assert seen == [row[name] for row in wanted]
    assert frame["ended_at"].isna().tolist() == [False, False, True]
    assert (frame["ended_at"] - frame["started_at"])[0] >= pd.Timedelta(0)


def test_the_frame_of_a_part_or_of_nothing(client):
    """Limit and offset hold; nothing found is an empty frame."""
    assert len(client.get_calls(limit=1, offset=1).to_pandas()) == 1
    assert len(client.get_calls(filter={"call_ids": ["unknown"]}).to_pandas()) == 0


def test_columns_that_were_not_read_are_empty(client):
    """As in the calls themselves."""
    frame = client.get_calls(columns=["inputs"]).to_pandas()

    assert list(frame["inputs"]) == [{"n": 1}, {"n": 2}, {}]
    assert list(frame["output"]) == [None] * 3


def test_a_frame_of_many_calls_of_all_kinds():
    """Parts of plain values only and parts with others hold the same as the calls."""
    values = [*range(150), NOON, None, 2**80, "weave:///e/p/call/1", *range(150)]
    with memory_client("ent/proj") as client:
        for value in values:
            client.finish_call(create_call(client, "any", {"v": value}, use_stack=False), value)
        calls = list(client.get_calls())
        frame = client.get_calls().to_pandas()

    assert list(frame["inputs"]) == [call.inputs for call in calls]
    assert list(frame["output"]) == [call.output for call in calls]
    assert [each["v"] for each in frame["inputs"]][:152] == [*range(150), NOON, None]
    assert frame["output"][152] == 2**80


@pytest.mark.parametrize("value", [1, {"b": 1}, {"b": [1]}, [{"b": 1}]])
def test_attributes_of_a_row_are_its_own(client, value):
    """Calls share stored attributes; a change of one row is no change of the next."""
    with attributes({"a": value, "c": {"d": 1}}):
        for n in (3, 4, 5):
            step(n)
    first, second, third = client.get_calls(offset=3).to_pandas()["attributes"]
    assert first == second == third == {"weave": first["weave"], "a": value, "c": {"d": 1}}

    first["c"]["d"] = 2
    first["weave"]["x"] = 2
    if isinstance(value, list):
        second["a"][0]["b"] = 2
    if value == {"b": [1]}:
        second["a"]["b"].append(2)

    assert third["a"] == value
    assert third["c"] == second["c"] == {"d": 1}
    assert "x" not in third["weave"]


def test_a_frame_of_calls_by_hand():
    """A display name that is a function is not called."""
    calls = [
        Call("op", "t", "e/p", None, {"a": n}, id=str(n), started_at=NOON, _display_name=len)
        for n in range(1500)
    ]

    frame = frame_of_calls(calls)

    assert list(frame["id"]) == [str(n) for n in range(1500)]
    assert set(frame["started_at"]) == {pd.Timestamp(NOON)}
    assert set(frame["display_name"]) == {"Callable Display Name (not called yet)"}
    assert frame["ended_at"].isna().all()


def test_collection_goes_on_after_the_block():
    """Also after an error, and it stays off where it was off."""
    for was_on in (True, False):
        (gc.enable if was_on else gc.disable)()
        try:
            with pytest.raises(KeyError), collection_paused():
                assert not gc.isenabled()
                raise KeyError
            assert gc.isenabled() is was_on
        finally:
            gc.enable()


def test_what_is_frozen_stays_so():
    """A program that froze its objects before a fork has them frozen after the block too."""
    gc.freeze()
    count = gc.get_freeze_count()
    with collection_paused():
        kept = [[] for _ in range(1000)]
    # Some of them may have ended since; thawed, all would be gone.
    assert count - 500 < gc.get_freeze_count() <= count
    assert len(kept) == 1000


def test_objects_are_old_after_the_block():
    """The next collection of young objects does not look through what the block has made."""
    # The suite has frozen what it collected, see conftest.py.
    gc.unfreeze()
    try:
        gc.collect()
        with collection_paused():
            kept = [[] for _ in range(5000)]
            assert gc.get_count()[0] >= 5000
        young = {id(each) for each in gc.get_objects(generation=0)}
        assert young.isdisjoint(map(id, kept))
    finally:
        gc.freeze()

"""The client in memory: what comes back after the block, and what does not reach into it."""

from __future__ import annotations

import sys
import threading

import pytest

import weave_lite as weave
from weave_lite import api
from weave_lite.integrations import autopatch as patches
from weave_lite.testing import memory_client
from weave_lite.trace import client_context, context, settings
from weave_lite.trace.hooks import for_all_ops


class Thing(weave.Object):
    size: int = 1


@weave.op
def echo(x):
    return x


def process_state():
    active, opened = client_context.active, api._opened
    return (
        active.client,
        active.is_unset,
        settings._current,
        vars(for_all_ops).copy(),
        opened.client,
        opened.key,
        opened.test_store,
        (patches._state.wanted, patches._state.asked.copy(), patches._state.hook in sys.meta_path),
        [variable.get() for variable in (context.call_stack, context.blocks, context.thread_scope)],
    )


def test_all_that_is_process_wide_comes_back():
    """Whatever the block did, and however it ended."""
    before = process_state()
    with (
        pytest.raises(KeyboardInterrupt),
        memory_client(autopatch=True, capture_code=False) as client,
    ):
        assert set(patches._state.wanted) == set(patches.LIBRARIES)
        patches.patch_openai()
        assert settings.current().capture_code is False
        client.create_call("left open", {})
        weave.init("other", global_attributes={"a": 1}, settings={"capture_code": True})
        weave.thread("t").__enter__()
        raise KeyboardInterrupt
    assert process_state() == before


def test_an_outer_client_goes_on(tmp_path):
    """With its file and its `init`; nothing of the block is in it."""
    outer = weave.init("outer", db=tmp_path / "outer.db", settings={"client_parallelism": 0})
    try:
        echo(1)
        with memory_client() as client:
            echo(2)
            weave.init("app")
            echo(3)
        assert weave.get_client() is outer
        assert (
            weave.init("outer", db=tmp_path / "outer.db", settings={"client_parallelism": 0})
            is outer
        )
        echo(4)
        assert [call.inputs["x"] for call in outer.get_calls()] == [1, 4]
        assert client.project_id == "local/test"
    finally:
        weave.finish()


def test_a_call_left_open_is_no_parent_in_the_next_block():
    """Nor is what a block was inside of."""
    with memory_client() as client:
        client.create_call("left open", {})
        with weave.attributes({"outer": True}), weave.thread("t"), memory_client() as inner:
            echo(1)
            (call,) = inner.get_calls()
    assert (call.parent_id, call.thread_id, "outer" in call.attributes) == (None, None, False)


def test_what_was_saved_in_one_block_is_saved_again_in_the_next():
    """Objects and ops of a module outlive the store of a test."""
    thing = Thing(size=3)
    for _ in range(3):
        with memory_client() as client:
            echo(thing)
            (call,) = client.get_calls()
            assert call.inputs["x"].get().size == 3
            assert weave.ref(call.op_name).get() is not None


def test_init_in_the_block_uses_its_store(tmp_path, monkeypatch):
    """In sync mode, with no file; one with a file of its own is left to it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEAVE_LITE_DB", str(tmp_path / "mine.db"))
    before = set(threading.enumerate())
    with memory_client() as client:
        app = weave.init("app", settings={"client_parallelism": 4})
        assert app is weave.init("app", settings={"client_parallelism": 4})
        echo(1)
        assert app.server is client.server
        assert settings.current().client_parallelism == 0
        assert set(threading.enumerate()) <= before
        assert list(tmp_path.iterdir()) == []
        weave.init("app", db=tmp_path / "own.db", settings={"client_parallelism": 0})
        echo(2)
        assert (tmp_path / "own.db").exists()
        assert [call.inputs["x"] for call in app.get_calls()] == [1]


def test_settings_of_the_environment_are_read_anew_after_the_block(monkeypatch):
    """The block does not freeze what was in force for lack of any other."""
    settings.use(None)
    with memory_client():
        pass
    monkeypatch.setenv("WEAVE_CAPTURE_CODE", "false")
    try:
        assert settings.current().capture_code is False
    finally:
        settings.use(None)


def test_a_wrong_setting_changes_nothing():
    """It is refused before anything begins."""
    before = process_state()
    with pytest.raises(ValueError, match="no_such_setting"), memory_client(no_such_setting=1):
        pass
    with pytest.raises(ValueError, match="must be 'entity/project'"), memory_client("no-slash"):
        pass
    assert process_state() == before

"""The dict of a call's attributes."""

from __future__ import annotations

import pickle

import pytest

from weave_lite.core.version import VERSION
from weave_lite.trace.attributes import CallAttributes, attributes, automatic_attributes
from weave_lite.trace.call_context import get_current_call
from weave_lite.trace.op import op
from weave_lite.trace.settings import Settings
from weave_lite.trace_server.interface.encoded import EncodedStart


def test_weave_is_read_only_in_every_way():
    """And so is what is in it."""
    found = CallAttributes({"weave": {"a": 1}, "b": 2})
    for change in (
        lambda: found.__setitem__("weave", 1),
        lambda: found.pop("weave"),
        lambda: found.update(weave=3),
        lambda: found.__delitem__("weave"),
        lambda: found["weave"].__setitem__("a", 2),
        lambda: found["weave"].pop("a"),
        lambda: found["weave"].update(a=2),
        lambda: found["weave"].clear(),
        lambda: found["weave"].setdefault("b", 1),
    ):
        with pytest.raises(KeyError, match="weave_lite"):
            change()
    assert found == {"weave": {"a": 1}, "b": 2}


def test_other_keys_can_be_changed_in_every_way():
    """As in any dict."""
    found = CallAttributes({"weave": {}})
    found["a"] = 1
    found.update({"b": 2}, c=3)
    found |= {"d": 4}
    assert found.setdefault("e", 5) == 5
    assert found.setdefault("a", 9) == 1
    assert found.pop("a") == 1
    assert found.pop("zzz", None) is None
    assert found.popitem() == ("e", 5)
    del found["b"]
    assert found == {"weave": {}, "c": 3, "d": 4}
    found.clear()
    assert found == {"weave": {}}
    with pytest.raises(KeyError):
        found.popitem()
    assert pickle.loads(pickle.dumps(found)) == {"weave": {}}


def test_automatic_attributes_depend_on_two_settings():
    """Client and system information."""
    both = automatic_attributes(Settings())
    assert list(both) == [
        "client_version",
        "source",
        "sys_version",
        "os_name",
        "os_version",
        "os_release",
    ]
    assert (both["client_version"], both["source"]) == (VERSION, "python-sdk")
    assert list(automatic_attributes(Settings(capture_client_info=False))) == [
        "os_name",
        "os_version",
        "os_release",
    ]
    assert (
        automatic_attributes(Settings(capture_client_info=False, capture_system_info=False)) == {}
    )


def test_what_is_changed_inside_a_live_calls_attributes_is_stored(client):
    """At any depth; reading them stores nothing more."""

    @op
    def change(depth):
        found = get_current_call().attributes
        if depth == 1:
            found["new"] = 1
        elif depth == 2:
            found["meta"]["list"].append(2)

    with attributes({"meta": {"list": [1]}}):
        for depth in range(3):
            change(depth)
    assert [c["attributes"] for c in client.calls] == [
        {"weave": {}, "meta": {"list": [1]}},
        {"weave": {}, "meta": {"list": [1]}, "new": 1},
        {"weave": {}, "meta": {"list": [1, 2]}},
    ]
    starts = [r for r in client.server.records if isinstance(r, EncodedStart)]
    assert len(starts) == 5

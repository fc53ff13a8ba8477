"""Stored calls as a tree of names."""

from __future__ import annotations


def tree(client):
    """Name of each call to the name of its parent."""
    calls = {call.id: call for call in client.get_calls()}
    names = {
        None: None,
        **{call_id: call.func_name or call.op_name for call_id, call in calls.items()},
    }
    return {names[call.id]: names.get(call.parent_id, call.parent_id) for call in calls.values()}

"""Everything that a client sees in a project, as JSON: ``read_job.py PROJECT NAMES FILE``.

NAMES are those of objects, with commas between; ``name()`` is an op to call with 2 and 2. Run with
any SDK, ours among them: what one store holds must look the same through each.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import weave

CALL_FIELDS = ("id", "op_name", "trace_id", "parent_id", "project_id", "exception")


def as_uri(value):
    """Give the text of a ref; of anything else an empty one."""
    uri = getattr(value, "uri", None)
    return "" if isinstance(value, dict) or uri is None else uri() if callable(uri) else uri


def plain(value):
    """Give a value in JSON; a row of a table by what it holds, another object by its ref."""
    if "/attr/rows/" in as_uri(value) and hasattr(value, "get"):
        value = value.get()  # ours leaves refs for the user to read, the official SDKs do not
    if type(value).__name__.startswith("Boxed"):
        value = getattr(value, "val", value)
    value = getattr(value, "value", value)  # a status
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, dict):
        return {str(key): plain(value[key]) for key in value}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return as_uri(value) or as_uri(getattr(value, "ref", None)) or f"a {type(value).__name__}"


def instant(value):
    return value.timestamp() if value is not None else None


def inputs_as_json(call):
    found = {}
    for name in call.inputs:
        raw = dict.__getitem__(call.inputs, name)
        try:
            value = call.inputs[name]
        except Exception:  # an op of another language, which 0.51.45 wants to load
            value = None
        # 0.54.0 reads such an op as None.
        found[name] = plain(raw if value is None else value)
    return found


def call_as_json(call):
    summary = plain(dict(call.summary or {}))
    weave_part = summary.get("weave", {})
    return {
        **{name: getattr(call, name) for name in CALL_FIELDS},
        "display_name": call.display_name,
        "started_at": instant(call.started_at),
        "ended_at": instant(call.ended_at),
        "inputs": inputs_as_json(call),
        "output": plain(call.output),
        "attributes": plain(dict(call.attributes)),
        "status": weave_part.get("status"),
        "usage": summary.get("usage"),
        "costs": weave_part.get("costs"),
        "feedback": len(weave_part.get("feedback") or ()),
    }


def objects_as_json(names):
    found = {}
    for name in names:
        try:
            value = weave.ref(name.removesuffix("()")).get()
        except Exception as error:
            # Each SDK has its own class and wraps what the server said.
            said = ("does not exist", "was deleted")
            found[name] = next((text for text in said if text in str(error)), repr(error))
            continue
        if name.endswith("()"):
            value = [value(2, 2)]
        elif hasattr(value, "rows"):
            value = [dict(row) for row in value.rows]
        elif not isinstance(value, (dict, list)):
            value = {
                key: plain(getattr(value, key))
                for key in ("name", "description", "model", "temperature", "tail", "content")
                if hasattr(value, key)
            }
        found[name] = plain(value)
    return found


def feedback_as_json(client):
    found = [
        {"type": each.feedback_type, "of": each.weave_ref, "payload": plain(each.payload)}
        for each in client.get_feedback()
    ]
    return sorted(found, key=str)


def main(project, names, file):
    client = weave.init(project)
    read = client.get_calls(include_costs=True, include_feedback=True)
    told = {
        "calls": {call.id: call_as_json(call) for call in read},
        "feedback": feedback_as_json(client),
        "objects": objects_as_json(names.split(",")),
        "costs": sorted(
            [cost.llm_id, float(cost.prompt_token_cost), float(cost.completion_token_cost)]
            for cost in client.query_costs()
        ),
    }
    weave.finish()
    Path(file).write_text(json.dumps({"version": weave.__version__, **told}))


if __name__ == "__main__":
    main(*sys.argv[1:4])

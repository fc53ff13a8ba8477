"""Records as weave 0.51.45 stores them come back as our classes; their ops need not be there."""

from __future__ import annotations

import pytest

from weave_lite.core.refs import ObjectRef
from weave_lite.flow.agent import Agent, AgentState
from weave_lite.flow.annotation_spec import AnnotationSpec
from weave_lite.flow.leaderboard import Leaderboard, LeaderboardColumn
from weave_lite.flow.prompt.easy_prompt import EasyPrompt
from weave_lite.flow.prompt.messages_prompt import MessagesPrompt
from weave_lite.flow.prompt.prompt import Prompt
from weave_lite.flow.prompt.string_prompt import StringPrompt
from weave_lite.trace_server import trace_server_interface as tsi

OBJECT = {"name": None, "description": None, "ref": None}
EVALUATION = "weave:///e/p/object/Evaluation:bRxdynnM4XlT6I43Xg2mh0wF3qygUupsXRvYYA9BX5w"
OP = "weave:///e/p/op/x:mmNnE91jgKeUhcdIYwKUNE4jHZwniIoUI0ncyD1cQuc"
BUILTIN = ["BaseObject", "BaseModel"]
LIST_BASES = (
    "UserList MutableSequence Sequence Reversible Collection Sized Iterable Container".split()
)
COLUMN = {"scorer_name": "s", "summary_metric_path": "a.b", "should_minimize": None}

RECORDS = [
    (
        {"_type": "Prompt", **OBJECT, "_class_name": "Prompt", "_bases": ["Object", "BaseModel"]},
        Prompt(),
    ),
    (
        {
            "_type": "StringPrompt",
            **OBJECT,
            "description": "d",
            "content": "hi {x}",
            "_class_name": "StringPrompt",
            "_bases": ["Prompt", "Object", "BaseModel"],
        },
        StringPrompt("hi {x}", description="d"),
    ),
    (
        {
            "_type": "MessagesPrompt",
            **OBJECT,
            "messages": [{"role": "user", "content": "{q}"}],
            "_class_name": "MessagesPrompt",
            "_bases": ["Prompt", "Object", "BaseModel"],
        },
        MessagesPrompt([{"role": "user", "content": "{q}"}]),
    ),
    (
        {
            "_type": "EasyPrompt",
            **OBJECT,
            "data": [{"role": "system", "content": "a {x}"}],
            "config": {"model": "m"},
            "requirements": {"x": {"oneof": ["a"]}},
            "run": OP,
            "_class_name": "EasyPrompt",
            "_bases": [*LIST_BASES, "Prompt", "Object", "BaseModel"],
        },
        EasyPrompt("system: a {x}").configure(model="m").require("x", oneof=["a"]),
    ),
    (
        {
            "_type": "Agent",
            **OBJECT,
            "model_name": "m",
            "temperature": 0.7,
            "system_message": "s",
            "tools": [],
            "step": OP,
            "_class_name": "Agent",
            "_bases": ["Object", "BaseModel"],
        },
        Agent(model_name="m", system_message="s"),
    ),
    (
        {
            "_type": "AgentState",
            **OBJECT,
            "history": [{"role": "user", "content": "x"}],
            "_class_name": "AgentState",
            "_bases": ["Object", "BaseModel"],
        },
        AgentState(history=[{"role": "user", "content": "x"}]),
    ),
    (
        {
            "_type": "AnnotationSpec",
            "name": "n",
            "description": None,
            "field_schema": {"type": "boolean"},
            "unique_among_creators": False,
            "op_scope": ["weave:///e/p/op/f:*"],
            "_class_name": "AnnotationSpec",
            "_bases": BUILTIN,
        },
        AnnotationSpec(name="n", field_schema=bool, op_scope=["weave:///e/p/op/f:*"]),
    ),
    (
        {
            "_type": "Leaderboard",
            "name": "l",
            "description": None,
            "columns": [
                {
                    "_type": "LeaderboardColumn",
                    "evaluation_object_ref": EVALUATION,
                    **COLUMN,
                    "_class_name": "LeaderboardColumn",
                    "_bases": ["BaseModel"],
                }
            ],
            "_class_name": "Leaderboard",
            "_bases": BUILTIN,
        },
        Leaderboard(
            name="l", columns=[LeaderboardColumn(evaluation_object_ref=EVALUATION, **COLUMN)]
        ),
    ),
]


@pytest.mark.parametrize(("record", "value"), RECORDS, ids=lambda v: type(v).__name__)
def test_a_record_comes_back_as_our_class(client, record, value):
    """Equal to what our constructor makes; objects know where they are stored."""
    request = tsi.ObjCreateReq(
        obj=tsi.ObjSchemaForInsert(project_id=client.project_id, object_id="it", val=record)
    )
    digest = client.server.obj_create(request).digest
    ref = ObjectRef(client.entity, client.project, "it", digest)

    found = client.get(ref)

    assert (type(found), found) == (type(value), value)
    assert getattr(found, "ref", None) == (ref if "ref" in record else None)

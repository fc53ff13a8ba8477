"""The rules of each type of feedback: what is refused, and what is added."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server import validate_feedback

P = "acme/demo"
CALL = f"weave:///{P}/call/1"
OP = f"weave:///{P}/op/score:AbC"
OBJECT = f"weave:///{P}/object/score:AbC"
RUNNABLE = {"feedback_type": "wandb.runnable.score", "payload": {"output": 1}}
ANNOTATION = {"feedback_type": "wandb.annotation.score", "payload": {"value": 1}}
NOTE = {"feedback_type": "wandb.note.1", "payload": {"note": "hi"}}


def req(**fields):
    fields = {"project_id": P, "weave_ref": CALL, "feedback_type": "mine", "payload": {}, **fields}
    return tsi.FeedbackCreateReq.model_validate(fields)


def reaction(text):
    return req(feedback_type="wandb.reaction.1", payload={"emoji": text})


@pytest.mark.parametrize(
    ("text", "alias", "detoned", "detoned_alias"),
    [
        ("👍", ":thumbs_up:", "👍", ":thumbs_up:"),
        ("👍🏽", ":thumbs_up_medium_skin_tone:", "👍", ":thumbs_up:"),
        ("👨‍👩‍👧", ":family_man_woman_girl:", "👨‍👩‍👧", ":family_man_woman_girl:"),
        ("🇫🇷", ":France:", "🇫🇷", ":France:"),
        ("1️⃣", ":keycap_1:", "1️⃣", ":keycap_1:"),
        ("🏽", ":medium_skin_tone:", "🏽", ":medium_skin_tone:"),
        ("👨🏿‍🚀", ":man_astronaut_dark_skin_tone:", "👨‍🚀", ":man_astronaut:"),
        # One whose detoned form is another character, and one that has none.
        (
            "👨🏿‍🤝‍👨🏽",
            ":men_holding_hands_dark_skin_tone_medium_skin_tone:",
            "👬",
            ":men_holding_hands:",
        ),
        (
            "🧑🏼‍❤️‍🧑🏿",
            ":couple_with_heart_person_person_medium-light_skin_tone_dark_skin_tone:",
            "🧑‍❤️‍🧑",
            ":couple_with_heart_person_person:",
        ),
        # What is written without its last part reads as the whole.
        ("\u2764", ":red_heart:", "\u2764\ufe0f", ":red_heart:"),
    ],
)
def test_reactions_are_extended(text, alias, detoned, detoned_alias):
    """A reaction gets its short code, and both without a tone of skin; one joined emoji is one."""
    row = validate_feedback.create(reaction(text))
    assert json.loads(row.payload_json) == {
        "emoji": text,
        "alias": alias,
        "detoned": detoned,
        "detoned_alias": detoned_alias,
    }
    assert row.is_extended


@pytest.mark.parametrize("text", ["", "a", "ok 👍", "👍👍", "👍 ", ":thumbs_up:", "1", 1, None])
def test_reactions_of_other_text_are_refused(text):
    """A reaction is exactly one emoji and nothing else."""
    with pytest.raises(InvalidRequest, match=r"payload\.emoji"):
        validate_feedback.create(reaction(text))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"project_id": "nope"}, "project_id"),
        ({"weave_ref": ""}, "weave_ref"),
        ({"feedback_type": ""}, "feedback_type"),
        ({"id": "a\x00b"}, "id"),
        ({"creator": "\ud800"}, "creator"),
        ({"weave_ref": "weave-trace-internal:///x/call/1"}, "weave_ref"),
        ({"payload": {"a": "weave-trace-internal:///x/object/o:d"}}, "payload"),
        ({"payload": {"a": object()}}, "payload must be JSON"),
        ({"payload": {"a": "x" * 1024 * 1024}}, "the limit is 1048576"),
        ({"annotation_ref": OBJECT}, "annotation_ref does not belong"),
        ({"runnable_ref": OP}, "runnable_ref does not belong"),
        ({"call_ref": CALL}, "call_ref does not belong"),
        ({"trigger_ref": OBJECT}, "trigger_ref does not belong"),
        ({**NOTE, "payload": {}}, r"payload\.note is missing"),
        ({**NOTE, "payload": {"note": ""}}, "1 to 1024"),
        ({**NOTE, "payload": {"note": "x" * 1025}}, "1 to 1024"),
        ({**NOTE, "payload": {"note": 5}}, "1 to 1024"),
        ({**NOTE, "call_ref": CALL}, "call_ref does not belong"),
        ({"feedback_type": "wandb.reaction.1"}, r"payload\.emoji is missing"),
        ({"feedback_type": "wandb.annotation"}, r"wandb\.annotation\.NAME"),
        ({"feedback_type": "wandb.annotations.x"}, r"wandb\.annotation\.NAME"),
        ({"feedback_type": "wandb.runnable."}, r"wandb\.runnable\.NAME"),
        ({"feedback_type": "wandb.runnable"}, r"wandb\.runnable\.NAME"),
        (ANNOTATION, "annotation_ref is missing"),
        ({**ANNOTATION, "payload": {}, "annotation_ref": OBJECT}, r"payload\.value is missing"),
        ({**ANNOTATION, "annotation_ref": "nonsense"}, "annotation_ref: Invalid ref"),
        ({**ANNOTATION, "annotation_ref": CALL}, "not the ref of an object"),
        ({**ANNOTATION, "annotation_ref": f"weave:///{P}/object/other:A"}, "is of 'other'"),
        ({**ANNOTATION, "annotation_ref": "weave:///acme/x/object/score:A"}, "another project"),
        ({**ANNOTATION, "annotation_ref": OBJECT, "call_ref": OP}, "not the ref of a call"),
        (RUNNABLE, "runnable_ref is missing"),
        ({**RUNNABLE, "payload": {}, "runnable_ref": OBJECT}, r"payload\.output is missing"),
        ({**RUNNABLE, "runnable_ref": CALL}, "not the ref of an op or object"),
        ({**RUNNABLE, "runnable_ref": f"weave:///{P}/op/other:A"}, "is of 'other'"),
        ({**RUNNABLE, "runnable_ref": OP}, "call_ref is missing"),
        ({**RUNNABLE, "runnable_ref": OP, "call_ref": OBJECT}, "not the ref of a call"),
        ({**RUNNABLE, "runnable_ref": OBJECT, "trigger_ref": CALL}, "trigger_ref"),
        ({**RUNNABLE, "runnable_ref": OBJECT, "annotation_ref": OBJECT}, "annotation_ref does not"),
    ],
)
def test_what_breaks_a_rule_is_refused(fields, words):
    """The message names the field."""
    with pytest.raises(InvalidRequest, match=words):
        validate_feedback.create(req(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"payload": {"deep": [{"a": None}]}},
        {"feedback_type": "wandb.other.1"},
        {"weave_ref": "no ref at all"},
        {"payload": {"a": "x" * (1024 * 1024 - 8)}},
        {**NOTE, "payload": {"note": "ü" * 1024, "more": 1}},
        {**ANNOTATION, "payload": {"value": None}, "annotation_ref": OBJECT},
        {**RUNNABLE, "payload": {"output": None}, "runnable_ref": OBJECT},
        {**RUNNABLE, "runnable_ref": OBJECT, "call_ref": CALL, "trigger_ref": OBJECT},
        {**RUNNABLE, "runnable_ref": OP, "call_ref": CALL},
        # As the hosted service takes them.
        {**RUNNABLE, "runnable_ref": OBJECT, "trigger_ref": OP},
        {**ANNOTATION, "annotation_ref": OP, "runnable_ref": OP, "call_ref": CALL},
    ],
)
def test_what_keeps_the_rules_is_written_as_it_is(fields):
    """The payload is not changed, and every field stays."""
    given = req(**fields, wb_user_id="ada", creator="Ada", id="given")
    row = validate_feedback.create(given)
    stored = {**row._asdict(), "payload": json.loads(row.payload_json)}
    assert {name: stored[name] for name in type(given).model_fields} == given.model_dump()
    assert not row.is_extended


def test_empty_refs_are_none():
    """Some clients send an empty text for a ref that they do not have."""
    row = validate_feedback.create(
        req(annotation_ref="", runnable_ref="", call_ref="", trigger_ref="")
    )
    refs = (row.annotation_ref, row.runnable_ref, row.call_ref, row.trigger_ref)
    assert refs == (None, None, None, None)


def test_batches_name_the_item():
    """One bad item refuses the batch."""
    batch = tsi.FeedbackCreateBatchReq(batch=[req(), req(weave_ref="")])
    with pytest.raises(InvalidRequest, match=r"batch\[1\]: weave_ref"):
        validate_feedback.batch(batch)


def test_heavy_packages_are_loaded_when_a_type_needs_them():
    """Checking a note loads neither the table of emoji nor a checker of schemas."""
    code = (
        "import sys; from weave_lite.trace_server import validate_feedback as v;"
        "from weave_lite.trace_server import trace_server_interface as tsi;"
        "v.create(tsi.FeedbackCreateReq(project_id='a/b', weave_ref='r',"
        " feedback_type='wandb.note.1', payload={'note': 'x'}));"
        "sys.exit(bool({'emoji', 'jsonschema_rs', 'sqlalchemy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

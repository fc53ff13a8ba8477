"""Actions: their results become feedback on each call."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from weave_lite.core.errors import InvalidRequest, MissingLLMApiKeyError, NotFoundError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.completions import register_provider, unregister_provider

PROJECT = "acme/demo"
NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
OBJECT_SCHEMA = {"type": "object", "properties": {"good": {"type": "boolean"}}}


@pytest.fixture
def model():
    """The model of the judge: says what is set, and notes what it was asked."""

    class Model:
        says = [json.dumps({"response": True})]
        asked = []

        def __call__(self, params):
            self.asked.append(params)
            content = self.says[min(len(self.asked), len(self.says)) - 1]
            if isinstance(content, dict):
                return content
            return {"choices": [{"message": {"content": content}}]}

    model = Model()
    Model.asked = []
    register_provider("gpt-4o-mini", model)
    yield model
    unregister_provider("gpt-4o-mini")


def add_calls(server, **outputs):
    for call_id, output in outputs.items():
        call = tsi.CompletedCallSchemaForInsert(
            project_id=PROJECT,
            id=call_id,
            trace_id=f"t-{call_id}",
            op_name="f",
            started_at=NOW,
            ended_at=NOW,
            attributes={},
            inputs={"of": call_id},
            output=output,
            summary={},
        )
        server.calls_complete(tsi.CallsUpsertCompleteReq(batch=[call]))


def publish(server, config, name="act", class_name="ActionSpec"):
    val = {"name": name, "config": config} if class_name == "ActionSpec" else config
    obj = {"project_id": PROJECT, "object_id": name, "val": val, "builtin_object_class": class_name}
    digest = server.obj_create(tsi.ObjCreateReq(obj=obj)).digest
    return f"weave:///{PROJECT}/object/{name}:{digest}"


def words(server, *target_words):
    return publish(server, {"action_type": "contains_words", "target_words": target_words})


def judge(server, schema=None):
    schema = {"type": "boolean"} if schema is None else schema
    config = {"action_type": "llm_judge", "model": "gpt-4o-mini", "prompt": "Is it good?"}
    return publish(server, {**config, "response_schema": schema})


def run(server, ref, *call_ids, user=None, project=PROJECT):
    return server.actions_execute_batch(
        tsi.ActionsExecuteBatchReq(
            project_id=project, action_ref=ref, call_ids=call_ids, wb_user_id=user
        )
    )


def feedback(server):
    return server.feedback_query(tsi.FeedbackQueryReq(project_id=PROJECT)).result


def outputs(server):
    """Map call ids to the results that are stored as feedback."""
    return {
        row["weave_ref"].rpartition("/")[2]: row["payload"]["output"] for row in feedback(server)
    }


# --- words ---


@pytest.mark.in_process("over HTTP the key says who writes")
def test_result_is_stored_as_feedback(server):
    """The feedback names the action, the call and the user."""
    add_calls(server, c1="a cat")
    ref = words(server, "cat")
    assert run(server, ref, "c1", user="ann") == tsi.ActionsExecuteBatchRes()
    (row,) = feedback(server)
    wanted = {
        "feedback_type": "wandb.runnable.act",
        "weave_ref": f"weave:///{PROJECT}/call/c1",
        "payload": {"output": True},
        "runnable_ref": ref,
        "call_ref": None,
        "annotation_ref": None,
        "trigger_ref": None,
        "wb_user_id": "ann",
    }
    assert {key: row[key] for key in wanted} == wanted


def test_words_are_looked_for_in_the_json_text(server):
    """Any word counts, as a part, case-sensitive, unescaped; an output of null is a text too."""
    add_calls(
        server, whole="cat", part={"a": ["concatenate"]}, case="CAT", other="dog", nothing=None
    )
    run(server, words(server, "cat", "grüß", '"k": 1', "null"), "whole", "part", "case", "other")
    add_calls(server, accents={"a": "grüße"}, key={"k": 1})
    run(server, words(server, "cat", "grüß", '"k": 1', "null"), "accents", "key", "nothing")
    assert outputs(server) == {
        "whole": True,
        "part": True,
        "case": False,
        "other": False,
        "accents": True,
        "key": True,
        "nothing": True,
    }


def test_unknown_calls_are_skipped_and_repeats_run_once(server):
    """Ids of no call, deleted calls, and the second mention of one leave no feedback."""
    add_calls(server, c1="a", c2="b", gone="a")
    server.calls_delete(tsi.CallsDeleteReq(project_id=PROJECT, call_ids=["gone"]))
    run(server, words(server, "a"), "c2", "nowhere", "c1", "gone", "c2")
    assert outputs(server) == {"c2": False, "c1": True}
    assert len(feedback(server)) == 2


def test_no_calls(server):
    """No ids, nothing to do."""
    run(server, words(server, "a"))
    assert feedback(server) == []


def test_more_calls_than_a_request_may_name(server):
    """Any number of calls; they are read in pages."""
    many = {f"c{index}": "a" for index in range(3)}
    add_calls(server, **many)
    unknown = [f"u{index}" for index in range(2500)]
    run(server, words(server, "a"), "c0", *unknown[:1200], "c1", *unknown[1200:], "c2")
    assert outputs(server) == dict.fromkeys(many, True)


def test_the_local_user_is_the_default(server, monkeypatch):
    """A request without a user runs in the name of the local one."""
    monkeypatch.setenv("WANDB_USERNAME", "ada")
    add_calls(server, c1="a")
    run(server, words(server, "a"), "c1")
    assert feedback(server)[0]["wb_user_id"] == "ada"


# --- judge ---


def test_judge_is_asked_about_inputs_and_output(server, model):
    """A schema that is no object is wrapped in one, and the answer unwrapped; nothing is tracked."""
    add_calls(server, c1={"answer": 4})
    run(server, judge(server), "c1")
    assert outputs(server) == {"c1": True}
    (asked,) = model.asked
    assert asked["messages"][0] == {"role": "system", "content": "Is it good?"}
    assert asked["messages"][1]["role"] == "user"
    assert json.loads(asked["messages"][1]["content"]) == {
        "inputs": {"of": "c1"},
        "output": {"answer": 4},
    }
    assert asked["response_format"] == {
        "type": "json_schema",
        "json_schema": {
            "name": "response_format",
            "schema": {
                "type": "object",
                "properties": {"response": {"type": "boolean"}},
                "required": ["response"],
                "additionalProperties": False,
            },
        },
    }
    stats = server.calls_query_stats(tsi.CallsQueryStatsReq(project_id=PROJECT))
    assert stats.count == 1


def test_schema_of_an_object_is_sent_as_it_is(server, model):
    """Then the whole answer is the result."""
    model.says = [json.dumps({"good": False})]
    add_calls(server, c1="x")
    run(server, judge(server, OBJECT_SCHEMA), "c1")
    assert outputs(server) == {"c1": {"good": False}}
    assert model.asked[0]["response_format"]["json_schema"]["schema"] == OBJECT_SCHEMA


def test_judge_without_content(server, model):
    """A model that says nothing gives a null."""
    model.says = [None]
    add_calls(server, c1="x")
    run(server, judge(server), "c1")
    assert outputs(server) == {"c1": None}


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        ({"error": "overloaded"}, "gave an error: overloaded"),
        ("not json", "answered no JSON"),
        ("[1]", "without the property 'response'"),
        ({"choices": []}, r"without choices\[0\]\.message\.content"),
        ({"choices": [{"message": {"content": [1]}}]}, "content that is no text"),
    ],
)
def test_failures_are_told_after_the_others_are_done(server, model, bad, text):
    """One bad answer is reported with its call; the other calls have their feedback."""
    good = json.dumps({"response": True})
    model.says = [good, bad, good]
    add_calls(server, c1="x", c2="y", c3="z")
    with pytest.raises(InvalidRequest, match=text) as caught:
        run(server, judge(server), "c1", "c2", "c3")
    assert "failed for 1 of the calls" in str(caught.value)
    assert "call c2: " in str(caught.value)
    assert outputs(server) == {"c1": True, "c3": True}


def test_missing_key_ends_the_run(server, monkeypatch):
    """Without the key no call can be judged."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    add_calls(server, c1="x", c2="y")
    with pytest.raises(MissingLLMApiKeyError):
        run(server, judge(server), "c1", "c2")
    assert feedback(server) == []


# --- the action ---


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        ("nothing", "action_ref"),
        (f"weave:///{PROJECT}/call/c1", "not the ref of an object"),
        (f"weave:///{PROJECT}/op/f:d", "not the ref of an object"),
        (f"weave:///{PROJECT}/object/act:d/attr/config", "not the ref of an object"),
        ("weave:///acme/other/object/act:d", "of another project"),
    ],
)
def test_refs_that_are_no_action(server, ref, text):
    """The action must be an object of the same project."""
    with pytest.raises(InvalidRequest, match=text):
        run(server, ref, "c1")


def test_unknown_action(server):
    """An action that is not there is not found."""
    with pytest.raises(NotFoundError):
        run(server, f"weave:///{PROJECT}/object/act:{'d' * 43}", "c1")


def test_objects_that_are_no_action(server):
    """Another class is refused, and so is a spec that was stored with a config of no kind."""
    board = publish(server, {"columns": []}, "board", "Leaderboard")
    with pytest.raises(InvalidRequest, match="not the ref of an ActionSpec"):
        run(server, board, "c1")
    val = {
        "config": {"action_type": "dance"},
        "_class_name": "ActionSpec",
        "_bases": ["BaseObject", "BaseModel"],
    }
    broken = publish(server, val, "broken", None)
    with pytest.raises(InvalidRequest, match=r"(?s)cannot be run.*dance"):
        run(server, broken, "c1")


def test_bad_project(server):
    """The project id is checked first."""
    with pytest.raises(InvalidRequest, match="project_id"):
        run(server, "x", project="nothing")


def test_spec_without_a_name(server):
    """A spec may have no name; the feedback has that of the object."""
    obj = {
        "project_id": PROJECT,
        "object_id": "act",
        "val": {"config": {"action_type": "contains_words", "target_words": ["x"]}},
        "builtin_object_class": "ActionSpec",
    }
    digest = server.obj_create(tsi.ObjCreateReq(obj=obj)).digest
    add_calls(server, c1="x")
    run(server, f"weave:///{PROJECT}/object/act:{digest}", "c1")
    assert feedback(server)[0]["feedback_type"] == "wandb.runnable.act"

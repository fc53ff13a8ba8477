"""Feedback: created, repeated, replaced, purged."""

from __future__ import annotations

import pytest

from weave_lite.core.clock import replaced_clock
from weave_lite.core.errors import InvalidQueryError, InvalidRequest, NotFoundError
from weave_lite.trace_server import trace_server_interface as tsi

P = "acme/demo"
CALL = f"weave:///{P}/call/1"


def req(**fields):
    fields = {
        "project_id": P,
        "weave_ref": CALL,
        "feedback_type": "mine",
        "payload": {"a": 1},
        "wb_user_id": "ada",
        **fields,
    }
    return tsi.FeedbackCreateReq.model_validate(fields)


def create(server, **fields):
    return server.feedback_create(req(**fields))


def replace(server, feedback_id, **fields):
    given = {**req(**fields).model_dump(), "feedback_id": feedback_id}
    return server.feedback_replace(tsi.FeedbackReplaceReq.model_validate(given))


def purge(server, expr, project=P):
    fields = {"project_id": project, "query": {"$expr": expr}}
    return server.feedback_purge(tsi.FeedbackPurgeReq.model_validate(fields))


def rows(server, project=P, **fields):
    fields = {"project_id": project, **fields}
    return server.feedback_query(tsi.FeedbackQueryReq.model_validate(fields)).result


def ids(server, project=P):
    return [row["id"] for row in rows(server, project)]


def eq(feedback_id):
    return {"$eq": [{"$getField": "id"}, {"$literal": feedback_id}]}


def spec(server, schema, name="quality", project=P):
    """Publish an annotation spec; gives its ref."""
    obj = {"project_id": project, "object_id": name, "val": {"field_schema": schema}}
    digest = server.obj_create(tsi.ObjCreateReq.model_validate({"obj": obj})).digest
    return f"weave:///{project}/object/{name}:{digest}"


def annotate(server, ref, value, name="quality"):
    return create(
        server,
        feedback_type=f"wandb.annotation.{name}",
        annotation_ref=ref,
        payload={"value": value},
    )


@pytest.mark.in_process("over HTTP the key says who writes")
def test_create(server):
    """The answer has what the server made; a payload that is stored as it was sent is left out."""
    with replaced_clock(lambda: 1_709_287_200_000_000):
        res = create(server, creator="Ada L.", payload={"a": [1, None, "ü"]})
    (row,) = rows(server)
    assert (res.wb_user_id, res.payload) == ("ada", {})
    assert res.created_at.isoformat() == "2024-03-01T10:00:00+00:00"
    assert row == {
        "id": res.id,
        "project_id": P,
        "weave_ref": CALL,
        "wb_user_id": "ada",
        "creator": "Ada L.",
        "created_at": res.created_at,
        "feedback_type": "mine",
        "payload": {"a": [1, None, "ü"]},
        "annotation_ref": None,
        "runnable_ref": None,
        "call_ref": None,
        "trigger_ref": None,
    }


def test_user_is_filled_in(server, monkeypatch):
    """A feedback without a user is that of the local user."""
    monkeypatch.setenv("WANDB_USERNAME", "grace")
    assert create(server, wb_user_id=None).wb_user_id == "grace"
    assert rows(server)[0]["wb_user_id"] == "grace"


def test_reactions_answer_their_extended_payload(server):
    """What the server adds to a reaction is stored and answered."""
    res = create(server, feedback_type="wandb.reaction.1", payload={"emoji": "👍🏽"})
    assert res.payload["detoned_alias"] == ":thumbs_up:"
    assert rows(server)[0]["payload"] == res.payload


def test_a_given_id_is_used_and_a_retry_changes_nothing(server):
    """A client that repeats its request gets the first answer again."""
    first = create(server, id="x")
    again = create(server, id="x")
    assert (first.id, again) == ("x", first)
    assert ids(server) == ["x"]


@pytest.mark.parametrize(
    "change",
    [
        {"payload": {"a": 2}},
        {"weave_ref": "other"},
        {"creator": "c"},
        pytest.param(
            {"wb_user_id": "b"},
            marks=pytest.mark.in_process("over HTTP the key says who writes"),
        ),
    ],
)
def test_a_given_id_is_not_used_twice(server, change):
    """Other content under an id that is there is refused, and nothing is changed."""
    create(server, id="x")
    before = rows(server)
    with pytest.raises(InvalidRequest, match="id 'x' is that of another feedback"):
        create(server, id="x", **change)
    assert rows(server) == before


def test_ids_belong_to_a_project(server):
    """Another project may use the same id, and purges only its own."""
    create(server, id="x")
    create(server, id="x", project_id="acme/other", payload={"a": 2})
    purge(server, eq("x"), "acme/other")
    assert (ids(server), ids(server, "acme/other")) == (["x"], [])


def test_batch(server):
    """Feedback is stored in order, one answer each."""
    batch = [req(id="b"), req(id="a"), req(id="b"), req(payload={"a": 2})]
    res = server.feedback_create_batch(tsi.FeedbackCreateBatchReq(batch=batch)).res
    assert [each.id for each in res][:3] == ["b", "a", "b"]
    assert len(ids(server)) == 3


@pytest.mark.parametrize("bad", [{"id": "a", "payload": {"a": 2}}, {"feedback_type": ""}])
def test_batch_is_all_or_none(server, bad):
    """One item that is refused, by its form or by what is stored, leaves nothing behind."""
    with pytest.raises(InvalidRequest):
        server.feedback_create_batch(
            tsi.FeedbackCreateBatchReq(batch=[req(id="a"), req(id="b"), req(**bad)])
        )
    assert ids(server) == []


@pytest.mark.parametrize(
    ("expr", "left"),
    [
        (eq("a"), ["b", "c"]),
        ({"$or": [eq("a"), eq("c")]}, ["b"]),
        ({"$or": [eq("nobody")]}, ["a", "b", "c"]),
        (
            {
                "$in": [
                    {"$getField": "id"},
                    [{"$literal": "b"}, {"$literal": "c"}, {"$literal": "d"}],
                ]
            },
            ["a"],
        ),
        ({"$in": [{"$getField": "id"}, []]}, ["a", "b", "c"]),
        (eq("a\x00b"), ["a", "b", "c"]),
    ],
)
def test_purge(server, expr, left):
    """Feedback is deleted by id, for good; unknown ids are ignored."""
    for name in ("a", "b", "c"):
        create(server, id=name)
    assert purge(server, expr) == tsi.FeedbackPurgeRes()
    assert ids(server) == left


@pytest.mark.parametrize(
    "expr",
    [
        {"$eq": [{"$literal": "a"}, {"$getField": "id"}]},
        {"$eq": [{"$getField": "weave_ref"}, {"$literal": CALL}]},
        {"$eq": [{"$getField": "id"}, {"$literal": 1}]},
        {"$eq": [{"$getField": "id"}, {"$getField": "id"}]},
        {"$not": [eq("b")]},
        {"$and": [eq("a")]},
        {"$or": [eq("a"), {"$and": [eq("b")]}]},
        {"$gt": [{"$getField": "id"}, {"$literal": ""}]},
    ],
)
def test_purges_by_anything_else_are_refused(server, expr):
    """A purge that does not name ids deletes nothing."""
    create(server, id="a")
    with pytest.raises(InvalidRequest, match="by id only"):
        purge(server, expr)
    assert ids(server) == ["a"]


def test_purge_of_nothing(server):
    """An empty or is no query; a project that is not there has nothing to purge."""
    with pytest.raises(InvalidQueryError):
        purge(server, {"$or": []})
    assert purge(server, eq("a"), "acme/nowhere") == tsi.FeedbackPurgeRes()


def test_replace(server):
    """The new feedback has a new id; the old one is gone."""
    old = create(server, id="x")
    new = replace(server, "x", payload={"a": 2})
    (row,) = rows(server)
    assert new.id not in {old.id, ""}
    assert (row["id"], row["payload"], new.payload) == (new.id, {"a": 2}, {})


def test_replace_of_nothing_creates(server):
    """An unknown id to be replaced is no error."""
    new = replace(server, "nobody", feedback_type="wandb.reaction.1", payload={"emoji": "👍"})
    assert ids(server) == [new.id]
    assert new.payload["alias"] == ":thumbs_up:"


def test_a_replacement_that_is_refused_leaves_the_old_one(server):
    """The checks come first, also that of an annotation."""
    create(server, id="x")
    with pytest.raises(InvalidRequest):
        replace(server, "x", feedback_type="wandb.note.1")
    with pytest.raises(InvalidRequest):
        replace(
            server,
            "x",
            feedback_type="wandb.annotation.quality",
            annotation_ref=spec(server, {"type": "integer"}),
            payload={"value": "3"},
        )
    assert ids(server) == ["x"]


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer", "maximum": 5}, 5, "3"),
        ({"type": "string", "enum": ["a", "b"]}, "a", "c"),
        ({"type": "boolean"}, False, 0),
        ({"type": "array", "items": {"type": "number"}}, [1, 2.5], [1, "x"]),
    ],
)
def test_annotations_are_checked_against_their_spec(server, schema, good, bad):
    """A value satisfies the JSON Schema of its spec."""
    ref = spec(server, schema)
    annotate(server, ref, good)
    with pytest.raises(InvalidRequest, match=r"payload\.value does not satisfy"):
        annotate(server, ref, bad)
    (row,) = rows(server)
    assert (row["payload"], row["annotation_ref"]) == ({"value": good}, ref)


@pytest.mark.parametrize("value", [None, 1, "x", {"a": [1]}, 2**70])
def test_an_empty_schema_takes_everything(server, value):
    """Any value, null too."""
    annotate(server, spec(server, {}), value)
    assert rows(server)[0]["payload"] == {"value": value}


def test_annotations_of_specs_that_cannot_be_read(server):
    """An unknown spec is not found; a deleted one and an object that is no spec are refused."""
    ref = spec(server, {"type": "integer"})
    name, digest = ref.rpartition("/")[2].split(":")
    with pytest.raises(NotFoundError):
        annotate(server, f"weave:///{P}/object/nobody:latest", 1, "nobody")
    server.obj_delete(tsi.ObjDeleteReq(project_id=P, object_id=name, digests=[digest]))
    with pytest.raises(InvalidRequest, match="deleted"):
        annotate(server, ref, 1)
    obj = {"project_id": P, "object_id": "list", "val": [1]}
    digest = server.obj_create(tsi.ObjCreateReq.model_validate({"obj": obj})).digest
    with pytest.raises(InvalidRequest, match="not the ref of an annotation spec"):
        annotate(server, f"weave:///{P}/object/list:{digest}", 1, "list")
    assert rows(server) == []


def test_schemas_that_cannot_be_used(server):
    """Nothing is fetched for a schema, and a broken one satisfies nothing."""
    for schema in ({"$ref": "https://example.com/schema.json"}, {"type": "nonsense"}):
        with pytest.raises(InvalidRequest, match="field_schema"):
            annotate(server, spec(server, schema), 1)

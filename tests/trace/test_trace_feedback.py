"""Tests of the feedback classes: found when first looked at, added, deleted, and refused."""

from __future__ import annotations

import datetime as dt

import pytest

from weave_lite import WeaveClient
from weave_lite.core.errors import (
    InvalidQueryError,
    InvalidRefError,
    InvalidRequest,
    NotFoundError,
    WeaveInitError,
)
from weave_lite.flow.annotation_spec import AnnotationSpec
from weave_lite.flow.obj import Object
from weave_lite.testing import memory_client
from weave_lite.trace.feedback import FeedbackQuery, Feedbacks, RefFeedbackQuery
from weave_lite.trace.op import op
from weave_lite.trace.refs import ObjectRef, Refs

THUMB = "\N{THUMBS UP SIGN}"
ROCKET = "\N{ROCKET}"


class Part(Object):
    x: int = 1


@op
def step(n: int) -> int:
    return n


@pytest.fixture
def client():
    """The active client of an empty store in memory."""
    with memory_client("ent/proj", capture_client_info=False) as client:
        yield client


def kinds(found):
    """Type and payload of each feedback."""
    return [(each.feedback_type, each.payload) for each in found]


# --- adding ---


def test_feedback_of_each_kind_is_added(client):
    """A reaction, a note, and one of a type of one's own, with all its fields."""
    _, call = step.call(1)

    ids = [
        call.feedback.add_reaction(THUMB, creator="Ada"),
        call.feedback.add_note("short"),
        call.feedback.add("grade", {"value": 1, "by": "me"}, "Bob", value=2),
        call.feedback.add("seen"),
    ]
    found = list(call.feedback)

    assert [each.id for each in found] == ids
    assert kinds(found)[1:] == [
        ("wandb.note.1", {"note": "short"}),
        ("grade", {"value": 2, "by": "me"}),
        ("seen", {}),
    ]
    assert (found[0].feedback_type, found[0].payload["emoji"]) == ("wandb.reaction.1", THUMB)
    assert [each.creator for each in found] == ["Ada", None, "Bob", None]
    assert {each.project_id for each in found} == {"ent/proj"}
    assert {each.weave_ref for each in found} == {call.ref.uri()}
    assert all(each.created_at.tzinfo is dt.UTC and each.wb_user_id for each in found)


def test_an_annotation_follows_its_spec(client):
    """The spec is a ref or its text; a value that it does not allow is refused."""
    _, call = step.call(1)
    spec = client.publisher.publish(
        AnnotationSpec(name="quality", field_schema={"type": "integer", "maximum": 5}), "quality"
    )
    kind = "wandb.annotation.quality"

    call.feedback.add(kind, {"value": 5}, annotation_ref=spec.uri())
    call.feedback.add(kind, {"value": 4}, annotation_ref=spec)
    with pytest.raises(InvalidRequest, match="6"):
        call.feedback.add(kind, {"value": 6}, annotation_ref=spec)
    with pytest.raises(NotFoundError):
        call.feedback.add(
            kind, {"value": 1}, annotation_ref=f"weave:///ent/proj/object/quality:{'x' * 43}"
        )

    assert kinds(call.feedback) == [(kind, {"value": 5}), (kind, {"value": 4})]
    assert [each.annotation_ref for each in call.feedback] == [spec.uri()] * 2


OBJECT = f"weave:///ent/proj/object/quality:{'x' * 43}"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("wandb.note.1", {"note": "x"}), ValueError, "is reserved"),
        (("wandb.annotation.q", {"value": 1}), ValueError, "or give annotation_ref"),
        (("grade", {}, None, OBJECT), ValueError, "must be 'wandb.annotation.NAME'"),
        (("wandb.annotation.", {}, None, OBJECT), ValueError, "must be 'wandb.annotation.NAME'"),
        (("wandb.annotation.q", {}, None, "weave:///e/p/call/1"), TypeError, "annotation spec"),
        (("wandb.annotation.q", {}, None, "nonsense"), TypeError, "annotation_ref: Invalid ref"),
        ((5,), InvalidRequest, "feedback_type must be a text, not int"),
        (("grade", [1]), InvalidRequest, "payload must be a dict, not list"),
        (("grade", {}, 5), InvalidRequest, "creator: Input should be a valid string"),
        (("", {}), InvalidRequest, "feedback_type is empty"),
    ],
)
def test_what_does_not_fit_is_refused(client, arguments, error, message):
    """Before it is sent where that can be, and nothing is stored."""
    _, call = step.call(1)

    with pytest.raises(error, match=message):
        call.feedback.add(*arguments)

    assert len(call.feedback) == 0


def test_emoji_and_note_are_checked(client):
    """Exactly one emoji; 1 to 1024 characters."""
    _, call = step.call(1)

    for text in ("", "no", THUMB + ROCKET, f"ok {THUMB}"):
        with pytest.raises(InvalidRequest, match="emoji"):
            call.feedback.add_reaction(text)
    for note in ("", "x" * 1025):
        with pytest.raises(InvalidRequest, match="note"):
            call.feedback.add_note(note)
    call.feedback.add_note("x" * 1024)

    assert len(call.feedback) == 1


# --- reading ---


def test_it_is_read_when_first_looked_at_and_kept(client):
    """Another's feedback shows after a refresh; a write of one's own is seen at once."""
    _, call = step.call(1)
    mine, other = call.feedback, RefFeedbackQuery(call.ref)
    mine.add_note("1")
    assert kinds(mine) == kinds(other) == [("wandb.note.1", {"note": "1"})]
    kept = mine.execute()

    added = other.add_note("2")

    assert mine.execute() is kept
    assert [each.payload["note"] for each in other] == ["1", "2"]
    assert len(mine.refresh()) == len(mine) == 2
    assert mine[1].id == mine[-1].id == added
    assert mine[1:] == mine.execute()[1:]
    assert call.feedback is mine


def test_feedback_is_purged(client):
    """By id, for good; an unknown id is ignored."""
    _, call = step.call(1)
    first = call.feedback.add_note("1")
    second = call.feedback.add_note("2")
    assert len(call.feedback) == 2

    call.feedback.purge(first)
    call.feedback.purge("unknown")

    assert [each.id for each in call.feedback] == [second]
    with pytest.raises(InvalidRequest, match="feedback_id must be a text, not int"):
        call.feedback.purge(5)


def test_feedback_on_an_object(client):
    """By its ref, as a ref or as a text."""
    ref = client.publisher.publish(Part(x=2), "part")

    RefFeedbackQuery(ref).add_note("good part")

    assert kinds(RefFeedbackQuery(ref.uri())) == [("wandb.note.1", {"note": "good part"})]
    assert client.get_feedback().refs() == Refs([ref.uri()])
    assert kinds(client.feedback_on(ref)) == kinds(client.get_feedback())


def test_feedback_of_the_project_is_found(client):
    """All, by id, by emoji, by a condition, and by both; the oldest first, in pages."""
    calls = [step.call(n)[1] for n in range(3)]
    ids = [call.feedback.add_reaction(THUMB) for call in calls]
    rocket = calls[0].feedback.add_reaction(ROCKET)
    calls[0].feedback.add("poll", {"emoji": THUMB})
    about_first = {"$expr": {"$eq": [{"$getField": "weave_ref"}, calls[0].ref.uri()]}}

    def found(*args, **kwargs):
        return [each.id for each in client.get_feedback(*args, **kwargs)]

    assert len(client.get_feedback()) == 5
    assert found(rocket) == [rocket]
    assert found("unknown") == []
    assert found(reaction=THUMB) == ids
    assert found(reaction=THUMB, limit=1, offset=1) == ids[1:2]
    assert found(about_first, reaction=THUMB) == ids[:1]
    assert client.get_feedback(reaction=THUMB).refs() == Refs(call.ref.uri() for call in calls)
    assert [call.id for call in client.get_feedback(rocket).refs().calls()] == [calls[0].id]
    with pytest.warns(DeprecationWarning, match="use WeaveClient.get_feedback"):
        assert len(client.feedback(reaction=ROCKET)) == 1


def test_scores_in_the_background_are_seen(client):
    """What a scorer said is on the call when its feedback is read, and can be purged."""
    _, call = step.call(3)

    def is_odd(output: int) -> bool:
        return output % 2 == 1

    call.apply_scorer_sync(is_odd)

    assert kinds(call.feedback) == [("wandb.runnable.is_odd", {"output": True})]
    call.feedback.purge(call.feedback[0].id)
    assert len(call.feedback) == 0


def test_no_query_and_no_ref_are_refused(client):
    """When the query is made; a field that does not exist, when it is read."""
    with pytest.raises(InvalidQueryError, match="query must be a dict or a Query, not int"):
        client.get_feedback(5)
    with pytest.raises(InvalidRequest, match="reaction must be an emoji, not int"):
        client.get_feedback(reaction=5)
    with pytest.raises(InvalidRefError):
        RefFeedbackQuery("nonsense")
    with pytest.raises(InvalidRequest, match="limit must be 0 or more, not -1"):
        client.get_feedback(limit=-1).execute()
    unknown = FeedbackQuery("ent", "proj", {"$expr": {"$eq": [{"$getField": "colour"}, "red"]}})
    with pytest.raises(InvalidRequest, match="colour"):
        unknown.execute()


def test_without_a_client_it_fails_when_used():
    """Making it does not need one."""
    query = FeedbackQuery("e", "p", None)
    on_call = RefFeedbackQuery("weave:///e/p/call/1")

    for use in (query.execute, lambda: len(query), lambda: on_call.add_note("x")):
        with pytest.raises(WeaveInitError):
            use()
    assert repr(query) == "FeedbackQuery('e/p', limit=None, offset=0)"
    assert repr(on_call) == "RefFeedbackQuery('weave:///e/p/call/1')"


def test_a_call_keeps_to_its_own_client(client):
    """Its feedback goes where it was read from, whichever client is active."""
    _, call = step.call(1)
    reader = WeaveClient("ent", "proj", client.server)
    with memory_client("other/store"):
        reader.get_call(call.id).feedback.add_note("from outside")

    assert kinds(call.feedback) == [("wandb.note.1", {"note": "from outside"})]


def test_text_is_a_table_or_a_card(client):
    """The ref stands in it where it is asked for; what is read in a notebook is the same."""
    _, call = step.call(1)
    call.feedback.add_note("short", creator="Ada")
    card = str(call.feedback)
    call.feedback.add("grade", {"value": 1})
    table = str(client.get_feedback())

    assert "Feedback │ short" in card
    assert "Ada (" in card
    assert call.id not in card
    assert "┃ Ref" in table
    assert '"value": 1' in table
    printed = []
    call.feedback._repr_pretty_(type("Printer", (), {"text": printed.append}), cycle=False)
    assert printed == [str(call.feedback)]
    assert repr(client.get_feedback().execute()) == "Feedbacks(2)"


def test_a_list_of_feedback_by_hand():
    """It may be empty, and shows as a table then."""
    empty = Feedbacks(show_refs=True)

    assert (list(empty), len(empty), list(empty.refs())) == ([], 0, [])
    assert "Ref" in str(empty)
    assert empty == Feedbacks(show_refs=False, feedbacks=[])


def test_feedback_of_a_ref(client):
    """A ref of an object or op has its feedback at hand, as a call has."""
    refs = [client.publisher.publish(Part(x=3), None), client.publisher.op_ref(step)]

    ids = [ref.feedback.add("kind", {"at": at}) for at, ref in enumerate(refs)]

    assert [[each.id for each in ref.feedback] for ref in refs] == [[ids[0]], [ids[1]]]
    assert [each.weave_ref for ref in refs for each in ref.feedback] == [r.uri() for r in refs]


def test_feedback_of_a_ref_without_a_client():
    """It needs one, as reading the ref does."""
    ref = ObjectRef("ent", "proj", "o", "d")

    with pytest.raises(WeaveInitError):
        ref.feedback.execute()

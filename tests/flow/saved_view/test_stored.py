"""Tests of stored views: versions, names, and records of the official SDK."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest

import weave_lite
from weave_lite.core.errors import InvalidRefError, NotFoundError, WeaveInitError
from weave_lite.flow.saved_view import SavedView
from weave_lite.testing import memory_client
from weave_lite.trace_server import trace_server_interface as tsi

# What weave 0.51.45 sends for the view that `like_the_official_one` builds.
OFFICIAL = json.loads(
    (Path(__file__).parent.parent.parent / "data/saved_view_official.json").read_text()
)


def like_the_official_one() -> SavedView:
    view = SavedView(label="Official")
    view.add_filter("inputs.a", "contains", "x").add_filter("inputs.a", "does not contain", "y")
    view.add_filter("inputs.b", "equals", "b").add_filter("inputs.b", "does not equal", "c")
    view.add_filter("inputs.c", "in", "p, q")
    for operator in ("=", "≠", "<", "≤", ">", "≥"):
        view.add_filter("output.score", operator, 1.5)
    view.add_filter("summary.weave.latency_ms", ">", 100).add_filter("inputs.flag", "is", True)
    view.add_filter("started_at", "after", "2024-01-01")
    # It was `before`, which the official client turns into this when another filter follows.
    view.add_filter("ended_at", "<=", 1706745600)
    view.add_filter("Status", "is empty").add_filter("exception", "is not empty")
    view.filter_op("weave:///local/test/op/f:*")
    view.add_column("inputs.a").add_column("output.l[0].b", "B").add_columns("Status")
    view.hide_column("op_name").pin_column_left("inputs.a")
    return view.add_sort("started_at", "desc").page_size(20)


def put(client, name, val) -> str:
    obj = {"project_id": client.project_id, "object_id": name, "val": val}
    return client.server.obj_create(tsi.ObjCreateReq(obj=obj)).digest


def read(client, ref) -> tsi.ObjSchema:
    req = tsi.ObjReadReq(project_id=client.project_id, object_id=ref.name, digest=ref.digest)
    return client.server.obj_read(req).obj


def test_a_view_is_stored_as_the_official_client_does(client):
    """The same record, in the same order of keys, so the same digest."""
    digest = put(client, "official", OFFICIAL)

    view = like_the_official_one().save()
    found = read(client, view.ref)

    assert view.ref.digest == digest
    assert json.dumps(found.val) == json.dumps(OFFICIAL)
    assert (found.base_object_class, found.leaf_object_class) == ("SavedView", "SavedView")


def test_a_view_of_the_official_client_is_read_and_edited(client):
    """Saved unchanged it is the same version; what is not edited stays as it was."""
    digest = put(client, "official", OFFICIAL)

    view = SavedView.load("official")
    same = view.save().ref
    view.remove_filter("output.score").remove_filter(0)

    assert (same.name, same.digest) == ("official", digest)
    kept = [
        OFFICIAL["definition"]["query"]["$expr"]["$and"][at]
        for at in (*range(1, 5), *range(11, 17))
    ]
    edited = read(client, view.save().ref)
    assert edited.val["definition"]["query"]["$expr"]["$and"] == kept
    assert edited.val["definition"]["columns"] == OFFICIAL["definition"]["columns"]


def test_saving_and_loading(client):
    """By URI, name, version and ref; the loaded view is equal and has the project."""
    view = SavedView("evaluations", "Mine").add_filter("inputs.a", ">", 1)
    assert (view.ref, view.entity, view.project, view.ui_url()) == (None, "local", "test", None)

    assert view.save() is view

    name = view.ref.name
    assert name.startswith("evaluations_")
    assert (view.entity, view.project) == ("local", "test")
    assert view.ui_url() == view.ref.uri() == f"weave:///local/test/object/{name}:{view.ref.digest}"
    for place in (view.ref.uri(), name, f"{name}:v0", f"{name}:latest", view.ref):
        loaded = SavedView.load(place)
        assert (loaded.base, loaded.ref) == (view.base, view.ref)
        assert (loaded.view_type, loaded.label) == ("evaluations", "Mine")


def test_a_changed_view_is_a_new_version(client):
    """It has no ref until it is saved, and keeps its name; the old version stays as it was."""
    first = SavedView().save()
    ref = first.ref

    first.rename("Other")
    assert (first.ref, first.ui_url(), first.entity) == (None, None, "local")
    first.save()

    assert (first.ref.name, first.label) == (ref.name, "Other")
    assert first.ref.digest != ref.digest
    assert SavedView.load(ref.uri()).label == "SavedView"
    assert SavedView.load(ref.name).label == "Other"


def test_two_views_saved_at_once_have_two_names(client):
    """The time in the name is to the microsecond."""
    assert SavedView().save().ref.name != SavedView().save().ref.name


def test_a_view_with_a_name_is_stored_under_it(client):
    """The record's own name comes first."""
    view = SavedView()
    view.base.name = "my view"

    assert view.save().ref.name == "my-view"
    assert SavedView.load("my-view").base.name == "my view"


def test_what_load_refuses(client):
    """Nothing there, another kind of object, or a record that cannot be read."""
    weave_lite.publish({"a": 1}, "plain")
    weave_lite.publish(weave_lite.Dataset(name="thing", rows=[{"a": 1}]))
    put(client, "broken", {**OFFICIAL, "definition": {"page_size": "many"}})

    with pytest.raises(NotFoundError):
        SavedView.load("nothing")
    with pytest.raises(InvalidRefError, match="no saved view but a value of kind object"):
        SavedView.load("plain")
    with pytest.raises(InvalidRefError, match="no saved view but an object of class Dataset"):
        SavedView.load("thing")
    with pytest.raises(InvalidRefError, match="cannot be read: definition.page_size: "):
        SavedView.load("broken")
    with pytest.raises(InvalidRefError, match="call"):
        SavedView.load("weave:///local/test/call/1")


def test_a_store_needs_a_client():
    """Saving, loading and reading calls say what to do."""
    for deed in (SavedView().save, SavedView().get_calls, lambda: SavedView.load("x")):
        with pytest.raises(WeaveInitError, match="weave.init"):
            deed()


def test_a_view_of_another_project_is_not_applied_here(client):
    """Its op and refs are of that project; the error says where to look."""
    view = SavedView().save()

    with memory_client("local/other"), pytest.raises(ValueError, match="weave.init.'local/test'"):
        view.get_calls()


def test_a_view_given_to_an_op_or_published_is_its_record(client):
    """The same as saving it stores, and it can be loaded."""

    @weave_lite.op
    def look(view):
        return view

    view = like_the_official_one()

    ref = weave_lite.publish(view, "published")
    look(view)

    assert ref.digest == view.save().ref.digest
    assert SavedView.load("published").base == view.base
    req = tsi.CallsQueryReq(project_id=client.project_id)
    (call,) = client.server.calls_query(req).calls
    assert call.inputs["view"] == call.output == OFFICIAL


def test_a_copy_is_independent(client):
    """Copied or pickled, a view is equal; changing the copy does not change it."""
    view = like_the_official_one().save()

    for twin in (copy.deepcopy(view), pickle.loads(pickle.dumps(view))):
        assert (twin.base, twin.ref) == (view.base, view.ref)
        twin.remove_filters().pin_column_left("z").add_column("id")
        assert twin.ref is None
    assert view.base == like_the_official_one().base


def test_a_ref_gives_the_view(client):
    """By its ref, its name, and through the package; it is edited and saved as the same name."""
    view = like_the_official_one().save()

    for found in (view.ref.get(), client.get(view.ref), weave_lite.get(view.ref.name)):
        assert (type(found), found.base, found.ref) == (SavedView, view.base, view.ref)
    edited = found.rename("Other").save()

    assert (edited.ref.name, edited.ref.digest == view.ref.digest) == (view.ref.name, False)
    assert type(view.ref.get(objectify=False)) is not SavedView
    assert view.ref.with_attr("label").get() == "Official"


def test_a_view_inside_another_value(client):
    """It is a view of its own, without a ref; also where its filter names an op that is stored."""

    @weave_lite.op
    def look(view):
        return None

    op_uri = weave_lite.publish(look).uri()
    views = [like_the_official_one(), SavedView().filter_op(op_uri)]

    ref = weave_lite.publish({"views": views}, "holder")
    read = [*ref.get()["views"], ref.with_key("views").with_index(0).get()]
    _, call = look.call(views[1])

    views.append(views[0])
    assert [(type(each), each.base, each.ref) for each in read] == [
        (SavedView, each.base, None) for each in views
    ]
    assert client.get_call(call.id).inputs["view"].base == views[1].base


def test_a_record_that_is_no_view_any_more(client):
    """It comes back as a record, which shows what is there."""
    put(client, "broken", {**OFFICIAL, "definition": 5})

    assert weave_lite.get("broken").definition == 5

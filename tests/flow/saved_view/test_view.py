"""Tests of SavedView: its parts, the calls that it finds, and how it looks."""

from __future__ import annotations

import pytest

import weave_lite
from weave_lite.core.errors import InvalidRefError, QueryTranslationException
from weave_lite.flow.saved_view import SavedView, query_to_filters
from weave_lite.testing import memory_client
from weave_lite.trace_server.interface.query import Query


@weave_lite.op
def divide(a, b):
    return {"quotient": a / b, "parts": [{"n": a}, {"n": b}]}


@weave_lite.op
def greet(name):
    return f"hello {name}"


@pytest.fixture
def traced(client):
    """A client that traced three divisions, of which one failed, and a greeting."""
    for a, b in ((6, 3), (1, 0), (9, 2)):
        try:
            divide(a, b)
        except ZeroDivisionError:
            pass
    greet("Ann")
    return client


def filters(view: SavedView) -> list[tuple]:
    return [tuple(each) for each in query_to_filters(view.base.definition.query) or ()]


def test_it_is_at_the_root():
    """And comes from its own package."""
    assert weave_lite.SavedView is SavedView


def test_methods_change_the_view_and_return_it():
    """All of those that build."""
    view = SavedView()

    assert (
        view is view.rename("L").add_filter("id", "equals", "1").remove_filter(0).remove_filters()
    )
    assert view is view.filter_op(None).add_sort("id", "asc").sort_by("id", "asc").page_size(1)
    assert view is view.add_column("id").add_columns("op_name").insert_column(0, "output")
    assert view is view.rename_column("id", "I").remove_column(0).remove_columns().set_columns("id")
    assert view is view.show_column("id").hide_column("id").pin_column_left("id")
    assert view is view.pin_column_right("id").unpin_column("id")


def test_removing_filters():
    """By position or field; a field may have several; the other filters stay."""

    def view():
        built = SavedView().add_filter("inputs.a", ">", 1).add_filter("Status", "equals", "success")
        return built.add_filter("inputs.a", "<", 9).add_filter("inputs.a", "<", 9)

    assert len(filters(view())) == 3
    assert filters(view().remove_filter(1)) == [("inputs.a", ">", 1.0), ("inputs.a", "<", 9.0)]
    assert filters(view().remove_filter("inputs.a")) == [
        ("summary.weave.status", "equals", "success")
    ]
    assert len(filters(view().remove_filter("Status"))) == 2
    assert filters(view().remove_filter("inputs.b")) == filters(view())
    assert view().remove_filters().base.definition.query is None
    assert view().remove_filter(0).remove_filter(0).remove_filter(0).base.definition.query is None
    for outside in (3, -1, True):
        with pytest.raises(IndexError, match="there are 3 filters, from 0"):
            view().remove_filter(outside)
    with pytest.raises(ValueError, match="is not known"):
        view().remove_filter("nonsense")


def test_a_query_that_is_no_filters_is_kept_until_it_is_removed():
    """Filters are added to it; none can be removed but all."""
    view = SavedView()
    view.base.definition.query = Query.model_validate({"$expr": {"$or": [{"$gt": [1, 2]}]}})
    view.add_filter("inputs.a", "equals", "x")

    for which in (0, "inputs.a"):
        with pytest.raises(QueryTranslationException, match="no filter of a saved view"):
            view.remove_filter(which)
    assert '"$or"' in str(view)
    assert view.remove_filters().base.definition.query is None


def test_filtering_by_op(traced):
    """By name, in the project of the client; by URI; None takes it away."""
    view = SavedView().filter_op("divide")

    assert view.base.definition.filter.op_names == ["weave:///local/test/op/divide:*"]
    assert [call.func_name for call in view.get_calls()] == ["divide"] * 3
    assert len(view.filter_op(greet.ref.uri()).get_calls()) == 1
    assert view.filter_op(None).base.definition.filter is None
    assert len(view.get_calls()) == 4
    with pytest.raises(InvalidRefError, match="not the URI of an op"):
        view.filter_op("weave:///local/test/object/divide:*")
    with pytest.raises(ValueError, match="op_name must be a name"):
        view.filter_op("")


def test_filtering_by_a_name_needs_a_project():
    """The one of a stored view, or of the client."""
    with pytest.raises(
        ValueError, match=r"weave\.init\('my-project'\) first, or give the op's URI"
    ):
        SavedView().filter_op("divide")
    with memory_client("a/b"):
        stored = SavedView().save()
    assert stored.filter_op("f").base.definition.filter.op_names == ["weave:///a/b/op/f:*"]


def test_calls_of_a_view(traced):
    """Filters, order, limits and columns hold; all is read where no columns are chosen."""
    view = SavedView().filter_op("divide").sort_by("inputs.a", "desc")

    assert [call.inputs["a"] for call in view.get_calls()] == [9, 6, 1]
    assert [call.inputs["a"] for call in view.get_calls(limit=1, offset=1)] == [6]
    assert [call.inputs["a"] for call in view.add_filter("Status", "is not empty").get_calls()] == [
        9,
        6,
        1,
    ]
    view.add_filter("output.parts[1].n", ">=", 2)
    assert [call.output["quotient"] for call in view.get_calls()] == [4.5, 2.0]
    view.set_columns("output.quotient")
    call, whole = view.get_calls()[0], view.get_calls(all_columns=True)[0]
    assert (call.inputs, call.output["quotient"]) == ({}, 4.5)
    assert whole.inputs == {"a": 9, "b": 2}


def test_costs_and_feedback_on_request(traced):
    """They stand in the summary."""
    call = SavedView().get_calls(limit=1, include_costs=True, include_feedback=True)[0]

    assert call.summary["weave"]["feedback"] == []


def test_a_view_of_evaluations_finds_evaluations_only(traced):
    """Whatever op it names."""

    @weave_lite.op(name="Evaluation.evaluate")
    def evaluate(n):
        return n

    evaluate(1)
    view = SavedView("evaluations").filter_op("divide")

    assert [call.func_name for call in view.get_calls()] == ["Evaluation.evaluate"]


def test_a_loaded_view_uses_the_current_client(traced):
    """No other one is made."""
    ref = SavedView().filter_op("greet").save().ref

    assert [call.output for call in SavedView.load(ref.uri()).get_calls()] == ["hello Ann"]
    assert weave_lite.get_client() is traced


def test_a_grid_of_calls(traced):
    """Columns by label; names of ops are shortened, states are marks, what is missing is None."""
    view = SavedView().filter_op("divide").add_columns("op_name", "Status", "inputs.a")
    view.add_column("output.parts[1].n", "second").add_column("func_name", "f").add_column(
        "inputs.a"
    )

    grid = view.to_grid()

    assert [column.title for column in grid.columns] == [
        "op_name",
        "Status",
        "inputs.a",
        "second",
        "f",
        "inputs.a",
    ]
    assert grid.rows == [
        ["divide", "✅", 6, 3, "divide", 6],
        ["divide", "❌", 1, None, "divide", 1],
        ["divide", "✅", 9, 2, "divide", 9],
    ]
    assert grid["second"].to_list() == [3, None, 2]
    assert view.to_grid(limit=2).num_rows == 2


def test_a_grid_of_the_standard_columns(traced):
    """A call that runs has a mark, too."""
    running = traced.create_call("wait", {})
    grid = SavedView().add_filter("id", "equals", running.id).to_grid()

    assert [column.title for column in grid.columns] == ["ID", "Trace", "Status", "Called"]
    assert grid[0].to_list() == [running.id, "wait", "⏳", running.started_at]
    traced.finish_call(running)


def test_columns_inside_objects_are_fetched(traced):
    """A path may lead through what an input refers to."""

    class Settings(weave_lite.Object):
        top_k: int

    @weave_lite.op
    def search(settings):
        return settings.top_k

    settings = Settings(top_k=7)
    search(settings)
    view = (
        SavedView().filter_op("search").add_columns("inputs.settings.top_k", "inputs.settings.no")
    )

    assert view.to_grid().rows == [[7, None]]
    weave_lite.get_client().delete_object_version(settings.ref)
    assert view.to_grid().rows == [[None, None]]


def test_known_columns(traced):
    """Those of every call, and the paths inside some; positions in their order."""
    view = SavedView().filter_op("divide")

    known = view.get_known_columns()

    assert [name for name in known if name.startswith(("inputs", "output"))] == [
        "inputs",
        "inputs.a",
        "inputs.b",
        "output",
        "output.parts",
        "output.parts[0]",
        "output.parts[0].n",
        "output.parts[1]",
        "output.parts[1].n",
        "output.quotient",
    ]
    assert "inputs.name" in SavedView().get_known_columns()
    assert "inputs.name" not in SavedView().get_known_columns(num_calls_to_query=3)
    assert len(view.get_known_columns(num_calls_to_query=0)) == 15
    for refused in (-1, "1", True):
        with pytest.raises(ValueError, match="num_calls_to_query must be a whole number"):
            view.get_known_columns(num_calls_to_query=refused)


def test_known_columns_without_a_client():
    """Those of every call."""
    assert SavedView().get_known_columns()[:3] == ["attributes", "display_name", "ended_at"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SavedView("foo"), "view_type 'foo' is not known; use one of traces, evaluations"),
        (lambda: SavedView(label=""), "label must be a text"),
        (lambda: SavedView().rename(None), "label must be a text"),
        (lambda: SavedView().add_filter(5, "equals", "x"), "field must be a text"),
    ],
)
def test_what_a_view_refuses(make, message):
    """The error names the argument and the remedy."""
    with pytest.raises(ValueError, match=message):
        make()


EMPTY = """\
┌───────────┬───────────┐
│      Name │ SavedView │
│ View type │ traces    │
└───────────┴───────────┘"""


def test_a_view_as_text():
    """Only what is set is shown."""
    view = SavedView(label="Slow").filter_op("weave:///e/p/op/f:*").add_column("inputs.a", "A")
    view.add_filter("inputs.a", "in", "x,y").add_filter("started_at", "after", "2024-03-01")
    view.hide_column("op_name").pin_column_left("id").sort_by("id", "desc").page_size(5)

    lines = str(view).splitlines()
    heads = [line.split("│")[1].strip() for line in lines if line.startswith("│")]

    assert str(SavedView()) == SavedView().to_rich_table_str() == EMPTY
    assert [head for head in heads if head] == [
        "Name",
        "View type",
        "Call Filter",
        "Filters",
        "Columns",
        "Column Visibility",
        "Pin",
        "Sort",
        "Page Size",
    ]
    cells = [[cell.strip() for cell in line.split("│") if cell.strip()] for line in lines]
    assert ["inputs.a", "in", '["x","y"]'] in cells
    assert ["started_at", "after", "2024-03-01T00:00:00+00:00"] in cells
    assert ["inputs.a", "A"] in cells
    assert ["op_name", "False"] in cells
    assert ["left", '["CustomCheckbox","op_name","id"]'] in cells
    assert ["Sort", "id desc"] in cells
    assert ["Page Size", "5"] in cells
    far = SavedView().add_filter("started_at", "before", 1e30).add_filter("id", "is empty")
    assert "│ before   │ 1e+30 │" in str(far)
    assert repr(view) == "SavedView(view_type='traces', label='Slow')"


def test_a_saved_view_as_text_has_its_place(client):
    """Its description, link and ref."""
    view = SavedView()
    view.base.description = "what for [red]markup[/red]"
    view.save()

    text = str(view)

    assert "Description │ what for [red]markup[/red]" in text
    assert f"URL │ {view.ui_url()}" in text
    assert f"Ref │ {view.ref.uri()}" in text

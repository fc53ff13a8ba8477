"""What a view says, as plain values, and what a notebook shows of it."""

from __future__ import annotations

from html_check import text_of

from weave_lite.flow.saved_view import SavedView
from weave_lite.flow.saved_view.summary import view_facts
from weave_lite.trace_server.interface.query import Query


def test_only_what_is_set():
    """A new view says its type; another all it was told."""
    assert view_facts(SavedView().base) == {"view type": "traces"}
    view = SavedView().add_filter("inputs.a", "equals", "x").add_filter("exception", "is empty")
    view.add_filter("started_at", "after", "2024-01-01").add_columns("inputs.a")
    view.add_column("output", "Answer").add_sort("started_at", "desc").page_size(20)
    view.hide_column("op_name").pin_column_left("inputs.a").filter_op("weave:///a/b/op/f:*")

    assert view_facts(view.base) == {
        "view type": "traces",
        "call filter": {"op_names": ["weave:///a/b/op/f:*"]},
        "filters": [
            "inputs.a equals x",
            "exception is empty",
            "started_at after 2024-01-01T00:00:00+00:00",
        ],
        "columns": ["inputs.a", "output as Answer"],
        "column visibility": {"op_name": False},
        "pin": {"left": ["CustomCheckbox", "op_name", "inputs.a"], "right": []},
        "sort": ["started_at desc"],
        "page size": 20,
    }


def test_a_query_that_is_more_than_filters():
    """It is shown as it is stored."""
    view = SavedView()
    view.base.definition.query = Query.model_validate(
        {"$expr": {"$or": [{"$literal": True}, {"$literal": False}]}}
    )

    assert view_facts(view.base)["filters"] == {
        "$expr": {"$or": [{"$literal": True}, {"$literal": False}]}
    }


def test_a_notebook_shows_it(client):
    """As a card, escaped, with its ref when it is saved."""
    view = SavedView(label="<b>Slow</b>").add_filter("inputs.a", "equals", "<script>")

    text = text_of(view._repr_html_())

    assert text.startswith("SavedView <b>Slow</b>")
    assert "inputs.a equals <script>" in text
    assert "weave:///" not in text
    assert view.save().ref.uri() in text_of(view._repr_html_())

"""Tests of the columns of a view: chosen ones, the standard ones, pins and visibility."""

from __future__ import annotations

import pytest

from weave_lite.flow.saved_view import ObjectPath, SavedView

STANDARD = ["ID", "Trace", "Status", "Called"]


def chosen(view: SavedView) -> list[tuple[list[str | int], str | None]]:
    return [(column.path, column.label) for column in view.base.definition.columns or ()]


def labels(view: SavedView) -> list[str]:
    return [column["label"] for column in view.get_table_columns()]


def two() -> SavedView:
    return SavedView().add_column("inputs.a").add_column("output[0].b", "B")


def test_adding_columns():
    """At the end, in between, several at once; by text, path or alias."""
    view = two().add_columns("Status", r"inputs.x\.y").insert_column(0, ObjectPath(["id"]), "I")

    assert chosen(view) == [
        (["id"], "I"),
        (["inputs", "a"], None),
        (["output", 0, "b"], "B"),
        (["summary", "weave", "status"], "Status"),
        (["inputs", "x.y"], None),
    ]
    assert labels(view) == ["I", "inputs.a", "B", "Status", r"inputs.x\.y"]
    assert view.get_table_columns()[2] == {"path": ObjectPath(["output", 0, "b"]), "label": "B"}


def test_finding_columns():
    """By path, label or position; also among the standard ones."""
    view = two()

    assert [view.column_index(key) for key in ("inputs.a", "output[0].b", "B", 1)] == [0, 1, 1, 1]
    assert view.column_index(ObjectPath(["output", 0, "b"])) == 1
    assert [SavedView().column_index(label) for label in STANDARD] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match='"zzz" not found; the columns are inputs.a, B'):
        view.column_index("zzz")
    for outside in (2, -1, True):
        with pytest.raises(ValueError, match="out of bounds; there are 2 columns, from 0"):
            view.column_index(outside)


def test_renaming_and_removing_columns():
    """By path, label or position; nothing is removed when one is not there."""
    assert chosen(two().rename_column("inputs.a", "A")) == [
        (["inputs", "a"], "A"),
        (["output", 0, "b"], "B"),
    ]
    assert chosen(two().rename_column(1, "A").remove_column(0)) == [(["output", 0, "b"], "A")]
    assert chosen(two().remove_columns("inputs.a").remove_column("B")) == []
    view = two()
    with pytest.raises(ValueError, match='"zz" not found'):
        view.remove_columns("B", "zz")
    with pytest.raises(IndexError, match="out of bounds"):
        view.remove_column(2)
    assert chosen(view) == chosen(two())


def test_setting_and_forgetting_columns():
    """After the last chosen one the standard ones are shown."""
    assert labels(two().set_columns("op_name", "id")) == ["op_name", "id"]
    assert labels(two().set_columns()) == labels(two().remove_columns()) == STANDARD


def test_editing_the_standard_columns():
    """They are chosen then, without what was removed."""
    assert labels(SavedView().remove_column("Status")) == ["ID", "Trace", "Called"]
    assert labels(SavedView().rename_column("Called", "When")) == ["ID", "Trace", "Status", "When"]


@pytest.mark.parametrize(
    ("deed", "message"),
    [
        (lambda view: view.add_column("foo"), "is not known; begin a path with one of"),
        (lambda view: view.add_columns("id", "foo"), "is not known"),
        (lambda view: view.set_columns("a..b"), "cannot be read"),
        (lambda view: view.add_column(5), "path must be a text"),
        (lambda view: view.add_column("id", 5), "label must be a text"),
        (lambda view: view.insert_column("0", "id"), "idx must be a whole number"),
        (lambda view: view.rename_column("B", ""), "label must be a text"),
        (lambda view: view.hide_column(""), "col_name must be a text"),
        (lambda view: view.pin_column_left(None), "col_name must be a text"),
    ],
)
def test_what_columns_refuse(deed, message):
    """The error names the argument, and the view stays as it was."""
    view = two()

    with pytest.raises(ValueError, match=message):
        deed(view)

    assert view.base == two().base


def test_the_standard_columns_with_visibility():
    """Hidden ones go, those made visible come; by path, label or the name that pages use."""
    assert labels(SavedView()) == STANDARD
    assert labels(SavedView().hide_column("Status").hide_column("op_name")) == ["ID", "Called"]
    assert labels(SavedView().hide_column("id").show_column("id")) == STANDARD
    assert labels(SavedView().show_column("inputs.a")) == [*STANDARD, "inputs.a"]
    assert labels(SavedView().hide_column("nonsense")) == STANDARD
    assert (
        labels(two().hide_column("B")) == labels(two().hide_column("output[0].b")) == ["inputs.a"]
    )


def test_the_standard_columns_with_pins():
    """Pinned ones stand at their sides, in the order of the pins; parts of a page are left out."""
    view = SavedView().pin_column_left("inputs.a").pin_column_right("id")

    assert labels(view) == ["Trace", "inputs.a", "Status", "Called", "ID"]
    assert labels(view.unpin_column("inputs.a")) == ["Trace", "Status", "Called", "ID"]
    assert labels(view.hide_column("id")) == ["Trace", "Status", "Called"]


def test_pins_begin_with_the_standard_ones_and_are_not_shared():
    """A column is pinned at one side; another view does not see it."""
    left = SavedView().pin_column_left("x").pin_column_left("y").pin_column_left("x")
    right = SavedView().pin_column_left("x").pin_column_right("x")
    none = SavedView().unpin_column("op_name").unpin_column("zz")

    assert left.base.definition.pin.model_dump() == {
        "left": ["CustomCheckbox", "op_name", "y", "x"],
        "right": [],
    }
    assert right.base.definition.pin.model_dump() == {
        "left": ["CustomCheckbox", "op_name"],
        "right": ["x"],
    }
    assert none.base.definition.pin.model_dump() == {"left": ["CustomCheckbox"], "right": []}
    assert SavedView().base.definition.pin is None


def test_order_and_page_size():
    """Fields are added or replaced; aliases and positions are written as the server reads them."""
    view = SavedView().sort_by("id", "asc").sort_by("Status", "desc").add_sort("output[0].x", "asc")

    assert [(by.field, by.direction) for by in view.base.definition.sort_by] == [
        ("summary.weave.status", "desc"),
        ("output.0.x", "asc"),
    ]
    assert view.add_sort("feedback.[a.b].payload.x", "asc").base.definition.sort_by.pop().field == (
        "feedback.[a.b].payload.x"
    )
    assert view.page_size(25).base.definition.page_size == 25
    for refused in (lambda: view.sort_by("id", "up"), lambda: view.add_sort("", "asc")):
        with pytest.raises(ValueError, match="must be"):
            refused()
    for size in (0, -1, "10", True, None):
        with pytest.raises(ValueError, match="page_size must be a whole number above 0"):
            view.page_size(size)
    assert len(view.base.definition.sort_by) == 2

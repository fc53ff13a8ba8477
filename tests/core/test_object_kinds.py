"""What a stored value says about itself."""

from __future__ import annotations

import pytest

from weave_lite.core.object_kinds import classes_of, kind_of


@pytest.mark.parametrize(
    ("val", "kind"),
    [
        ({"_type": "CustomWeaveType", "weave_type": {"type": "Op"}}, "op"),
        ({"_type": "Anything", "weave_type": {"type": "Op"}}, "op"),
        ({"_type": "Op"}, "op"),
        ({"_type": "Op", "weave_type": {"type": "Other"}}, "object"),
        ({"_type": "Op", "weave_type": None}, "object"),
        ({"weave_type": {"type": "Op"}}, "object"),
        ({"_type": "CustomWeaveType"}, "object"),
        ({"_type": ["Op"]}, "object"),
        ({}, "object"),
        ("Op", "object"),
        (None, "object"),
    ],
)
def test_kind_of(val, kind):
    """Only the two forms of an op are ops."""
    assert kind_of(val) == kind


@pytest.mark.parametrize(
    ("bases", "classes"),
    [
        (["Model", "Object", "BaseModel"], ("Model", "Leaf")),
        (["MyModel", "Model", "Object", "BaseModel"], ("Model", "Leaf")),
        (["Object", "BaseModel"], ("Leaf", "Leaf")),
        (["BaseObject", "BaseModel"], ("Leaf", "Leaf")),
        (["Model", "BaseObject", "BaseModel"], ("Model", "Leaf")),
        (["Model", "Object"], (None, None)),
        (["Model", "BaseModel"], (None, None)),
        (["BaseModel"], (None, None)),
        ([], (None, None)),
        (["Object", "BaseModel", "Generic"], (None, None)),
        ([3, "Object", "BaseModel"], (None, None)),
        ([["Object"], "BaseModel"], (None, None)),
        ("Object", (None, None)),
        (None, (None, None)),
    ],
)
def test_classes_of(bases, classes):
    """The base stands right below Object; a chain of another form names no class."""
    assert classes_of({"_class_name": "Leaf", "_bases": bases}) == classes


@pytest.mark.parametrize("val", [3, [], None, {"_bases": ["Object", "BaseModel"]}])
def test_classes_of_other_values(val):
    """A value without classes has neither."""
    assert classes_of(val) == (None, None)

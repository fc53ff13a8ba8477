"""The rules for names: cleaning, checking, splitting, shortening."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core import names
from weave_lite.core.errors import InvalidNameError

NAME_TEXT = st.text(st.sampled_from("aZ9é日._-/: !\n") | st.characters(), max_size=300)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("my list!!  x", "my-list-x"),
        ("a/b:c", "a-b-c"),
        ("a..b__c--d", "a-b-c-d"),
        ("-_lead.._trail-_", "lead-trail"),
        ("Évaluation 日本", "Évaluation-日本"),
        ("a.b_c-d", "a.b_c-d"),
        ("Evaluation.evaluate", "Evaluation.evaluate"),
        (".", "."),
        ("x" * 200, "x" * 128),
        ("x" * 127 + "-y", "x" * 127),
    ],
)
def test_clean_object_id(name, cleaned):
    """Names become object ids as the contract shows."""
    assert names.clean_object_id(name) == cleaned


@pytest.mark.parametrize("name", ["", "-", "__--", "!!!", " / "])
def test_a_name_of_which_nothing_is_left(name):
    """The error shows the name."""
    with pytest.raises(InvalidNameError, match="Invalid object name: ") as caught:
        names.clean_object_id(name)
    assert repr(name) in str(caught.value)


@given(NAME_TEXT)
def test_a_cleaned_name_is_valid_and_stays(name):
    """Cleaning twice is cleaning once, and the result passes the check."""
    try:
        cleaned = names.clean_object_id(name)
    except InvalidNameError:
        return
    assert names.clean_object_id(cleaned) == cleaned
    assert names.check_object_id(cleaned) == cleaned


@pytest.mark.parametrize("object_id", ["a", "ä.b-c_d", "日本", "..", "x" * 128])
def test_object_id_that_is_well_formed(object_id):
    """Word characters, dots and dashes pass."""
    assert names.check_object_id(object_id) == object_id


@pytest.mark.parametrize("object_id", ["", "a b", "a/b", "a:b", "a\n", "x" * 129, "a\x00"])
def test_object_id_that_is_not(object_id):
    """Anything else is refused with the rule."""
    with pytest.raises(InvalidNameError, match="must be 1 to 128 letters"):
        names.check_object_id(object_id)


@pytest.mark.parametrize("project_id", ["a/b", "my team/my project", "é/日"])
def test_project_id_that_is_well_formed(project_id):
    """Two non-empty parts and one slash."""
    assert names.check_project_id(project_id) == project_id


@pytest.mark.parametrize(
    "project_id", ["", "a", "/", "a/", "/b", "a/b/c", "a//b", "a/b\n", "a\x00/b"]
)
def test_project_id_that_is_not(project_id):
    """Anything else is refused with the rule."""
    with pytest.raises(InvalidNameError, match="must be 'entity/project'"):
        names.check_project_id(project_id)


def test_split_project_name():
    """A bare project belongs to the default entity."""
    assert names.split_project_name("demo", "local") == ("local", "demo")
    assert names.split_project_name("acme/demo", "local") == ("acme", "demo")


@pytest.mark.parametrize("name", ["", " ", "a/", "/b", "a/b/c", "a:b", "a\nb", 5, None])
def test_project_names_that_are_wrong(name):
    """The error names the argument."""
    with pytest.raises(InvalidNameError, match="project_name"):
        names.split_project_name(name, "local")


@pytest.mark.parametrize(
    ("name", "shortened"),
    [("n", "n"), ("n" * 1024, "n" * 1024), ("n" * 1025, "n" * 1021 + "...")],
)
def test_shorten_display_name(name, shortened):
    """Only names over the limit are cut, and one can see it."""
    assert names.shorten_display_name(name) == shortened

"""Where the store is."""

from __future__ import annotations

from pathlib import Path

import pytest

from weave_lite.core.errors import UsageError
from weave_lite.trace_server import place
from weave_lite.trace_server.place import Place


def found(folder, db=None, **env):
    return place.resolve(db, folder=folder, env=env)


def test_the_order_of_places(tmp_path):
    """Argument, environment, pyproject, a parent's folder, the default."""
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert found(below) == Place(str(below / ".weave" / "weave.db"), "default")
    (tmp_path / ".weave").mkdir()
    assert found(below) == Place(str(tmp_path / ".weave" / "weave.db"), "parent folder")
    (tmp_path / "a" / "pyproject.toml").write_text('[tool.weave_lite]\ndb = "data/t.db"\n')
    assert found(below) == Place(str(tmp_path / "a" / "data" / "t.db"), "pyproject")
    assert found(below, WEAVE_LITE_DB="e.db") == Place(str(below / "e.db"), "environment")
    assert found(below, "x.db", WEAVE_LITE_DB="e.db") == Place(str(below / "x.db"), "argument")


def test_only_the_nearest_pyproject_is_asked(tmp_path):
    """One that says nothing, or nothing readable, means the default."""
    below = tmp_path / "a"
    below.mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.weave_lite]\ndb = "far.db"\n')
    for text in (
        "[project]\n",
        "weave_lite = [",
        "\xff weave_lite".encode("latin-1").decode("latin-1"),
    ):
        (below / "pyproject.toml").write_bytes(text.encode("latin-1"))
        assert found(below).origin == "default"


@pytest.mark.parametrize("text", [":memory:", "https://example.com/x", "http://localhost:1"])
def test_memory_and_urls_stay_as_they_are(tmp_path, text):
    """They are no paths."""
    assert found(tmp_path, text).text == text
    assert found(tmp_path, text).is_url == text.startswith("http")


def test_paths_are_made_absolute(tmp_path):
    """So that a later chdir does not move the store."""
    assert found(tmp_path, tmp_path / "x.db").text == str(tmp_path / "x.db")
    assert found(tmp_path, "~/x.db").text == str(Path("~/x.db").expanduser())


@pytest.mark.parametrize("db", ["", "  ", 3, b"x.db", "a\0b"])
def test_what_is_no_path_is_refused(tmp_path, db):
    """With the name of the field."""
    with pytest.raises(UsageError, match="db must be a path"):
        found(tmp_path, db)


def test_the_folder_is_made_and_keeps_out_of_git(tmp_path):
    """A folder of another name is left alone."""
    place.prepare(Place(str(tmp_path / "p" / ".weave" / "weave.db"), "default"))
    place.prepare(Place(str(tmp_path / "q" / "x.db"), "argument"))
    place.prepare(Place(":memory:", "argument"))
    assert (tmp_path / "p" / ".weave" / ".gitignore").read_text() == "*\n"
    assert list((tmp_path / "q").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """With what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot make the folder.*WEAVE_LITE_DB"):
        place.prepare(Place(str(tmp_path / "file" / "x.db"), "argument"))


def test_the_entity_of_bare_names():
    """WANDB_ENTITY, else local."""
    assert place.default_entity({}) == "local"
    assert place.default_entity({"WANDB_ENTITY": "acme"}) == "acme"

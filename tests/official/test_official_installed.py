"""Which official package is installed, and what is said where none fits."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError
from types import ModuleType

import pytest

from weave_lite import official
from weave_lite.core.errors import NotSupportedError, UsageError
from weave_lite.official import installed


def with_version(monkeypatch, found):
    def version(name):
        assert name == "weave"
        if found is None:
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr(installed, "version", version)


@pytest.mark.parametrize(
    "found, known", [("0.51.45", "0.51"), ("0.51.59", "0.51"), ("0.54.0", "0.54")]
)
def test_two_generations_are_known(monkeypatch, found, known):
    """By the first two numbers of the version."""
    with_version(monkeypatch, found)
    assert installed.generation() == known


@pytest.mark.parametrize("found", ["0.50.1", "0.52.0", "0.540.0", "1.0.0", "0.54"])
def test_another_version_is_refused_by_name(monkeypatch, found):
    """The message says which are known, and the way over HTTP."""
    with_version(monkeypatch, found)
    if found == "0.54":
        assert installed.generation() == "0.54"
        return
    with pytest.raises(NotSupportedError, match=f"weave {found} .*0.51.45.*weave-lite serve"):
        installed.generation()


@pytest.mark.parametrize("start", [lambda: official.init("p", db=":memory:")])
def test_an_absent_package_is_named(monkeypatch, start):
    """With the command that installs it."""
    with_version(monkeypatch, None)
    with pytest.raises(UsageError, match="pip install weave==0.51.45"):
        start()


def test_ours_in_the_place_of_the_official_one_is_refused(monkeypatch):
    """After ``install_as_weave`` the name ``weave`` means us, whatever is installed."""
    with_version(monkeypatch, "0.54.0")
    monkeypatch.setitem(sys.modules, "weave", ModuleType("weave_lite"))
    with pytest.raises(UsageError, match="install_as_weave"):
        installed.generation()


def test_the_fixture_fails_with_the_same_words(monkeypatch, request):
    """A test that names ``official_weave_client`` learns what to install."""
    with_version(monkeypatch, None)
    with pytest.raises(UsageError, match="official package is not installed"):
        request.getfixturevalue("official_weave_client")

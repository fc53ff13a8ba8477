"""Every public name has a docstring: what the package root and the documented modules offer."""

from __future__ import annotations

import inspect
import json
from importlib import import_module
from pathlib import Path

import pytest

import weave_lite

PAGES = json.loads((Path(__file__).parent / "data/documented_names.json").read_text())
MODULES = sorted(
    {module.replace("weave", "weave_lite", 1) for page in PAGES.values() for module in page}
    - {"weave_lite"}
)


def undocumented(name, value):
    """The name, and those of its public methods and properties, that say nothing of their own."""
    if not inspect.isclass(value):
        is_silent = inspect.isroutine(value) and not inspect.getdoc(value)
        return [name] if is_silent else []
    silent = [] if value.__doc__ else [name]
    for part, member in list(vars(value).items()):  # reading a schema adds some
        function = getattr(member, "__func__", member)
        is_ours = inspect.isfunction(function) or isinstance(member, property)
        if not part.startswith("_") and is_ours and not inspect.getdoc(getattr(value, part)):
            silent.append(f"{name}.{part}")
    return silent


@pytest.mark.parametrize("name", sorted(set(weave_lite.__all__) - {"__version__"}))
def test_exported_name(name):
    """Each name of the package root says what it is, and so does each method."""
    assert undocumented(name, getattr(weave_lite, name)) == []


@pytest.mark.parametrize("name", MODULES)
def test_documented_module(name):
    """Each module, and each public class and function in it."""
    module = import_module(name)
    assert module.__doc__
    silent = []
    for part, value in list(vars(module).items()):
        if not part.startswith("_") and getattr(value, "__module__", None) == name:
            silent += undocumented(part, value)
    assert silent == []

"""The documented surface of upstream: every module, class, function, method, parameter and field.

``data/documented_names.json`` was read from upstream's reference pages, the present one of the SDK and
four others: per module its functions with their parameters and defaults, and its classes with
fields, properties and methods. The types of some fields are lost in the pages; they stand as "".
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import typing
from importlib import import_module
from pathlib import Path
from types import NoneType, UnionType

import pytest

PAGES = json.loads((Path(__file__).parent / "data/documented_names.json").read_text())
FUNCTIONS = [
    pytest.param(module, name, parameters, id=f"{page}-{module}-{name}")
    for page, modules in PAGES.items()
    for module, names in modules.items()
    for name, parameters in names["functions"].items()
]
CLASSES = [
    pytest.param(module, name, cls, id=f"{page}-{module}-{name}")
    for page, modules in PAGES.items()
    for module, names in modules.items()
    for name, cls in names["classes"].items()
]
# Pydantic passes its context by position; the name of the parameter is its own.
PRIVATE = {"_ObjSchemaForInsert__context", "_Scorer__context"}
# Where ours is another on purpose, and why.
OTHER_FIELDS = {
    "EndedCallSchemaForInsert.summary": "a dict with known keys, as the present pages have it",
    "LiteralOperation.$literal": "any JSON value, None too",
}


def found(module, name):
    return getattr(import_module(module.replace("weave", "weave_lite", 1)), name)


def differences(function, documented, where):
    """What cannot be given to a function as documented, or has another default."""
    parameters = inspect.signature(function).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    takes_any = inspect.Parameter.VAR_KEYWORD in kinds
    if set(documented) == {"*args", "**kwargs"}:
        return []  # the pages do not say what it takes
    wrong = []
    for name, default in documented.items():
        plain = name.lstrip("*")
        if name.startswith("**"):
            fits = takes_any
        elif name.startswith("*"):
            fits = inspect.Parameter.VAR_POSITIONAL in kinds
        else:
            fits = plain in parameters or takes_any or name in PRIVATE
        if not fits:
            wrong.append(name)
        elif default not in {None, "..."} and not default.startswith("datetime."):
            # The pages show a moment as default: that at which they were made.
            # A parameter behind ``**kwargs`` has no default that shows; its own test looks at it.
            if plain not in parameters:
                continue
            own = parameters[plain].default
            if own != ast.literal_eval(default):
                wrong.append(f"{where}.{name}={own!r}, not {default}")
    return wrong


def admits_none(annotation):
    """Whether a field may be None."""
    if annotation in {None, NoneType, typing.Any}:
        return True
    is_union = typing.get_origin(annotation) in {typing.Union, UnionType}
    return is_union and any(map(admits_none, typing.get_args(annotation)))


def differing_fields(cls, documented):
    """Documented fields that a pydantic class lacks, or that take something else."""
    fields = getattr(cls, "model_fields", {})
    by_name = {field.alias or name: field for name, field in fields.items()} | fields
    wrong = []
    for name, field in documented.items():
        own = by_name.get(name)
        if own is None:
            if name not in getattr(cls, "__annotations__", {}) and not hasattr(cls, name):
                wrong.append(f"{name} is missing")
            continue
        if f"{cls.__name__}.{name}" in OTHER_FIELDS:
            continue
        text = field["type"]
        if re.match(r"typing.(Optional|Any)", text) or "None" in text:
            if not admits_none(own.annotation):
                wrong.append(f"{name} takes no None")
        elif kind := re.match(r"(?:typing|t)?\.?(list|dict|tuple|List|Dict)\[", text):
            if kind[1].lower() not in str(own.annotation):
                wrong.append(f"{name} is {own.annotation}, not {text}")
        if field.get("default") not in {None, "..."} and own.is_required():
            wrong.append(f"{name} is required")
    return wrong


def test_the_list_is_whole():
    """As many names as are documented; each method of a server has a parameter ``req``, not counted."""

    def count(modules):
        total = 0
        for module in modules.values():
            total += sum(1 + len(parameters) for parameters in module["functions"].values())
            for cls in module["classes"].values():
                total += 1 + len(cls["fields"]) + len(cls["properties"])
                total += sum(1 + len(set(names) - {"req"}) for names in cls["methods"].values())
        return total

    assert {page: count(modules) for page, modules in PAGES.items()} == {
        "sdk 2025": 978,
        "client 2024": 98,
        "interface 2024": 232,
        "http server 2024": 46,
        "interface, translated": 37,
    }


@pytest.mark.parametrize(("module", "name", "parameters"), FUNCTIONS)
def test_functions(module, name, parameters):
    """Each exists, says what it does, and takes what is documented."""
    function = found(module, name)
    assert callable(function)
    assert differences(function, parameters, name) == []
    assert inspect.getdoc(function)


@pytest.mark.parametrize(("module", "name", "documented"), CLASSES)
def test_classes(module, name, documented):
    """Each has the documented fields, properties and methods, with their parameters."""
    cls = found(module, name)
    assert inspect.getdoc(cls)
    assert differing_fields(cls, documented["fields"]) == []
    assert [each for each in documented["properties"] if not hasattr(cls, each)] == []
    wrong = []
    for method, parameters in documented["methods"].items():
        wrong += differences(getattr(cls, method), parameters, f"{name}.{method}")
    assert wrong == []

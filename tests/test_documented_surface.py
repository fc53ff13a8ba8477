"""The documented surface of upstream: every module, class, function, method, parameter and field.

``data/documented_names.json`` was read from upstream's reference pages: per module its functions with
their parameters, and its classes with fields, properties and methods.
"""

from __future__ import annotations

import inspect
import json
from importlib import import_module
from pathlib import Path

import pytest

DOCUMENTED = json.loads((Path(__file__).parent / "data/documented_names.json").read_text())
# Modules that come with the HTTP client.
LATER = {"weave.trace_server.remote_http_trace_server", "weave.trace_server_bindings.remote_http_trace_server"}  # fmt: skip
MODULES = sorted(set(DOCUMENTED) - LATER)
FUNCTIONS = [(module, name) for module in MODULES for name in DOCUMENTED[module]["functions"]]
CLASSES = [(module, name) for module in MODULES for name in DOCUMENTED[module]["classes"]]
# Pydantic passes its context by position; the name of the parameter is its own.
PRIVATE = {"_ObjSchemaForInsert__context", "_Scorer__context"}


def found(module, name):
    return getattr(import_module(module.replace("weave", "weave_lite", 1)), name)


def missing_parameters(function, documented):
    """Documented parameters that a function cannot be given."""
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:
        return []
    kinds = {parameter.kind for parameter in parameters.values()}
    takes_any = inspect.Parameter.VAR_KEYWORD in kinds
    missing = []
    for name in documented:
        plain = name.lstrip("*")
        if not plain or name in PRIVATE or plain in parameters or takes_any:
            continue
        if name.startswith("**") or (
            name.startswith("*") and inspect.Parameter.VAR_POSITIONAL in kinds
        ):
            continue
        if name.startswith("*"):
            continue
        missing.append(name)
    return missing


def test_the_list_is_whole():
    """As many names as were documented when the list was made."""
    count = 0
    for module in DOCUMENTED.values():
        count += 1 + len(module["functions"])
        for cls in module["classes"].values():
            count += 1 + sum(len(cls[part]) for part in ("fields", "methods", "properties"))
    assert count == 798


@pytest.mark.parametrize(("module", "name"), FUNCTIONS, ids=lambda value: value)
def test_functions(module, name):
    """Each exists and takes what is documented."""
    function = found(module, name)
    assert callable(function)
    assert missing_parameters(function, DOCUMENTED[module]["functions"][name]) == []
    assert inspect.getdoc(function)


@pytest.mark.parametrize(("module", "name"), CLASSES, ids=lambda value: value)
def test_classes(module, name):
    """Each has the documented fields, properties and methods, with their parameters."""
    cls = found(module, name)
    documented = DOCUMENTED[module]["classes"][name]
    fields = getattr(cls, "model_fields", {})
    known = {
        *fields,
        *(field.alias for field in fields.values()),
        *getattr(cls, "__annotations__", {}),
    }
    assert [
        each for each in documented["fields"] if each not in known and not hasattr(cls, each)
    ] == []
    assert [each for each in documented["properties"] if not hasattr(cls, each)] == []
    for method, parameters in documented["methods"].items():
        function = getattr(cls, method)
        assert missing_parameters(function, parameters) == [], method
    assert inspect.getdoc(cls)

"""Every model and method against the list taken from the contract and the public documents."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import types
import typing
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface import query as tsi_query

DATA = json.loads((Path(__file__).parents[2] / "data" / "interface_fields.json").read_text("utf-8"))
MODELS = DATA["models"]
METHODS = DATA["methods"]

PLAIN_NAMES = {
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    bytes: "bytes",
    dt.datetime: "datetime",
    Any: "any",
    None: "null",
    type(None): "null",
}


def model_named(name):
    """Find a model where the documents have it."""
    return getattr(tsi, name, None) or getattr(tsi_query, name)


def union_name(members):
    """Write a union as the contract does: alternatives, and ``?`` when null is one of them."""
    names = [wire_type(member) for member in members]
    is_nullable = "null" in names
    return " or ".join(name for name in names if name != "null") + "?" * is_nullable


def wire_type(annotation):
    """Write an annotation as the contract does."""
    if annotation in (tsi_query.Operand, tsi_query.Operation):
        return "Operand" if annotation == tsi_query.Operand else "Operation"
    if annotation in PLAIN_NAMES:
        return PLAIN_NAMES[annotation]
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return wire_type(args[0])
    if origin in (typing.Union, types.UnionType):
        flat = []
        for member in args:
            base = typing.get_args(member)[0] if hasattr(member, "__metadata__") else member
            is_union = typing.get_origin(base) in (typing.Union, types.UnionType)
            flat += typing.get_args(base) if is_union else [member]
        return union_name(flat)
    if origin is typing.Literal:
        return " / ".join(f'"{arg}"' for arg in args)
    if origin in (list, tuple, dict, type):
        name = {list: "list", tuple: "tuple", dict: "map", type: "class"}[origin]
        return f"{name}<{','.join(wire_type(arg) for arg in args)}>"
    return annotation.__name__


def described(model):
    """Describe the fields of a model as the list does."""
    model.model_rebuild()
    hints = typing.get_type_hints(model, include_extras=True)
    fields = {}
    for name, field in model.model_fields.items():
        entry = {"type": wire_type(hints[name])}
        if field.is_required():
            entry["required"] = True
        else:
            make = field.default_factory
            entry["default"] = make() if make else field.default
        fields[field.alias or name] = entry
    return fields


@pytest.mark.parametrize("name", MODELS)
def test_model_has_exactly_the_listed_fields(name):
    """Names, types, defaults and what is required are as listed; nothing is missing or more."""
    assert described(model_named(name)) == MODELS[name]


def test_every_model_is_listed():
    """No model exists beside the list but those of newer clients."""
    ours = {
        name
        for module in (tsi, tsi_query)
        for name in module.__all__
        if isinstance(getattr(module, name), type) and issubclass(getattr(module, name), BaseModel)
    }
    newer = {
        *("LtOperation", "LteOperation", "CompletedCallSchemaForInsert"),
        *("CallsUpsertCompleteReq", "CallsUpsertCompleteRes"),
        *("FeedbackCreateBatchReq", "FeedbackCreateBatchRes"),
        *("TableCreateFromDigestsReq", "TableCreateFromDigestsRes"),
    }
    assert ours - set(MODELS) == newer
    assert set(MODELS) - ours == set()


def test_every_documented_class_is_exported():
    """The documented modules export all classes that the documents name."""
    assert set(DATA["documented_classes"]) - set(tsi.__all__) == set()
    assert set(DATA["documented_query_classes"]) - set(tsi_query.__all__) == set()
    assert [name for name in tsi.__all__ if not hasattr(tsi, name)] == []


def test_operators_of_newer_clients_have_the_shape_of_the_others():
    """``$lt`` and ``$lte`` are written as ``$gt`` is."""
    shape = described(tsi_query.GtOperation)["$gt"]
    assert described(tsi_query.LtOperation) == {"$lt": shape}
    assert described(tsi_query.LteOperation) == {"$lte": shape}


def test_the_server_has_exactly_the_documented_methods():
    """All 37 methods, each with the documented parameters and answer."""
    assert len(METHODS) == 37
    assert tsi.TraceServerInterface.__abstractmethods__ == set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_method_signature(name):
    """Parameters and answer are as documented, and can be read at run time."""
    method = getattr(tsi.TraceServerInterface, name)
    _, *parameters = inspect.signature(method).parameters.values()
    written = ", ".join(f"{each.name}: {each.annotation}" for each in parameters)
    hints = typing.get_type_hints(method)
    assert [written, inspect.signature(method).return_annotation] == METHODS[name]
    assert set(hints) == {each.name for each in parameters} | {"return"}


def test_a_server_must_define_every_method():
    """A class that leaves a method out cannot be used by accident."""

    class Half(tsi.TraceServerInterface):
        pass

    with pytest.raises(TypeError, match="abstract methods? .?actions_execute_batch"):
        Half()


SUMMARY_KEYS = {
    "LLMUsageSchema": "prompt_tokens input_tokens completion_tokens output_tokens requests "
    "total_tokens",
    "LLMCostSchema": "prompt_tokens input_tokens completion_tokens output_tokens requests "
    "total_tokens prompt_tokens_total_cost completion_tokens_total_cost prompt_token_cost "
    "completion_token_cost prompt_token_cost_unit completion_token_cost_unit effective_date "
    "provider_id pricing_level pricing_level_id created_at created_by",
    "SummaryInsertMap": "usage",
    "SummaryMap": "usage weave",
    "WeaveSummarySchema": "status trace_name latency_ms costs feedback",
    "FeedbackDict": "id feedback_type weave_ref payload creator created_at wb_user_id",
    "ExtraKeysTypedDict": "",
}


@pytest.mark.parametrize("name", SUMMARY_KEYS)
def test_summary_dict_has_the_listed_keys(name):
    """Each dict of a summary names its keys; only the price requires some."""
    schema = getattr(tsi, name)
    keys = set(SUMMARY_KEYS[name].split())
    required = keys - set(SUMMARY_KEYS["LLMUsageSchema"].split())
    assert set(typing.get_type_hints(schema)) == keys
    assert schema.__required_keys__ == (required if name == "LLMCostSchema" else set())

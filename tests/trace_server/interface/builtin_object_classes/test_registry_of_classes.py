"""The stored form of built-in objects, and what their classes refuse."""

from __future__ import annotations

import pytest

from weave_lite.core.digest import digest_json
from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server.interface.builtin_object_classes.registry import (
    BUILTIN_OBJECT_CLASSES,
    expanded,
)

WORDS = {"action_type": "contains_words", "target_words": ["x"]}
JUDGE = {"action_type": "llm_judge", "model": "gpt-4o", "prompt": "p", "response_schema": {}}
VIEW = {"view_type": "traces", "label": "L"}
VIEW_T = {"view_type": "t", "label": "L"}
PARAMS = {"messages_template": []}


def test_classes():
    """The documented classes are there."""
    assert set(BUILTIN_OBJECT_CLASSES) == {
        "ActionSpec",
        "AnnotationSpec",
        "LLMStructuredCompletionModel",
        "Leaderboard",
        "Provider",
        "ProviderModel",
        "SavedView",
    }


def test_query_of_a_view_has_known_digest():
    """Each operation of a stored query says its class, as the reference stores it."""
    query = {
        "$expr": {
            "$and": [
                {"$eq": [{"$getField": "inputs.a"}, {"$literal": {"a": {"$literal": 1}}}]},
                {"$not": [{"$in": [{"$getField": "x"}, [{"$literal": 1}, {"$literal": "b"}]]}]},
                {"$contains": {"input": {"$getField": "x"}, "substr": {"$literal": "s"}}},
                {
                    "$gt": [
                        {"$convert": {"input": {"$getField": "y"}, "to": "double"}},
                        {"$literal": 1},
                    ]
                },
                {"$or": [{"$gte": [{"$getField": "a"}, {"$literal": None}]}]},
            ]
        }
    }
    stored = expanded("SavedView", {"name": "v", **VIEW_T, "definition": {"query": query}})
    assert digest_json(stored) == "p8uUbJe9aQbL5QRjgF0BYQzPd9VQXLwJa0j0XsBqEkI"


@pytest.mark.parametrize(
    ("class_name", "val", "digest"),
    [
        (
            "AnnotationSpec",
            {"field_schema": {"properties": {"a": {"$ref": "http://x/y"}}, "type": "object"}},
            None,
        ),
        (
            "SavedView",
            {**VIEW_T, "name": "v", "definition": {"cols": {"a": True}, "page_size": "5"}, "x": 1},
            "e6ZzJx4Xc8qp6cqZsVNDhz8tlcDdtryz3cdVEoja4fg",
        ),
        (
            "SavedView",
            {**VIEW_T, "definition": {"columns": [{}]}},
            "tfXaXKFlTvHXBTzxgDbPrznuM5J9aO7o1xwspKopQZ4",
        ),
        ("ActionSpec", {"config": WORDS}, "QdhZYIwMvb8I"),
    ],
)
def test_digests_of_the_reference(class_name, val, digest):
    """Extra keys are dropped, numbers read from text, and names may be left out."""
    stored = expanded(class_name, val)
    assert stored["_type"] == stored["_class_name"] == class_name
    assert digest is None or digest_json(stored).startswith(digest)


def test_newer_conditions_of_a_view_are_stored_only_when_set():
    """Thread ids came after 0.51.45, whose digests stay."""
    with_threads = {**VIEW, "definition": {"filter": {"thread_ids": ["t"]}}}
    assert expanded("SavedView", with_threads)["definition"]["filter"]["thread_ids"] == ["t"]
    without = expanded("SavedView", {**VIEW, "definition": {"filter": {}}})
    assert "thread_ids" not in without["definition"]["filter"]
    assert without["definition"]["filter"]["_class_name"] == "CallsFilter"


def test_the_value_is_not_changed():
    """The value that was sent stays as it is."""
    val = {"config": {**WORDS}}
    expanded("ActionSpec", val)
    assert val == {"config": WORDS}


@pytest.mark.parametrize(
    ("class_name", "val", "text"),
    [
        ("Leaderboard", {}, "obj.val.columns is missing; Leaderboard needs it"),
        (
            "Leaderboard",
            {"columns": [{"evaluation_object_ref": "r", "scorer_name": "s"}]},
            "obj.val.columns[0].summary_metric_path is missing; Leaderboard needs it",
        ),
        (
            "ActionSpec",
            {"config": {"action_type": "contains_words"}},
            "obj.val.config.target_words is missing; ActionSpec needs it",
        ),
        (
            "ActionSpec",
            {"name": None, "config": WORDS},
            "obj.val.name is refused by ActionSpec: it must be a text when it is given; correct it",
        ),
        (
            "ActionSpec",
            {"config": {**JUDGE, "model": "other"}},
            (
                "obj.val.config.model is refused by ActionSpec: Input should be 'gpt-4o' or "
                "'gpt-4o-mini'; correct it"
            ),
        ),
        (
            "Provider",
            {"base_url": "u", "api_key_name": "K", "return_type": "x"},
            "obj.val.return_type is refused by Provider: Input should be 'openai'; correct it",
        ),
        (
            "Provider",
            {},
            "obj.val.base_url is missing; Provider needs it (1 more)",
        ),
        (
            "ProviderModel",
            {"provider": "p", "max_tokens": 1.5},
            (
                "obj.val.max_tokens is refused by ProviderModel: Input should be a valid integer, got "
                "a number with a fractional part; correct it"
            ),
        ),
        (
            "SavedView",
            {**VIEW, "definition": {"pin": {"left": []}}},
            "obj.val.definition.pin.right is missing; SavedView needs it",
        ),
        (
            "LLMStructuredCompletionModel",
            {"llm_model_id": "m", "default_params": {**PARAMS, "response_format": "xml"}},
            (
                "obj.val.default_params.response_format is refused by LLMStructuredCompletionModel: "
                "Input should be 'json' or 'text'; correct it"
            ),
        ),
        (
            "AnnotationSpec",
            {"field_schema": {"pattern": "("}},
            (
                "obj.val.field_schema is refused by AnnotationSpec: it is no JSON Schema: "
                '"(" is not a "regex"; correct it'
            ),
        ),
        (
            "Provider",
            [1],
            "obj.val must be an object of class 'Provider', as builtin_object_class says, not list",
        ),
        (
            "Model",
            {},
            (
                "builtin_object_class 'Model' is not one of ActionSpec, AnnotationSpec, Leaderboard, "
                "LLMStructuredCompletionModel, Provider, ProviderModel, SavedView; name one of these "
                "or leave it out"
            ),
        ),
    ],
)
def test_what_is_refused(class_name, val, text):
    """The message names the class and the field, with its path in the request."""
    with pytest.raises(InvalidRequest) as caught:
        expanded(class_name, val)
    assert str(caught.value) == text


def test_judge_may_answer_in_any_schema():
    """A judge's config keeps its schema as it was sent."""
    config = expanded("ActionSpec", {"config": {**JUDGE, "response_schema": {"type": "boolean"}}})
    assert config["config"]["response_schema"] == {"type": "boolean"}

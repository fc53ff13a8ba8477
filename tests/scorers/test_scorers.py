"""The scorers that are ready to use."""

from __future__ import annotations

import doctest
import time
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from weave_lite import scorers
from weave_lite.core.errors import NotSupportedError
from weave_lite.scorers.texts import levenshtein_distance
from weave_lite.testing import memory_client


class City(BaseModel):
    name: str


@pytest.mark.parametrize(
    ("scorer", "columns", "score"),
    [
        (scorers.StringMatchScorer(), {"output": "A", "target": "bab"}, {"string_in_input": True}),
        (scorers.StringMatchScorer(), {"output": "x", "target": "bab"}, {"string_in_input": False}),
        (scorers.LevenshteinScorer(), {"output": "", "target": "ab"}, {"levenshtein_distance": 2}),
        (scorers.ValidJSONScorer(), {"output": "[1]"}, {"json_valid": True}),
        (scorers.ValidJSONScorer(), {"output": "[1"}, {"json_valid": False}),
        (scorers.ValidJSONScorer(), {"output": {"a": 1}}, {"json_valid": False}),
        (scorers.ValidJSONScorer(), {"output": "[" * 100_000}, {"json_valid": False}),
        (scorers.ValidXMLScorer(), {"output": "<a/>"}, {"xml_valid": True}),
        (scorers.ValidXMLScorer(), {"output": {"output": "<a>"}}, {"xml_valid": False}),
        (scorers.ValidXMLScorer(), {"output": {"output": "<a/>"}}, {"xml_valid": True}),
        (scorers.ValidXMLScorer(), {"output": None}, {"xml_valid": False}),
        (scorers.ValidXMLScorer(), {"output": '<!DOCTYPE a [<!ENTITY b "c">]><a/>'}, {"xml_valid": False}),
        (scorers.PydanticScorer(model=City), {"output": {"name": "x"}}, {"valid_pydantic": True}),
        (scorers.PydanticScorer(model=City), {"output": '{"name": 1}'}, {"valid_pydantic": False}),
        (scorers.PydanticScorer(model=City), {"output": City(name="x")}, {"valid_pydantic": True}),
    ],
)  # fmt: skip
def test_scores(scorer, columns, score):
    """Each, with columns that it does not know."""
    assert scorer.score(**columns, other=1) == score


def test_f1():
    """Two classes over rows, one of them without a score."""
    scorer = scorers.MultiTaskBinaryClassificationF1(class_names=["a", "b"])
    pairs = [
        ({"a": True, "b": False}, {"a": True, "b": False}),
        ({"a": False, "b": True}, {"a": True, "b": False}),
        ({"a": True, "b": False}, {"a": False, "b": False}),
        ({"a": True, "b": False}, None),
    ]
    rows = [scorer.score(target=target, model_output=said) for target, said in pairs]
    assert rows[1] == {
        "a": {"correct": False, "negative": False},
        "b": {"correct": False, "negative": True},
    }
    summary = scorer.summarize([*rows, {}, None])
    assert summary["a"] == pytest.approx({"f1": 0.4, "precision": 0.5, "recall": 1 / 3})
    assert summary["b"] == {"f1": 0.0, "precision": 0.0, "recall": 0.0}


def test_a_stored_pydantic_scorer_says_that_its_class_is_gone():
    """What is read back has the schema; scoring with it says what to do."""
    with memory_client() as client:
        found = client.get(client.publisher.publish(scorers.PydanticScorer(model=City)))
        with pytest.raises(NotSupportedError, match="make it again"):
            found.score(output="{}")


@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
def test_the_distance_is_a_metric(a, b, c):
    """Zero for equals only, the same both ways, and no detour is shorter."""
    assert (levenshtein_distance(a, b) == 0) is (a == b)
    assert levenshtein_distance(a, b) == levenshtein_distance(b, a)
    assert levenshtein_distance(a, c) <= levenshtein_distance(a, b) + levenshtein_distance(b, c)


@given(st.text("ab\U0001f600", max_size=70), st.text("ab\U0001f600", max_size=70))
def test_the_distance_is_that_of_the_table(a, b):
    """The number of steps is what the textbook's table of distances says."""
    row = list(range(len(b) + 1))
    for at, char in enumerate(a, 1):
        above, row[0] = row[0], at
        for to, other in enumerate(b, 1):
            step = above if char == other else 1 + min(above, row[to], row[to - 1])
            above, row[to] = row[to], step
    assert levenshtein_distance(a, b) == row[-1]


def test_long_texts_take_no_time():
    """Two texts of 20,000 characters: the table would have 400 million cells."""
    started = time.perf_counter()
    assert levenshtein_distance("ab" * 10_000, "ba" * 10_000) == 2
    assert time.perf_counter() - started < 2


def test_what_is_elsewhere_says_so():
    """Names of upstream that need a model have a message of their own."""
    with pytest.raises(AttributeError, match="asks a model or a service"):
        _ = scorers.OpenAIModerationScorer
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = scorers.Nothing
    assert all(name in dir(scorers) for name in scorers.__all__)


@pytest.mark.parametrize("name", ["texts", "formats", "models", "classification"])
def test_examples(name):
    """Those of the docstrings run."""
    module = import_module(f"weave_lite.scorers.{name}")
    tried = doctest.testmod(module)
    assert (tried.failed, tried.attempted > 0) == (0, True)

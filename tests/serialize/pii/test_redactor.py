"""Tests of the redactor: JSON, kinds that are named, and the optional analyser."""

from __future__ import annotations

import json
import sys
import types

import pytest

from weave_lite.core.errors import UsageError
from weave_lite.serialize.pii import analyser
from weave_lite.serialize.pii.patterns import PATTERNS
from weave_lite.serialize.pii.redactor import Redactor, redactor_for


@pytest.fixture(autouse=True)
def _no_analyser(monkeypatch):
    """Whatever is installed here, the analyser is not, and nothing is remembered."""
    monkeypatch.setattr(analyser, "find_spec", lambda name: None)
    redactor_for.cache_clear()
    yield
    redactor_for.cache_clear()


def test_values_are_redacted_and_structure_is_not():
    """Texts at any depth; keys, refs, numbers, class names and digests of files stay."""
    value = {
        "a@b.co": ["mail a@b.co", {"deep": "10.0.0.1"}],
        "ref": "weave:///e/p/call/a@b.co",
        "n": 4111111111111111,
        "_type": "a@b.co",
        "custom": {
            "_type": "CustomWeaveType",
            "files": {"x": "4111111111111111"},
            "val": {"t": "a@b.co"},
        },
    }

    found = json.loads(Redactor(PATTERNS).json(json.dumps(value)))

    assert found == {
        **value,
        "a@b.co": ["mail <EMAIL_ADDRESS>", {"deep": "<IP_ADDRESS>"}],
        "custom": {**value["custom"], "val": {"t": "<EMAIL_ADDRESS>"}},
    }


def test_text_in_which_nothing_is_found_stays_as_it_is():
    """Byte for byte."""
    redactor = Redactor(PATTERNS)

    assert [redactor.json(text) for text in ('{"a": 1.50}', '"x"', "null")] == [
        '{"a": 1.50}',
        '"x"',
        "null",
    ]
    assert redactor.json('"a@b.co"') == '"<EMAIL_ADDRESS>"'


def test_kinds_that_are_named():
    """Only these are looked for; case does not matter."""
    redactor = redactor_for(("email_address",))

    assert redactor.text("a@b.co 10.0.0.1") == "<EMAIL_ADDRESS> 10.0.0.1"
    assert redactor.missing == ()


def test_without_the_analyser_names_cannot_be_asked_for():
    """By default they are left out, and that is known; a named kind is an error with the remedy."""
    assert redactor_for(()).missing == ("LOCATION", "PERSON")
    with pytest.raises(
        UsageError,
        match=r"names PERSON, which only the analyser finds: pip install 'weave-lite\[pii\]'",
    ):
        redactor_for(("PERSON", "EMAIL_ADDRESS"))


def test_the_analyser_finds_the_rest(monkeypatch):
    """It is asked for what patterns cannot find, with a model that is installed; overlaps are one."""
    asked = []

    class Engine:
        def __init__(self, **options):
            asked.append(options)

        def analyze(self, **question):
            asked.append(question)
            at = question["text"].find("Ada")
            if at < 0:
                return []
            spans = [(at, at + 3, "PERSON"), (at, at + 12, "PERSON")]
            return [types.SimpleNamespace(start=a, end=b, entity_type=k) for a, b, k in spans]

    class Provider:
        def __init__(self, nlp_configuration):
            asked.append(nlp_configuration["models"])

        def create_engine(self):
            return "engine"

    package = types.ModuleType("presidio_analyzer")
    package.AnalyzerEngine = Engine
    engines = types.ModuleType("presidio_analyzer.nlp_engine")
    engines.NlpEngineProvider = Provider
    monkeypatch.setitem(sys.modules, "presidio_analyzer", package)
    monkeypatch.setitem(sys.modules, "presidio_analyzer.nlp_engine", engines)
    installed = {"presidio_analyzer", "en_core_web_sm"}
    monkeypatch.setattr(analyser, "find_spec", lambda name: name if name in installed else None)

    redactor = redactor_for(("PERSON", "EMAIL_ADDRESS"))

    assert (
        redactor.json('{"q":"Ask Ada Lovelace at a@b.co"}')
        == '{"q":"Ask <PERSON> at <EMAIL_ADDRESS>"}'
    )
    assert asked == [
        [{"lang_code": "en", "model_name": "en_core_web_sm"}],
        {"nlp_engine": "engine", "supported_languages": ["en"]},
        {"text": "Ask Ada Lovelace at <EMAIL_ADDRESS>", "language": "en", "entities": ["PERSON"]},
    ]
    installed.remove("en_core_web_sm")
    redactor_for.cache_clear()
    with pytest.raises(UsageError, match="en_core_web_lg"):
        redactor_for(("PERSON",))

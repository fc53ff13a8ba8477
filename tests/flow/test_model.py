"""Tests of Model: which method answers, and what its traced calls record."""

from __future__ import annotations

import pytest

from weave_lite.core.errors import MissingInferenceMethodError
from weave_lite.flow.model import Model
from weave_lite.trace.op import op


class Greeter(Model):
    greeting: str
    words: list[str] = []

    @op
    def predict(self, name: str) -> str:
        return f"{self.greeting} {name} {self.words[:2]}"


def test_infer_method_is_the_first_of_the_fixed_order():
    """Predict goes before infer, forward and invoke."""

    class Several(Model):
        def invoke(self) -> str:
            return "invoke"

        def infer(self) -> str:
            return "infer"

    assert Several().get_infer_method()() == "infer"
    assert Greeter(greeting="hi").get_infer_method()("Ada") == "hi Ada []"


def test_a_model_without_infer_method_says_which_names_there_are():
    """The error names the four methods."""
    with pytest.raises(MissingInferenceMethodError, match="predict, infer, forward, invoke"):
        Model().get_infer_method()


def test_a_traced_method_records_the_models_ref(client):
    """``self`` is the ref of the stored model, whose op is the called one."""
    model = Greeter(greeting="hi")

    model.predict("Ada")

    (call,) = client.get_calls()
    assert call.inputs == {"self": model.ref, "name": "Ada"}
    assert call.op_name == Greeter.predict.ref.uri()
    assert client.get(model.ref) == model


def test_a_changed_model_is_another_version(client):
    """Setting a field, or changing a list in place, makes a version; using it again makes none."""
    model = Greeter(greeting="hi", words=["a"])

    model.predict("1")
    model.predict("2")
    model.greeting = "hello"
    model.predict("3")
    model.words.append("b")
    model.predict("4")
    model.words.pop()
    model.predict("5")

    refs = [call.inputs["self"] for call in client.get_calls()]
    assert refs[0] == refs[1]
    assert len({refs[1], refs[2], refs[3]}) == 3
    assert refs[4] == refs[2]
    assert [client.get(ref).words for ref in (refs[2], refs[3])] == [["a"], ["a", "b"]]


def test_a_model_in_use_is_not_changed(client):
    """Inside predict the user's own fields are seen: slices work, types are plain."""
    seen = []

    class Looks(Model):
        items: list[int]

        @op
        def predict(self) -> int:
            seen.append((type(self.items), self.items[:1]))
            return len(self.items)

    looks = Looks(items=[1, 2])
    client.publisher.publish(looks)

    assert looks.predict() == 2
    assert seen == [(list, [1])]

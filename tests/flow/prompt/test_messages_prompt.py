"""Tests of MessagesPrompt."""

from __future__ import annotations

import pytest

from weave_lite.flow.prompt.easy_prompt import EasyPrompt
from weave_lite.flow.prompt.messages_prompt import MessagesPrompt
from weave_lite.flow.prompt.string_prompt import StringPrompt


def test_all_texts_of_messages_are_filled_in():
    """Roles, contents, and the texts of parts; addresses of images are left alone."""
    image = {"type": "image_url", "image_url": {"url": "https://x.example/{id}"}}
    messages = [
        {"role": "{role}", "content": "hi {name}", "n": 3},
        {"role": "user", "content": [{"type": "text", "text": "I am {name}"}, image]},
    ]
    prompt = MessagesPrompt(messages)

    assert prompt.format(role="system", name="Ada") == [
        {"role": "system", "content": "hi Ada", "n": 3},
        {"role": "user", "content": [{"type": "text", "text": "I am Ada"}, image]},
    ]
    assert prompt.messages == messages
    with pytest.raises(KeyError, match="name"):
        prompt.format(role="system")


@pytest.mark.parametrize("name", ["self", "message", "messages", "kwargs"])
def test_places_may_have_any_name(name):
    """Also that of a parameter of ours."""
    messages = [{"role": "user", "content": f"{{{name}}}"}]
    filled = [{"role": "user", "content": "hi"}]
    assert MessagesPrompt(messages).format(**{name: "hi"}) == filled
    assert StringPrompt(f"{{{name}}}").format(**{name: "hi"}) == "hi"
    easy = EasyPrompt(f"{{{name}}}")
    assert easy(**{name: "hi"}) == easy.bind(**{name: "hi"}).format() == filled


def test_one_message():
    """format_message takes any message."""
    assert MessagesPrompt([]).format_message({"content": "{a}"}, a=1) == {"content": "1"}


def test_a_prompt_comes_back_as_itself(client):
    """Messages are plain lists and dicts again."""
    prompt = MessagesPrompt([{"role": "user", "content": "{q}"}], name="mp", description="d")

    found = client.get(client.publisher.publish(prompt))

    assert (type(found), found) == (MessagesPrompt, prompt)
    assert [type(found.messages), type(found.messages[0])] == [list, dict]

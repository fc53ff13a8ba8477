"""Content as a field of a pydantic model: through JSON and back, and its schema."""

from __future__ import annotations

import pydantic
import pytest

from weave_lite.serialize.media.content import Content


class Page(pydantic.BaseModel):
    body: Content


def test_through_json_and_back():
    """All that is known of it; an instance is taken as it is."""
    content = Content.from_text("h\u00e9", metadata={"n": 1}, encoding="latin-1")
    page = Page(body=content)
    assert page.body is content
    assert Page.model_validate_json(page.model_dump_json()) == page
    assert Page.model_validate(page.model_dump()) == page


def test_of_bytes_alone():
    """What is not said is found out; size and digest are never taken from what is said."""
    said = {
        "data": b"hello",
        "size": 1,
        "digest": "x",
        "filename": "../a.md",
        "metadata": {"s": {1}},
    }
    read = Page.model_validate({"body": said}).body
    made = Content.from_bytes(b"hello", extension="md", metadata={"s": "{1}"})
    assert (read.filename, read.mimetype) == ("a.md", "text/markdown")
    assert (read.size, read.digest, read.metadata) == (made.size, made.digest, made.metadata)


@pytest.mark.parametrize(
    "wrong", [5, "text", {}, {"data": 5}, {"data": "!!"}, {"data": "aa\u00e9"}]
)
def test_what_is_refused(wrong):
    """As an error of the model."""
    with pytest.raises(pydantic.ValidationError, match="body"):
        Page.model_validate({"body": wrong})


def test_schema():
    """A model with one has a JSON schema, which tools of language models want."""
    schema = Page.model_json_schema()["properties"]["body"]
    assert (schema["type"], schema["required"], list(schema["properties"])) == (
        "object",
        ["data"],
        ["data", "mimetype", "filename"],
    )

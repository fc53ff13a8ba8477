"""What a content is made of: base64, data URLs and texts as they occur."""

from __future__ import annotations

import base64

import pytest

from weave_lite.core.errors import InvalidFieldError
from weave_lite.serialize.media.given import (
    DataUrl,
    as_text,
    from_base64,
    is_data_url,
    parse_data_url,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("data:,", DataUrl(b"", None, None, False)),
        ("data:,a%20b", DataUrl(b"a b", None, None, False)),
        ("data:,h\u00e9", DataUrl("h\u00e9".encode(), None, None, False)),
        ("DATA:Text/HTML;Charset=UTF-8;BASE64,aGk=", DataUrl(b"hi", "text/html", "UTF-8", True)),
        ('data:;charset="utf-8",a', DataUrl(b"a", None, "utf-8", False)),
        ("data:a/b+c.d;x=1;charset=latin-1,a", DataUrl(b"a", "a/b+c.d", "latin-1", False)),
        ("data:image/png;base64,aGk%3D", DataUrl(b"hi", "image/png", None, True)),
        ("data:image/png;base64,a Gk\n=", DataUrl(b"hi", "image/png", None, True)),
    ],
)
def test_data_urls(url, expected):
    """Letters of either case, quoted charsets, and base64 that was wrapped or percent-encoded."""
    assert parse_data_url(url) == expected
    assert is_data_url(url)


@pytest.mark.parametrize(
    "text", ["data: first, second", "data:", "data:image/png", "data:text,a", "http://x,y", "x"]
)
def test_what_is_no_data_url(text):
    """A sentence may begin with the word."""
    assert not is_data_url(text)
    with pytest.raises(InvalidFieldError, match="url must look like data:"):
        parse_data_url(text)


def test_wrapped_base64():
    """As it stands in mails, and as Python writes it."""
    data = bytes(range(256))
    assert from_base64(base64.encodebytes(data)) == data
    assert from_base64(base64.encodebytes(data).decode()) == data
    for wrong in ("a GVsbG8", "-_-_", "\u00e9"):
        with pytest.raises(InvalidFieldError, match="b64_data must be base64"):
            from_base64(wrong)


def test_text_of_bytes():
    """An encoding that Python does not know is named; one that nobody chose may be UTF-8."""
    assert as_text("h\u00e9".encode(), "us-ascii") == "h\u00e9"
    assert as_text(b"\xe9", "latin-1") == "\u00e9"
    with pytest.raises(InvalidFieldError, match="encoding 'klingon' is not known to Python"):
        as_text(b"x", "klingon")

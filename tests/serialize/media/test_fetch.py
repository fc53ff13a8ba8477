"""Contents from a URL: what a server says, and what is refused. A local server only."""

from __future__ import annotations

import pytest
from local_server import QuietHandler, running

from weave_lite.core.errors import InvalidFieldError, NotFoundError
from weave_lite.serialize.media.content import Content

ANSWERS = {
    "/a%20b.png": ({"Content-Type": "image/png"}, b"png"),
    "/plain": ({"Content-Type": "text/html; charset=latin-1"}, b"<p>"),
    "/named": ({"Content-Disposition": 'attachment; filename="..\\\\x/../report.pdf"'}, b"%PDF-"),
    "/blob/": ({"Content-Type": "application/octet-stream"}, b"%PDF-"),
}


@pytest.fixture(scope="module")
def server():
    """The address of a server that knows a few paths."""

    class Handler(QuietHandler):
        def do_GET(self):
            headers, body = ANSWERS.get(self.path, (None, b""))
            self.send_response(404 if headers is None else 200)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            body = self.headers.get("X-Key", "").encode() or body
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with running(Handler) as httpd:
        yield f"http://127.0.0.1:{httpd.server_port}"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a%20b.png", ("a b.png", "image/png", b"png")),
        ("/plain", ("plain", "text/html", b"<p>")),
        ("/named", ("report.pdf", "application/pdf", b"%PDF-")),
        ("/blob/", ("blob", "application/pdf", b"%PDF-")),
    ],
)
def test_what_a_server_says(path, expected, server):
    """Type and name; a type that says nothing is found out."""
    content = Content.from_url(server + path, metadata={"n": 1})
    assert (content.filename, content.mimetype, content.data) == expected
    assert (content.content_type, content.input_type, content.metadata) == ("url", "str", {"n": 1})


def test_headers_are_sent(server):
    """Such as a key."""
    assert Content.from_url(f"{server}/plain", headers={"X-Key": "k"}).data == b"k"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "a.txt", "", None, 5])
def test_only_http(url):
    """Nothing of this machine is read."""
    with pytest.raises(InvalidFieldError, match="url must begin with http:// or https://"):
        Content.from_url(url)


def test_nothing_there(server):
    """Neither at that path nor at that port."""
    for url in (f"{server}/absent", "http://127.0.0.1:9/x", "http://[broken/x"):
        with pytest.raises((NotFoundError, InvalidFieldError), match="url"):
            Content.from_url(url, timeout=2)

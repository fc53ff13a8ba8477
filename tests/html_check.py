"""Is a text whole HTML, and what does a reader see? A plain module: several test files use it."""

from __future__ import annotations

import base64
from html.parser import HTMLParser

# The only tags that are ever written, and what they may carry.
TAGS = set("div style span bdi table thead tbody tr th td details summary p pre code".split())
ATTRIBUTES = {"class", "scope", "dir", "open", "role"}


class Reader(HTMLParser):
    """Reads HTML, and fails on a tag that is not ours, not closed, or closed in the wrong place."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.pictures: list[bytes] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.see_picture(dict(attrs))
            return
        assert tag in TAGS, f"a tag of somebody else: {tag}"
        assert {name for name, _ in attrs} <= ATTRIBUTES, attrs
        self.open.append(tag)
        self.tags.append(tag)

    def see_picture(self, attributes: dict[str, str | None]) -> None:
        assert set(attributes) == {"class", "src", "alt"}
        kind, _, content = (attributes["src"] or "").partition(";base64,")
        assert kind in {f"data:image/{name}" for name in ("gif", "jpeg", "png", "webp")}
        self.pictures.append(base64.b64decode(content, validate=True))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"{tag} is closed and was never opened"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment of somebody else: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration of somebody else: {decl}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction of somebody else: {data}")


def read(html: str) -> Reader:
    """Check that a text is whole HTML of our own tags, within one element; give its reader."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    assert html.startswith('<div class="weave-lite">') and html.endswith("</div>")
    html.encode("utf-8")
    return reader


def text_of(html: str) -> str:
    """What a reader sees of whole HTML, a space between the parts."""
    return " ".join(" ".join(read(html).texts).split())

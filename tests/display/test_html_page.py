"""The page: whole, escaped, and within its limit."""

from __future__ import annotations

import re

import pytest
from html_check import read, text_of
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.display.html.page import LIMIT_BYTES, Page, rendered, visible
from weave_lite.display.html.style import STYLE

NODES = st.recursive(
    st.text(max_size=300),
    lambda nodes: st.tuples(st.sampled_from(["div", "td", "bdi"]), st.lists(nodes, max_size=6)),
    max_leaves=60,
)


def write(page: Page, node: object) -> None:
    if isinstance(node, str):
        page.text(node)
        return
    with page.tag(node[0], "wl-dim"):
        for child in node[1]:
            write(page, child)


@given(NODES, st.integers(min_value=len(STYLE) + 400, max_value=len(STYLE) + 3000))
def test_any_tree_in_any_room_is_whole_and_small(node, limit):
    """Whatever is written, and whatever the limit, tags are whole and the size is kept."""
    html = rendered(lambda page: write(page, node), limit)

    read(html)
    assert len(html.encode()) <= limit


@given(NODES)
def test_what_fits_is_all_there(node):
    """Nothing is left out, and no notice is given, where there is room."""

    def texts(node):
        return visible(node) if isinstance(node, str) else "".join(map(texts, node[1]))

    html = rendered(lambda page: write(page, node), 10_000_000)

    assert "".join(read(html).texts) == texts(node)


def test_a_long_text_is_cut_with_a_notice():
    """The head is shown, the size is kept, and what comes later is left out."""

    def long(page: Page) -> None:
        with page.tag("div"):
            page.text("<&>" * LIMIT_BYTES)
        page.element("p", "later")

    html = rendered(long)

    text = text_of(html)
    assert len(html.encode()) <= LIMIT_BYTES
    assert text.startswith("<&><&>")
    assert "larger than 200 kB" in text
    assert "later" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m\x00\x7f\x9b", "\\x1b[31m\\x00\\x7f\\x9b"),
        ("a\u202eb\u2066c\u200fd\u061c", "a\\u202eb\\u2066c\\u200fd\\u061c"),
        ("\ud800 \udfff", "\\ud800 \\udfff"),
        ("a\r\nb\tc\rd", "a\nb\tc\\x0dd"),
        ("שלום 👩‍👩‍👧 é", "שלום 👩‍👩‍👧 é"),
    ],
)
def test_characters_that_act_are_shown(text, shown):
    """Controls, marks of direction and broken pairs are codes; scripts and emoji are left alone."""
    assert visible(text) == shown


def test_stored_markup_is_text():
    """Tags, quotes and entities of others arrive as what they are."""
    hostile = "</div></style><script>alert(1)</script>&lt;\"'<!-- --><![CDATA["

    assert text_of(rendered(lambda page: page.element("p", hostile))) == hostile


def test_the_style_touches_nothing_else():
    """Each selector is within our class; nothing is loaded from anywhere."""
    sheet = re.sub(r"@media[^{]*\{(.*?\})\s*\}", r"\1", STYLE)
    selectors = [part for rule in re.findall(r"([^{}]+)\{", sheet) for part in rule.split(",")]

    assert selectors
    assert [part for part in selectors if ".weave-lite" not in part] == []
    assert not re.search(r"url\(|@import|http|expression", STYLE)
    assert "</" not in STYLE


def test_an_error_while_writing_leaves_whole_tags():
    """The elements that are open are closed when something raises within them."""
    page = Page()

    with pytest.raises(ValueError, match="no"), page.tag("div"), page.tag("p"):
        raise ValueError("no")

    assert page.html() == "<div><p></p></div>"


@given(NODES, st.integers(min_value=0, max_value=500), st.integers(min_value=0, max_value=500))
def test_a_part_leaves_room_for_what_follows(node, most, before):
    """However much is in a part, what comes after it is there, and the whole is whole."""

    def parted(page: Page) -> None:
        with page.tag("div"):
            page.text("b" * before)
            with page.part(most):
                write(page, node)
            page.element("p", "after")

    free = len(STYLE) + 1500

    html = rendered(parted, free)

    reader = read(html)
    assert len(html.encode()) <= free
    assert "after" in reader.texts
    assert "larger than" not in html
    whole = rendered(lambda page: write(page, node), 10_000_000)
    inside = len(whole) - len(rendered(lambda page: None, 10_000_000))
    assert ("Cut here: too large for a notebook." in reader.texts) == (
        inside > most
    ) or not whole.isascii()

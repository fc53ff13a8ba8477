"""Markdown: rich's parameters, rendered by rich and by notebooks."""

from __future__ import annotations

import inspect

import pytest

from weave_lite.serialize.media.markdown import Markdown


def test_it_has_the_parameters_of_richs():
    """By name, order and default."""
    rich = pytest.importorskip("rich.markdown")
    ours, theirs = (
        [(p.name, p.default) for p in inspect.signature(c.__init__).parameters.values()]
        for c in (Markdown, rich.Markdown)
    )
    assert ours == theirs


def test_rich_and_notebooks_render_it():
    """Rich as it renders its own, a notebook by the text."""
    rich = pytest.importorskip("rich.console")
    from rich.markdown import Markdown as RichMarkdown

    printed = []
    for value in (Markdown("# Title\n- a"), RichMarkdown("# Title\n- a")):
        with (console := rich.Console(width=20)).capture() as captured:
            console.print(value)
        printed.append(captured.get())
    assert printed[0] == printed[1]
    assert "Title" in printed[0]
    assert Markdown("# T")._repr_markdown_() == "# T"


def test_equality():
    """By text and looks."""
    assert Markdown("a") == Markdown("a", code_theme="monokai")
    assert Markdown("a") != Markdown("a", code_theme="vim")
    assert Markdown("a") != "a"
    assert repr(Markdown("a")) == "Markdown('a', code_theme='monokai')"

"""Tables as text, wherever Python runs."""

from __future__ import annotations

import pytest
from rich.table import Table

from weave_lite.display.grid_table import table_text

SHOWN = """\
┏━━━┳━━━━┓
┃ a ┃ b  ┃
┡━━━╇━━━━┩
│ 1 │ ab │
└───┴────┘"""


@pytest.mark.parametrize("is_notebook", [False, True])
def test_a_table_becomes_text_and_nothing_is_shown(monkeypatch, capsys, is_notebook):
    """In a notebook as well, where rich likes to show what is printed."""
    monkeypatch.setattr("rich.console._is_jupyter", lambda: is_notebook)
    table = Table("a", "b")
    table.add_row("1", "ab")

    assert table_text(table) == SHOWN
    assert capsys.readouterr() == ("", "")

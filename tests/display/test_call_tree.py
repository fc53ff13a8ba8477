"""Calls as pictures of text: trees, tables and cards."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from rich.console import Console

from weave_lite.display.call_card import call_card
from weave_lite.display.call_tree import call_tree
from weave_lite.display.calls_table import calls_table
from weave_lite.trace_server.interface.calls import CallSchema

START = dt.datetime(2024, 3, 1, 10, tzinfo=dt.UTC)


def call(call_id: str, parent_id: str | None = None, **fields: Any) -> CallSchema:
    number = int(call_id)
    values: dict[str, Any] = {
        "id": call_id,
        "project_id": "local/demo",
        "op_name": f"weave:///local/demo/op/step_{call_id}:abc",
        "trace_id": "t",
        "parent_id": parent_id,
        "started_at": START + dt.timedelta(seconds=number),
        "ended_at": START + dt.timedelta(seconds=number, milliseconds=1250),
        "attributes": {},
        "inputs": {"n": number},
        "output": number,
        "summary": {"weave": {"status": "success", "trace_name": f"step_{call_id}"}},
    }
    return CallSchema(**{**values, **fields})


def rendered(renderable: Any, width: int = 120) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(renderable)
    return console.export_text()


def test_tree_has_children_in_order_of_time() -> None:
    """The order of the input does not matter; calls outside the subtree are left out."""
    calls = [call("3", "1"), call("2", "1"), call("4", "2"), call("1"), call("9", "0")]
    lines = rendered(call_tree(calls, "1")).splitlines()
    assert [line.split("step_")[1][0] for line in lines] == ["1", "2", "4", "3"]
    assert lines[0].startswith("✓ step_1 1.25 s")
    assert lines[2].startswith("│   └── ")


def test_tree_shows_errors_in_place_of_output() -> None:
    """A failed call shows type and message of its exception."""
    failed = call(
        "1",
        exception='{"type": "ValueError", "message": "bad [red]1[/red]", "traceback": []}',
        output=None,
        summary={"weave": {"status": "error", "trace_name": "boom"}},
    )
    assert '✗ boom 1.25 s  {"n":1} → ValueError: bad [red]1[/red]' in rendered(
        call_tree([failed], "1")
    )


def test_tree_survives_a_loop_of_parents() -> None:
    """Calls that are each other's parents are shown once each."""
    text = rendered(call_tree([call("1", "2"), call("2", "1")], "1"))
    assert text.count("step_") == 2


def test_deep_tree() -> None:
    """A trace deeper than Python's recursion limit can be laid out."""
    calls = [call("0")] + [call(str(n), str(n - 1)) for n in range(1, 3_000)]
    node = call_tree(calls, "0")
    depth = 0
    while node.children:
        node = node.children[0]
        depth += 1
    assert depth == 2_999


def test_table_shows_tokens_only_where_there_are_any() -> None:
    """A column of tokens comes with the first call that used some."""
    usage = {"usage": {"m": {"prompt_tokens": 1_000, "completion_tokens": 5}}}
    assert "tokens" not in rendered(calls_table([call("1")]))
    with_usage = rendered(calls_table([call("1"), call("2", summary=usage)]))
    assert "tokens" in with_usage
    assert "1,005" in with_usage


def test_table_cuts_long_values() -> None:
    """A value of many characters takes one line."""
    lines = rendered(calls_table([call("1", inputs={"text": "x\n" * 100_000})])).splitlines()
    assert len(lines) == 2


def test_card_shows_everything() -> None:
    """The card has the facts, the values and the frames of an exception."""
    failed = call(
        "1",
        "7",
        thread_id="thread-1",
        exception='{"type": "KeyError", "message": "\'z\'", "traceback": [{"filename": "a.py", '
        '"line_number": 3, "function_name": "f", "text": "return d[k]"}]}',
        output=None,
        attributes={"env": "prod"},
    )
    text = rendered(call_card(failed))
    for part in (
        "step_1",
        "thread-1",
        'File "a.py", line 3, in f',
        "return d[k]",
        "KeyError: 'z'",
        "prod",
    ):
        assert part in text


def test_plain_exception_text_is_shown_as_it_is() -> None:
    """Other writers store an exception as plain text."""
    assert "it broke" in rendered(call_card(call("1", exception="it broke", output=None)))


def test_hostile_markup_is_text() -> None:
    """What is stored is never read as markup."""
    text = rendered(calls_table([call("1", inputs={"a": "[bold]x[/bold] [/]"})]))
    assert "[bold]x[/bold] [/]" in text


ESCAPES = "a\x1b[31mb\x07\x9b2J\x7f\rc"


def test_escapes_of_the_terminal_are_shown_and_not_obeyed() -> None:
    """What a traced program stored cannot colour, clear or rename the reader's terminal."""
    odd = call(
        "1",
        op_name=ESCAPES,
        inputs={"q": ESCAPES},
        output=ESCAPES,
        wb_user_id=ESCAPES,
        summary={"weave": {"status": "success", "display_name": ESCAPES}},
    )
    failed = odd.model_copy(update={"exception": ESCAPES})
    for one in (odd, failed):
        for picture in (call_tree([one], "1"), calls_table([one]), call_card(one)):
            console = Console(width=400, file=io.StringIO(), color_system=None)
            console.print(picture)
            shown = console.file.getvalue()
            assert r"a\x1b[31mb\x07\x9b2J\x7f" in shown
            assert {char for char in shown if ord(char) < 32 or 127 <= ord(char) < 160} == {"\n"}


def test_lines_of_a_text_stay_lines() -> None:
    """Line ends of any system and tabs are no escapes."""
    shown = rendered(call_card(call("1", output="first\r\nsecond\n\tthird")))
    assert "first\nsecond\n" in shown.replace(" \n", "\n").replace("  ", "")
    assert "\\x" not in shown

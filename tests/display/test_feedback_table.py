"""Tests of feedback as text."""

from __future__ import annotations

import datetime as dt

from weave_lite.display.call_words import when
from weave_lite.display.feedback_table import feedback_text
from weave_lite.trace_server.interface.feedback import Feedback

NOON = dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)


def made(feedback_type, payload, **fields):
    return Feedback(
        id="1",
        project_id="ent/proj",
        weave_ref="weave:///ent/proj/call/9",
        created_at=NOON,
        feedback_type=feedback_type,
        payload=payload,
        **fields,
    )


def words(text):
    """What stands in the cells, line by line."""
    lines = [line.replace("┃", "│") for line in text.splitlines() if line[:1] in "│┃"]
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]


def test_several_are_a_table():
    """A reaction is its emoji, a note its text, anything else its JSON."""
    text = feedback_text(
        [
            made("wandb.reaction.1", {"emoji": "\N{ROCKET}", "alias": ":rocket:"}, creator="Ada"),
            made("wandb.note.1", {"note": "[bold]fine"}, creator="Ada", wb_user_id="al"),
            made("grade", {"ä": 1}, wb_user_id="al"),
        ]
    )

    assert words(text) == [
        ["Type", "Feedback", "Created", "ID", "Creator"],
        ["reaction", "\N{ROCKET}", when(NOON), "1", "Ada"],
        ["note", "[bold]fine", when(NOON), "1", "Ada (al)"],
        ["grade", "{", when(NOON), "1", "al"],
        ["", '"ä": 1', "", "", ""],
        ["", "}", "", "", ""],
    ]


def test_one_is_a_card_and_none_a_heading():
    """A card has a line per field; the ref is shown where it is asked for."""
    one = made("wandb.note.1", {"note": "\x1b[31mred"})

    assert words(feedback_text([one], show_refs=True)) == [
        ["Ref", "weave:///ent/proj/call/9"],
        ["Type", "note"],
        ["Feedback", "\\x1b[31mred"],
        ["Created", when(NOON)],
        ["ID", "1"],
        ["Creator", ""],
    ]
    assert words(feedback_text([])) == [["Type", "Feedback", "Created", "ID", "Creator"]]


def test_a_payload_without_its_field_is_shown_whole():
    """A server of another kind may have stored anything."""
    assert '"text": 1' in feedback_text([made("wandb.note.1", {"text": 1})])

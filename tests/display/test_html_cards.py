"""Cards, tables and trees of calls as HTML."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from html_check import read, text_of
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.display.html.call_card import call_card
from weave_lite.display.html.call_view import CallView, money
from weave_lite.display.html.calls_table import calls_table
from weave_lite.display.html.object_card import object_card
from weave_lite.display.html.page import LIMIT_BYTES
from weave_lite.display.html.plain import html_or_repr
from weave_lite.display.html.rows_table import rows_table

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
HOSTILE = st.text() | st.sampled_from(["</td>", "<script>", "\u202e", "\x00", "x" * 50_000])


def view(call_id: str, parent_id: str | None = None, **fields: Any) -> CallView:
    plain = CallView(
        id=call_id,
        parent_id=parent_id,
        name=f"step_{call_id}",
        status="success",
        started_at=START,
        ended_at=START + dt.timedelta(seconds=1.25),
        inputs={"n": 1},
        output=2,
        exception=None,
        summary={},
    )
    return plain._replace(**fields)


def test_the_card_of_a_call():
    """Name, status, latency, tokens, cost, values, usage, feedback, extras and link are there."""
    call = view(
        "c1",
        inputs={"self": "me", "question": "why?"},
        summary={
            "usage": {"small": {"requests": 1, "prompt_tokens": 1200, "completion_tokens": 5}},
            "weave": {
                "costs": {
                    "small": {"prompt_tokens_total_cost": 0.5, "completion_tokens_total_cost": 0.25}
                },
                "feedback": [{"feedback_type": "note", "payload": {"note": "good"}}],
            },
            "own": 7,
        },
        attributes={"env": "test"},
        uri="weave:///e/p/call/c1",
        about={"user": "ann", "turn": None},
    )

    text = text_of(call_card(call, []))

    day = START.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    assert text == (
        f"step_c1 ✓ success 1.25 s · 1,205 tokens · $0.75 · {day} inputs self me question why? "
        "output 2 usage model requests prompt_tokens completion_tokens cost small 1 1200 5 $0.75 "
        'feedback type payload note {note: "good"} '
        "summary own 7 attributes env test about user ann weave:///e/p/call/c1"
    )


def test_the_card_of_a_call_that_failed():
    """The exception stands in the place of the output; its traceback folds away."""
    exception = (
        '{"type": "ValueError", "message": "<b>no</b>", "traceback": '
        '[{"filename": "a.py", "line_number": 3, "function_name": "f", "text": "f()"}]}'
    )

    html = call_card(view("c1", status="error", exception=exception, output=None), [])

    assert '<span class="wl-error">✗ error</span>' in html
    assert 'exception ValueError: <b>no</b> traceback File "a.py", line 3, in f f()' in text_of(
        html
    )
    assert "output" not in text_of(html)


def test_a_running_call_has_no_output():
    """What has not ended says so."""
    text = text_of(call_card(view("c1", status="running", ended_at=None, output=None), []))

    assert "… running" in text
    assert "output" not in text


def test_the_tree_below_a_card_nests():
    """A call folds what is below it; calls that are not below the root are left out."""
    calls = [view("a", "top"), view("b", "a"), view("c", "b"), view("d", "top"), view("x", "other")]

    html = call_card(view("top"), calls)

    reader = read(html)
    names = [text for text in reader.texts if text.startswith("step_")]
    assert names == ["step_top", "step_a", "step_b", "step_c", "step_d"]
    assert html.count("<details open>") == 2


def test_a_large_tree_opens_only_the_way_to_what_failed():
    """Of 30 branches the one with the error is unfolded."""
    calls = [view(f"b{at}", "top") for at in range(30)]
    calls += [
        view(f"l{at}", f"b{at}", status="error" if at == 7 else "success") for at in range(30)
    ]

    html = call_card(view("top"), calls)

    assert html.count("<details open>") == 1
    assert html.count("<details>") == 29


def test_a_tree_that_is_too_deep_for_a_browser_goes_on_flat():
    """All 300 levels are there, in no more than 60 nested elements; a loop ends."""
    calls = [view(str(at), str(at - 1)) for at in range(1, 301)]
    calls.append(view("5", "300"))

    reader = read(call_card(view("0"), calls))

    assert [text for text in reader.texts if text.startswith("step_")] == [
        f"step_{at}" for at in range(301)
    ] + ["step_5"]
    assert reader.tags.count("details") == 60


def test_a_tree_that_is_not_all_there_says_so():
    """The card tells how many are shown."""
    text = text_of(call_card(view("0"), [view("1", "0")], is_all=False))

    assert "the first 1 are shown" in text


def test_the_table_of_calls():
    """A line per call; columns of tokens and cost only where there are any; the date once."""
    calls = [
        view("0123456789abcdef", inputs={"self": "me", "q": "why"}),
        view("b", status="error", exception='{"type": "KeyError", "message": "k"}'),
        view("c", summary={"usage": {"m": {"total_tokens": 7}}}),
    ]

    text = text_of(calls_table(calls, "1,000+"))

    day, time = START.astimezone().strftime("%Y-%m-%d %H:%M:%S").split()
    assert text == (
        f"1,000+ calls the first 3 are shown {day} op started took tokens inputs output id "
        f'✓ step_0123456789abcdef {time} 1.25 s q="why" 2 456789abcdef '
        f"✗ step_b {time} 1.25 s n=1 KeyError: k b ✓ step_c {time} 1.25 s 7 n=1 2 c"
    )


def test_no_calls():
    """An empty result is one line."""
    assert text_of(calls_table([], "0")) == "0 calls"


def test_the_table_of_rows():
    """Rows with different keys have all columns; the count tells of those not shown."""
    html = rows_table(
        "Dataset d", [{"a": 1, "b": None}, {"a": 1234567.8912, "c": [1]}], 7, note="weave:///x"
    )

    assert text_of(html) == (
        "Dataset d 7 rows, 3 columns a b c 0 1 1 1.23457e+06 [1] the first 2 of 7 rows weave:///x"
    )
    assert html.count('class="wl-number"') == 3


def test_the_scores_of_an_evaluation_are_columns():
    """Each score of a row is a cell of its own."""
    from weave_lite.display.html.rows_table import with_flat_scores

    rows = [{"output": "x", "scores": {"exact": {"ok": True}, "len": 3}, "model_latency": 0.5}]

    assert with_flat_scores(rows) == [
        {"output": "x", "exact.ok": True, "len": 3, "model_latency": 0.5}
    ]
    assert with_flat_scores([{"scores": {"a": 1}}]) == [{"scores": {"a": 1}}]


def test_more_columns_than_fit():
    """Twenty are shown, the rest is counted."""
    text = text_of(rows_table("t", [{f"k{at}": at for at in range(25)}], 1))

    assert "1 row, 25 columns" in text
    assert text.endswith("and 5 more columns")


def test_the_card_of_an_object():
    """Title, fields and link."""
    assert (
        text_of(object_card("Settings s", {"t": 0.2}, note="weave:///o"))
        == "Settings s t 0.2 weave:///o"
    )


@given(HOSTILE, st.dictionaries(HOSTILE, HOSTILE, max_size=5))
def test_hostile_calls_are_whole_and_small(text, values):
    """Names, statuses, exceptions and summaries of anybody stay text."""
    call = view(
        text,
        "top",
        name=text,
        status=text,
        inputs=values,
        output=values,
        exception=text,
        summary={
            "usage": values,
            "weave": {"costs": {text: values}, "feedback": [values, text]},
            text: values,
        },
        attributes=values,
        uri=text,
        about={"user": text},
    )

    for html in (
        call_card(call, [call._replace(id=str(at), parent_id=text) for at in range(40)]),
        calls_table([call] * 50, "50"),
        rows_table(text, [values] * 20, 20, note=text),
        object_card(text, values, note=text),
    ):
        read(html)
        assert len(html.encode()) <= LIMIT_BYTES


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (None, ""),
        (0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.0123, "$0.01"),
        (0.000097, "$0.000097"),
        (1e-9, "<$0.000001"),
    ],
)
def test_money(cost, text):
    """Small sums keep the digits that count."""
    assert money(cost) == text


def test_what_fails_is_shown_as_its_repr():
    """A failure while HTML is made gives the escaped repr; so does one that exits."""

    def fail() -> str:
        raise SystemExit("<no>")

    assert text_of(html_or_repr("<value>", fail)) == "'<value>'"

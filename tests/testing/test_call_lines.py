"""Calls as lines, and trees of lines compared."""

from __future__ import annotations

import pytest

import weave_lite as weave
from weave_lite.core.errors import UsageError
from weave_lite.testing import memory_client
from weave_lite.testing.call_lines import Line, cut, difference, parsed, tree_lines


class Odd:
    def __repr__(self):
        raise RuntimeError("no")


@weave.op
def leaf(x):
    if x == 0:
        raise ValueError("zero\nis not allowed")
    return x


@weave.op
def root(*numbers):
    for number in numbers:
        try:
            leaf(number)
        except ValueError:
            pass


def texts(lines):
    return [str(line) for line in lines]


def test_a_line_has_inputs_and_outcome():
    """Outputs, exceptions in one line, and calls that still run."""
    with memory_client() as client:
        root(3, 0)
        open_call = client.create_call("waiting", {"text": "y" * 80})
        lines = tree_lines(client.get_calls())
        client.finish_call(open_call)
    assert texts(lines) == [
        "root(numbers=[3, 0]) -> None",
        "  leaf(x=3) -> 3",
        "  leaf(x=0) raises ValueError: zero is not allowed",
        f"waiting(text='{'y' * 58}…) is running",
    ]


def test_a_line_has_four_forms():
    """The name alone, with inputs, with the outcome, with both."""
    with memory_client() as client:
        leaf(1)
        (line,) = tree_lines(client.get_calls())
    assert line == Line(0, ("leaf", "leaf(x=1)", "leaf -> 1", "leaf(x=1) -> 1"))


def test_a_part_of_a_tree():
    """Only one call and what is below it; a call whose parent is not there is a root."""
    with memory_client() as client:
        root(1)
        root(2)
        calls = list(client.get_calls())
    assert texts(tree_lines(calls, calls[2].id)) == [
        "root(numbers=[2]) -> None",
        "  leaf(x=2) -> 2",
    ]
    assert texts(tree_lines(calls[1:2])) == ["leaf(x=1) -> 1"]


def test_a_deep_tree_needs_no_recursion():
    """Traces may be deeper than Python's stack."""
    with memory_client() as client:
        parent = None
        for _ in range(1500):
            parent = client.create_call("down", {}, parent=parent, use_stack=False)
        lines = tree_lines(client.get_calls())
    assert [line.depth for line in lines] == list(range(1500))


def test_written_trees_are_read_by_their_indentation():
    """However wide, and however deep the whole text stands."""
    text = """

        a
            b(x=1)

              c
            d -> 2
        e
    """
    assert [(line.depth, line.forms[0]) for line in parsed(text)] == [
        (0, "a"), (1, "b(x=1)"), (2, "c"), (1, "d -> 2"), (0, "e"),
    ]  # fmt: skip
    assert parsed("") == []


@pytest.mark.parametrize("text", ["a\n    b\n  c", "  a\nc\n d"])
def test_indentation_that_fits_nothing_is_refused(text):
    """The message names the line."""
    with pytest.raises(UsageError, match=r"indentation of the line 'c' is that of no line above"):
        parsed(text)


def test_the_difference_shows_both_sides():
    """Lines that match in any form stay as they were written."""
    traced = [
        Line(0, ("a", "a(x=1)", "a -> 2", "a(x=1) -> 2")),
        Line(1, ("b", "b()", "b -> 3", "b() -> 3")),
        Line(1, ("c", "c()", "c -> 4", "c() -> 4")),
    ]
    assert difference(parsed("a -> 2\n  b\n  c() -> 4"), traced) == []
    assert difference(parsed("a\n b -> 5\n  c\nd"), traced) == [
        "  a",
        "-   b -> 5",
        "+   b() -> 3",
        "-     c",
        "- d",
        "+   c() -> 4",
    ]
    assert difference([], traced[:1]) == ["+ a(x=1) -> 2"]


def test_long_differences_leave_out_what_is_alike():
    """Three lines around each change stay."""
    traced = [Line(0, (f"n{i}",)) for i in range(100)]
    lines = difference([*traced[:50], *traced[51:]], traced)
    assert lines == [
        "  … 47 lines that are alike", "  n47", "  n48", "  n49", "+ n50", "  n51", "  n52", "  n53",
        "  … 46 lines that are alike",
    ]  # fmt: skip


def test_long_texts_are_cut():
    """With the number of lines that are left out."""
    assert cut(["x"] * 60) == "\n".join(["x"] * 60)
    assert cut(["x"] * 62).splitlines()[-1] == "… 2 more lines"


def test_a_value_whose_repr_fails_has_a_line():
    """Somebody else's class must not break the message."""
    from weave_lite.testing.call_lines import shown

    assert shown(Odd()) == "<Odd whose repr fails: RuntimeError>"

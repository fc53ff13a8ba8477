"""The JSON text of exceptions."""

from __future__ import annotations

import json

from weave_lite.trace.exception_text import exception_text
from weave_lite.trace.op import op


def described(function):
    try:
        function()
    except BaseException as error:
        return json.loads(exception_text(error))
    raise AssertionError("nothing was raised")


def test_an_exception_that_was_not_raised_has_no_traceback():
    """Type and message only."""
    assert json.loads(exception_text(ValueError("f"))) == {"type": "ValueError", "message": "f"}


def test_the_traceback_goes_from_the_outer_stack_to_the_raising_line():
    """With source lines, and without frames of ours."""

    def boom(x):
        raise KeyError(x)

    @op
    def traced(x):
        boom(x)

    frames = described(lambda: traced("z"))["traceback"]
    names = [frame["function_name"] for frame in frames]
    assert names[-4:] == ["described", "<lambda>", "traced", "boom"]
    assert frames[-1] == {
        "filename": __file__,
        "line_number": boom.__code__.co_firstlineno + 1,
        "function_name": "boom",
        "text": "raise KeyError(x)",
    }
    assert not any("weave_lite" in frame["filename"] for frame in frames)


def test_a_deep_recursion_makes_a_bounded_text():
    """What is left out is said."""

    def down(n):
        return down(n + 1)

    frames = described(lambda: down(0))["traceback"]
    assert len(frames) == 101
    assert "frames left out" in frames[50]["text"]
    assert frames[-1]["function_name"] == "down"


def test_exceptions_whose_text_fails():
    """Whatever they raise, a stand-in is written."""

    class Silent(Exception):
        def __str__(self):
            raise SystemExit

    class Surrogate(Exception):
        def __str__(self):
            return "\ud800"

    assert json.loads(exception_text(Silent()))["message"] == "<Silent without a printable message>"
    assert json.loads(exception_text(Surrogate()))["message"] == "\\ud800"

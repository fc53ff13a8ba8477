"""Running stored code: only on request, ours under the name ``weave``, and nothing left behind."""

from __future__ import annotations

import inspect
import sys
import traceback

import pytest

import weave_lite
from weave_lite.core.errors import DecodeError
from weave_lite.serialize.codecs.op_code import load_op_source

OP = "import weave\n\n@weave.op()\ndef f(x):\n    return {body}\n"


def test_runs_and_leaves_nothing_behind(capfd):
    """Search path and module table are as before, and nothing is printed."""
    load_op_source(OP.format(body="0"), "warm-up")
    path, modules = list(sys.path), dict(sys.modules)

    op = load_op_source(OP.format(body="x + 1"), "f")

    assert op(1) == 2
    assert weave_lite.is_op(op)
    assert (sys.path, sys.modules) == (path, modules)
    assert capfd.readouterr() == ("", "")


def test_finds_us_under_the_name_weave():
    """In the module and in functions that run later, whatever else has that name."""
    text = OP.format(body="later()").replace(
        "import weave\n",
        "import weave\nimport weave.trace.op as o\nfrom weave import op\n"
        "def later():\n    import weave as inner\n    return inner, o.op, op\n",
    )

    found = load_op_source(text, "f")(1)

    assert found == (weave_lite, weave_lite.op, weave_lite.op)


def test_the_last_decorated_function_is_the_op():
    """Helpers may be ops as well, and names may follow it."""
    text = OP.format(body="helper(x)").replace(
        "import weave\n", "import weave\n@weave.op()\ndef helper(x): return x * 2\n"
    )

    op = load_op_source(f"{text}\nother = f\ndef plain(): pass\n", "f")

    assert (op.name, op(4)) == ("f", 8)


def test_class_methods_as_the_official_sdk_stores_them():
    """The decorator around the op is taken off."""
    text = OP.format(body="x").replace("@weave", "@classmethod\n@weave").replace("(x)", "(cls, x)")

    assert load_op_source(text, "f")(None, 3) == 3


def test_source_and_traceback_show_the_stored_code():
    """Both find the lines of the stored text."""
    op = load_op_source(OP.format(body="1 // x"), "f")

    with pytest.raises(ZeroDivisionError) as raised:
        op(0)

    assert inspect.getsource(op.resolve_fn) == "@weave.op()\ndef f(x):\n    return 1 // x\n"
    shown = traceback.format_exception(raised.value)
    assert "    return 1 // x\n" in "".join(shown)


def test_dataclasses_and_postponed_annotations():
    """Dataclasses look for the module of a class while they are made."""
    text = OP.format(body="K(x).n").replace(
        "import weave\n",
        "from __future__ import annotations\nimport weave\nimport dataclasses\n"
        "@dataclasses.dataclass\nclass K:\n    n: int\n    c: ClassVar[NotThere] = 1\n",
    )

    assert load_op_source(text, "f")(3) == 3


FAILURES = {
    "def f(:": (SyntaxError, "the stored code of op 'bad' is not valid: "),
    "1 / 0": (
        ZeroDivisionError,
        "the stored code of op 'bad' fails when it runs: ZeroDivisionError",
    ),
    "import sys\nsys.exit(3)": (
        SystemExit,
        "the stored code of op 'bad' fails when it runs: SystemExit",
    ),
    "import no_such_module": (
        ModuleNotFoundError,
        "the stored code of op 'bad' fails when it runs: ",
    ),
    "a = '\0'": ((ValueError, SyntaxError), "the stored code of op 'bad' is not valid: "),
    "def f(): pass": (type(None), "the stored code of op 'bad' defines no op"),
    "": (type(None), "the stored code of op 'bad' defines no op"),
}


@pytest.mark.parametrize("text", FAILURES)
def test_failure(text, capfd):
    """One error of ours that says what is wrong, with its cause, and nothing printed or kept."""
    cause, message = FAILURES[text]
    path, modules = list(sys.path), set(sys.modules)

    with pytest.raises(DecodeError) as raised:
        load_op_source(text, "bad")

    assert str(raised.value).startswith(message)
    assert raised.value.codec == "Op"
    assert isinstance(raised.value.__cause__, cause)
    assert (sys.path, set(sys.modules)) == (path, modules)
    assert capfd.readouterr() == ("", "")


def test_keyboard_interrupt_passes_through():
    """The user can stop code that hangs."""
    with pytest.raises(KeyboardInterrupt):
        load_op_source("raise KeyboardInterrupt", "f")

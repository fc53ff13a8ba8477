"""Lambdas as ops: the expression alone is stored, as a definition that loads."""

from __future__ import annotations

import types

import pytest
from op_code_samples import no_reference, sample, stored

from weave_lite.serialize.codecs.op_code import load_op_source, op_source

__all__ = ["sample"]


LAMBDAS = {
    "op(lambda x: x + 1)": ("def found(x):\n    return x + 1\n", (1,), 2),
    "op(lambda: (1, 2))": ("def found():\n    return (1, 2)\n", (), (1, 2)),
    "op((lambda x, *, y={'a': 1}: y['a'] + x))": (
        "def found(x, *, y={'a': 1}):\n    return y['a'] + x\n",
        (1,),
        2,
    ),
    "op(lambda x=(lambda: 3): x())": ("def found(x=(lambda: 3)):\n    return x()\n", (), 3),
    "op(lambda é, /, *a, **k: 'ü' + é)": (
        "def found(é, /, *a, **k):\n    return 'ü' + é\n",
        ("b",),
        "üb",
    ),
    "[op(lambda x: x + 1), op(lambda x: x + 2)][1]": (
        "def func(x):\n    return x + 2\n",
        (1,),
        3,
    ),
    "op(lambda n: n and n + found.resolve_fn(n - 1))": (
        "def found(n):\n    return n and n + found.resolve_fn(n - 1)\n",
        (3,),
        6,
    ),
    "op(lambda x: [\n    x,\n    2,\n])": (
        "def found(x):\n    return (\n[\n    x,\n    2,\n]\n)\n",
        (1,),
        [1, 2],
    ),
    "op(lambda x: x + BASE, name='a b')": ("def a_b(x):\n    return x + BASE\n", (1,), 11),
}


@pytest.mark.parametrize("expression", LAMBDAS)
def test_lambda_becomes_a_definition(sample, expression):
    """The expression alone is stored, as a function that can be loaded."""
    definition, args, result = LAMBDAS[expression]
    module = sample(f"from weave_lite import op\nBASE = 10\nfound = {expression}\n")

    text = stored(module.found)

    base = "BASE = 10\n\n" if "BASE" in expression else ""
    assert text == f"import weave\n\n{base}@weave.op()\n{definition}"
    assert load_op_source(text, "l")(*args) == result == module.found(*args)


def test_lambdas_of_a_loop_keep_their_own_defaults(sample):
    """``i=i`` means the value at that time, not the one that the name has at the end."""
    module = sample(
        """
        from weave_lite import op
        ops = [op(lambda x, i=i: x * i) for i in range(3)]
        """
    )

    results = [load_op_source(stored(one), "l")(10) for one in module.ops]

    assert results == [0, 10, 20]


def test_lambdas_of_one_line_without_columns(sample):
    """Where the interpreter keeps no columns, the code itself tells lambdas apart."""
    module = sample("a, b = lambda x: x + 1, lambda x: x - 1\n")
    code = module.b.__code__.replace(co_linetable=b"")
    bare = types.FunctionType(
        code.replace(co_linetable=_lines_only(code)), module.__dict__, "<lambda>"
    )

    text = op_source(bare, name="b", reference=no_reference)

    assert text == "import weave\n\n@weave.op()\ndef b(x):\n    return x - 1\n"


def _lines_only(code):
    """Encode a line table that gives line 0 of the code, and no columns, to all instructions."""
    units = len(code.co_code) // 2
    entries = []
    while units:
        length = min(units, 8)
        entries += [0x80 | (13 << 3) | (length - 1), 0]
        units -= length
    return bytes(entries)

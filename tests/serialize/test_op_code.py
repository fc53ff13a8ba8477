"""The stored text of ops: its layout, case by case, the same in every process, for any callable."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import textwrap

import pytest
from nasty_callables import NASTY_CALLABLES, RAISES
from op_code_cases import LAYOUT
from op_code_samples import no_reference, sample, stored

from weave_lite.serialize.codecs.op_code import load_op_source, op_source
from weave_lite.serialize.source.lookup import plain_function

__all__ = ["sample"]


@pytest.mark.parametrize("case", LAYOUT)
def test_stored_text(sample, case):
    """The text is exactly this, and running it gives an op whose own text is the same."""
    source, expected = LAYOUT[case]
    module = sample(source)

    text = stored(module.f)

    assert text == textwrap.dedent(expected).lstrip("\n")
    assert stored(load_op_source(text, "f")) == text


@pytest.mark.parametrize("nasty", NASTY_CALLABLES, ids=lambda nasty: nasty.name)
def test_nasty_callable_as_an_op(nasty):
    """Every callable is stored, in a form that loads; what has its source also runs."""
    text = op_source(nasty.make(), name=nasty.name, reference=no_reference)

    op = load_op_source(text, nasty.name)

    assert text.startswith(("import weave\n", "from __future__ import annotations\nimport weave\n"))
    assert "@weave.op()\n" in text
    if "not available" in text:
        assert plain_function(nasty.make()) is None or "byte code" in text
    elif nasty.result is RAISES:
        with pytest.raises(ZeroDivisionError):
            nasty.call(op)
    elif nasty.name not in UNBOUND:
        assert nasty.call(op) == nasty.result


# Their stored form is the function itself, as for methods, or one of many functions.
UNBOUND = {
    "bound method",
    "bound class method",
    "bound dunder call",
    "singledispatch",
    "fifty closures",
}


@pytest.mark.parametrize("nasty", NASTY_CALLABLES, ids=lambda nasty: nasty.name)
def test_nasty_callable_as_a_global(sample, nasty):
    """It never costs the op that uses it its own code."""
    module = sample("from weave_lite import op\n@op\ndef f(x): return odd, [odd]\n")
    module.odd = nasty.make()

    text = stored(module.f)

    assert text.endswith("@weave.op()\ndef f(x): return odd, [odd]\n")
    load_op_source(text, "f")


def test_same_text_in_every_process(tmp_path):
    """Neither the hash seed nor memory addresses nor the order of imports show."""
    (tmp_path / "stable_sample.py").write_text(
        textwrap.dedent(
            """
            import threading, weave_lite as weave
            S = {"a", "b", ("c", 1), None, 2.5}
            O, L, G = object(), threading.Lock(), (n for n in [])
            K = {"o": object(), "f": frozenset("xyz")}
            def outer():
                class Local:
                    def m(self): return S
                return Local
            C = outer()
            @weave.op
            def f(x): return S, O, L, G, K, C, xml.dom
            import xml
            """
        )
    )
    program = (
        "import sys, stable_sample\n{}"
        "from weave_lite.serialize.codecs.op_code import op_source\n"
        "f = stable_sample.f\n"
        "sys.stdout.write(op_source(f.resolve_fn, name='f', reference=lambda value: None))\n"
    )

    texts = [
        subprocess.run(
            [sys.executable, "-c", program.format(more)],
            env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed, more in (
            ("1", ""),
            ("2", "import xml.dom\njunk = [object() for _ in range(999)]\n"),
        )
    ]

    assert texts[0] == texts[1]
    assert "0xADDR" in texts[0]
    assert "import xml.dom" in texts[0]


@pytest.mark.interop
@pytest.mark.skipif(
    importlib.util.find_spec("weave") is None, reason="the official package is not here"
)
@pytest.mark.parametrize("case", LAYOUT)
def test_official_sdk_can_import_it(sample, tmp_path, case):
    """The stored text is a module that the official package can import."""
    path = tmp_path / "obj.py"
    path.write_text(stored(sample(LAYOUT[case][0]).f), encoding="utf-8")

    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")

"""How code is found and captured: closures, methods, lambdas, other modules, notebooks, stubs."""

from __future__ import annotations

import linecache
import pathlib
import sys
import textwrap
import types
import uuid

import pytest
from op_code_samples import no_reference, sample, stored

from weave_lite.serialize.codecs.op_code import load_op_source, op_source
from weave_lite.serialize.source import syntax

__all__ = ["sample"]


def test_nested_definitions_lose_their_margin_but_prompts_do_not(sample):
    """A prompt in triple quotes is a value; a docstring is not."""
    module = sample(
        '''
        from weave_lite import op
        class K:
            class Inner:
                @op
                def f(self):
                    """Docs

                    go on.
                    """
                    a = ("x"
                         "y")
                    return """
          prompt
            text
                    """, a
        '''
    )

    text = op_source(module.K.Inner.__dict__["f"].resolve_fn, name="f", reference=no_reference)

    assert text == (
        'import weave\n\n@weave.op()\ndef f(self):\n    """Docs\n\n    go on.\n    """\n'
        '    a = ("x"\n         "y")\n    return """\n  prompt\n    text\n            """, a\n'
    )
    assert load_op_source(text, "f")(None) == module.K.Inner().f()


def test_closures_and_nonlocal(sample):
    """Cells become globals of the stored module, so ``nonlocal`` becomes ``global``."""
    module = sample(
        """
        from weave_lite import op
        def outer(start):
            n = start
            limits = [1, 2]
            @op
            def f(x):
                nonlocal n
                def inner():
                    nonlocal x
                    x += 1
                inner()
                n += x
                return n, limits
            return f
        """
    )

    text = stored(module.outer(5))

    assert text == (
        "import weave\n\nn = 5\n\nlimits = [\n    1,\n    2\n]\n\n@weave.op()\ndef f(x):\n    global n\n"
        "    def inner():\n        nonlocal x\n        x += 1\n    inner()\n    n += x\n"
        "    return n, limits\n"
    )
    assert load_op_source(text, "f")(1) == (7, [1, 2])


def test_nonlocal_of_variables_bound_in_any_way(sample):
    """Only a variable that stays outside of the block becomes global."""
    module = sample(
        """
        def outer():
            a = b = 0
            def f(x):
                import os.path as c
                try: pass
                except ValueError as d: pass
                class e: pass
                def inner():
                    nonlocal x, c, d, e
                    nonlocal a, b
                    a = b = c = d = e = x
                    return a
                return inner()
            return f
        """
    )

    text = op_source(module.outer(), name="f", reference=no_reference)

    assert "nonlocal x, c, d, e\n        global a, b\n" in text
    assert load_op_source(text, "f")(5) == 5


def test_long_prompt_at_the_margin(sample):
    """Lines of a text that look like the end of the function do not end it."""
    prompt = "\n".join(f"line {n}" for n in range(200))
    source = f'def f(x):\n    return """\n{prompt}\n""" + x\n'
    module = sample(f"{source}\ndef g(): pass\n")

    text = op_source(module.f, name="f", reference=no_reference)

    assert text == f"import weave\n\n@weave.op()\n{source}"


def test_invalid_escapes_warn_nobody(sample):
    """Reading source again must not repeat a warning, nor turn it into an error."""
    with pytest.warns(Warning, match="invalid escape"):
        module = sample("def f(x):\n    return '\\d' + x\n")

    text = op_source(module.f, name="f", reference=no_reference)

    assert text == "import weave\n\n@weave.op()\ndef f(x):\n    return '\\d' + x\n"


def test_ref_that_cannot_be_made(sample):
    """A failure of the store costs the global its ref, not the op its code."""
    module = sample(
        "NAME = type('Odd', (), {'__repr__': lambda _: 'Odd()'})()\ndef f(): return NAME\n"
    )

    def fail(value):
        raise OSError("disk full")

    text = op_source(module.f, name="f", reference=fail)

    assert text == 'import weave\n\nNAME = "Odd()"\n\n@weave.op()\ndef f(): return NAME\n'


class Hostile(dict):
    """Globals that cannot be asked."""

    def __contains__(self, name):
        raise RuntimeError(name)

    get = __getitem__ = __contains__


def test_globals_that_cannot_be_asked():
    """The op is stored as a stub."""
    function = types.FunctionType(compile("1", "<x>", "eval").replace(co_name="f"), Hostile())

    text = op_source(function, name="f", reference=no_reference)

    assert text.startswith(
        "import weave\n\n@weave.op()\ndef f():\n    ...  # The source of this op"
    )


def test_method_with_its_class(sample):
    """The class stands before the method; a function of the method's name keeps that name."""
    module = sample(
        """
        from weave_lite import op
        STEP = 3
        def run(x): return x
        class K:
            DEFAULT = 4
            def other(self): return STEP
            @op
            def run(self, x, y=DEFAULT): return run(x) + K().other() + y
        """
    )

    text = stored(module.K.__dict__["run"])

    assert text == textwrap.dedent(
        """\
        import weave

        DEFAULT = 4

        def run(x): return x

        STEP = 3

        class K:
            DEFAULT = 4
            def other(self): return STEP
            @weave.op()
            def run(self, x, y=DEFAULT): return run(x) + K().other() + y

        @weave.op()
        def K_run(self, x, y=DEFAULT): return run(x) + K().other() + y
        """
    )
    assert load_op_source(text, "K.run")(None, 1) == 8


def test_class_and_static_methods_are_plain_functions_when_stored(sample):
    """A loader looks for a decorated function; ``classmethod`` would hide it."""
    module = sample(
        """
        from weave_lite import op
        class K:
            @classmethod
            @op
            def c(cls, x): return x
            @staticmethod
            @op
            def s(x): return x
        """
    )

    texts = [stored(module.K.__dict__[name].__func__) for name in ("c", "s")]

    assert texts == [
        "import weave\n\n@weave.op()\ndef c(cls, x): return x\n",
        "import weave\n\n@weave.op()\ndef s(x): return x\n",
    ]


def test_op_of_another_module(sample):
    """It is stored by its ref; without one it is left out."""
    other = sample("from weave_lite import op\n@op\ndef far(x): return x\n")
    module = sample("from weave_lite import op\n@op\ndef f(x): return far(x)\n", far=other.far)
    uri = "weave:///ent/proj/op/far:abc"

    texts = [
        stored(module.f, lambda value: uri if value is other.far else None),
        stored(module.f),
    ]

    assert texts == [
        f"import weave\n\nfar = weave.ref('{uri}').get()\n\n@weave.op()\ndef f(x): return far(x)\n",
        "import weave\n\n@weave.op()\ndef f(x): return far(x)\n",
    ]


def test_functions_and_classes_of_another_module_are_imported(sample):
    """By their own name, also where the code has another one for them."""
    other = sample("def far(x): return x\nclass Far:\n    class Inner: pass\n")
    module = sample(
        "from weave_lite import op\n@op\ndef f(x): return a(x), Far, I, [b, Far]\n",
        a=other.far,
        Far=other.Far,
        I=other.Far.Inner,
    )
    module.b = [other.far, other.Far.Inner]

    text = stored(module.f)

    name = other.__name__
    assert text == (
        f"import weave\nfrom {name} import far as a\nfrom {name} import Far\n\n"
        f'I = __import__("{name}").Far.Inner\n\n'
        f'b = [\n    __import__("{name}").far,\n    __import__("{name}").Far.Inner\n]\n\n'
        "@weave.op()\ndef f(x): return a(x), Far, I, [b, Far]\n"
    )
    assert load_op_source(text, "f")(1)[:2] == (1, other.Far)


def test_function_that_cannot_be_imported_is_stored(sample):
    """What a factory of another module made has no place to import it from."""
    other = sample(
        """
        FACTOR = 2
        def factory(n):
            def made(x): return x * n * FACTOR
            return made
        """
    )
    module = sample("from weave_lite import op\n@op\ndef f(x): return g(x)\n", g=other.factory(5))

    text = stored(module.f)

    assert text == (
        "import weave\n\nn = 5\n\nFACTOR = 2\n\ndef g(x): return x * n * FACTOR\n\n"
        "@weave.op()\ndef f(x): return g(x)\n"
    )


def test_classes_of_a_notebook_come_from_the_newest_cell():
    """No file holds them, and a class without methods has no code that tells its cell."""
    cells = [
        "class D:\n    x: int = 1\n",
        "class D:\n    x: int = 2\n",
        "class E:\n    def m(self): return 3\n",
        "def f():\n    return D.x + E().m()\n",
    ]
    module = types.ModuleType("notebook")
    module.In = ["", *cells]
    sys.modules["notebook"] = module
    names = []
    try:
        for cell in cells:
            names.append(f"/tmp/ipykernel_1/{uuid.uuid4().hex}.py")
            lines = cell.splitlines(keepends=True)
            linecache.cache[names[-1]] = (len(cell), None, lines, names[-1])
            exec(compile(cell, names[-1], "exec", dont_inherit=True), module.__dict__)

        text = op_source(module.f, name="f", reference=no_reference)
    finally:
        del sys.modules["notebook"]
        for name in names:
            del linecache.cache[name]

    assert text == (
        "import weave\n\nclass D:\n    x: int = 2\n\nclass E:\n    def m(self): return 3\n\n"
        "@weave.op()\ndef f():\n    return D.x + E().m()\n"
    )


def test_edited_file(sample):
    """Where another definition stands by now, the one of the same name and parameters is taken."""
    module = sample("def f(x): return x\n")
    path = pathlib.Path(module.__file__)
    path.write_text("def other(y): return y\n\n\ndef f(x): return x + 1\n")
    linecache.checkcache(str(path))

    text = op_source(module.f, name="f", reference=no_reference)

    assert text == "import weave\n\n@weave.op()\ndef f(x): return x + 1\n"


def test_file_that_is_gone(sample):
    """The stub says so, and its digest follows the code."""
    module = sample("def f(x, y: int = 2, *, api_key='abc'): return x\n")
    pathlib.Path(module.__file__).unlink()
    linecache.checkcache(module.__file__)

    text = op_source(module.f, name="f", reference=no_reference)

    head, digest, tail = _split_digest(text)
    assert head + tail == (
        "import weave\n\n@weave.op()\ndef f(x, y: int = 2, *, api_key=...):\n"
        "    ...  # The source of this op was not available (digest of its byte code: )\n"
    )
    assert len(digest) == 43


def _split_digest(text):
    head, _, rest = text.rpartition(": ")
    digest, _, tail = rest.partition(")")
    return f"{head}: ", digest, f"){tail}"


def test_capture_off(sample):
    """Nothing of the code is stored but a digest, which follows the code alone."""
    module = sample("A = 'secret code'\ndef f(x): return A\ndef g(x): return A + A\nh = f\n")

    texts = {
        name: op_source(getattr(module, name), name=name, capture=False, reference=no_reference)
        for name in ("f", "g", "h")
    }

    head, digest, tail = _split_digest(texts["f"])
    assert head + tail == (
        "import weave\n\n@weave.op()\ndef func(*args, **kwargs):\n"
        "    ...  # Code capture was off when this op was stored (digest of its source: )\n"
    )
    assert len(digest) == 43
    assert texts["f"] == texts["h"] != texts["g"]


def test_byte_code_digest_follows_the_code():
    """Functions without source get a new version when, and only when, their code changes."""

    def made(source):
        names = {}
        exec(source, names)
        return op_source(names["f"], name="f", reference=no_reference)

    same = made("def f(x): return [y for y in x if y in {1, 2, 'c'}]")
    again = made("\n\ndef f(x): return [y for y in x if y in {1, 2, 'c'}]")
    other = made("def f(x): return [y for y in x if y in {1, 2, 'd'}]")

    assert same == again != other


def test_depth_is_bounded(sample):
    """Twenty levels of functions are stored, and not one more."""
    lines = [f"def f{n}(x): return f{n + 1}(x)" for n in range(30)]
    module = sample("\n".join([*lines, "def f30(x): return x"]) + "\n")

    text = op_source(module.f0, name="f0", reference=no_reference)

    assert [n for n in range(31) if f"def f{n}(" in text] == list(range(21))


def test_short_texts_are_parsed_once():
    """A suite of tests captures the same op for each of its clients; a long text is not kept."""
    short, long = "def f():\n    return 1\n", f"x = {'1' * 5000!r}\n"
    assert syntax.parse(short) is syntax.parse(short)
    assert syntax.parse(long) is not syntax.parse(long)
    assert syntax.parse("def") is None

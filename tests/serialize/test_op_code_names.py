"""Free names against the compiler: what the code of a function loads from its globals."""

from __future__ import annotations

import ast
import dis
import sys
import textwrap
import types
import warnings

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from weave_lite.serialize.source.names import default_names, free_names, has_annotations

_names = st.sampled_from("abcdef")
_expressions = st.recursive(
    _names | st.just("int()"),
    lambda inner: st.one_of(
        st.builds("({} + {})".format, inner, inner),
        st.builds("{}.attr".format, _names),
        st.builds("{}({}, k={})".format, _names, inner, inner),
        st.builds("[{} for {} in {} if {}]".format, inner, _names, inner, inner),
        st.builds("{{{}: {} for {} in {}}}".format, inner, inner, _names, inner),
        st.builds("list({} for {} in {} for {} in {})".format, inner, _names, inner, _names, inner),
        st.builds("(lambda {}, *{}: {})".format, _names, st.just("rest"), inner),
        st.builds("(lambda {}={}: {})".format, _names, inner, inner),
        st.builds("({} := {})".format, _names, inner),
        st.builds("f'{{{}!r:>{{{}}}}}'".format, _names, _names),
        st.builds("({} if {} else {})".format, inner, inner, inner),
    ),
    max_leaves=6,
)


def _indented(text):
    return textwrap.indent(text, "    ")


def _blocks(statements):
    return st.lists(statements, min_size=1, max_size=3).map("\n".join)


_statements = st.recursive(
    st.one_of(
        st.builds("{} = {}".format, _names, _expressions),
        st.builds("{} += {}".format, _names, _expressions),
        st.builds("{}".format, _expressions),
        st.builds("yield {}".format, _expressions),
        st.builds("global {}".format, _names),
        st.builds("nonlocal {}".format, _names),
        st.builds("import {}, x.y as {}".format, _names, _names),
        st.builds("del {}".format, _names),
        st.builds("({}, *{}) = {}".format, _names, _names, _expressions),
    ),
    lambda inner: st.one_of(
        st.builds("for {} in {}:\n{}".format, _names, _expressions, _blocks(inner).map(_indented)),
        st.builds("with {} as {}:\n{}".format, _expressions, _names, _blocks(inner).map(_indented)),
        st.builds(
            "try:\n    pass\nexcept {} as {}:\n{}".format,
            _expressions,
            _names,
            _blocks(inner).map(_indented),
        ),
        st.builds(
            "def {}({}, k={}):\n{}".format,
            _names,
            _names,
            _expressions,
            _blocks(inner).map(_indented),
        ),
        st.builds("class {}({}):\n{}".format, _names, _expressions, _blocks(inner).map(_indented)),
        st.builds(
            "match {}:\n    case [{}, *{}] if {}:\n{}".format,
            _expressions,
            st.just("p"),
            _names,
            _expressions,
            _blocks(inner).map(lambda text: _indented(_indented(text))),
        ),
    ),
    max_leaves=6,
)
_functions = st.builds(
    "@{}\ndef f({}, k={}):\n{}".format,
    _names,
    _names,
    _expressions,
    _blocks(_statements).map(_indented),
)


def _compiled(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(text, "<f>", "exec", dont_inherit=True)


def compiled_globals(text):
    """Return the names that compiled code takes from its module, as the interpreter would."""
    found, pending = set(), [_compiled(text)]
    while pending:
        current = pending.pop()
        pending += [one for one in current.co_consts if isinstance(one, types.CodeType)]
        steps = list(dis.get_instructions(current))
        stored = {step.argval for step in steps if step.opname in {"STORE_NAME", "DELETE_NAME"}}
        for step in steps:
            if "GLOBAL" in step.opname:
                found.add(step.argval)
            elif step.opname == "LOAD_NAME" and step.argval not in stored:
                found.add(step.argval)
    return found - {"__name__"}  # each class body asks for it


def _may_be_either(text):
    """Return names declared global, and names that a module or class body reads and assigns."""
    steps = dis.get_instructions(_compiled(text))
    found = {step.argval for step in steps if step.opname == "STORE_NAME"}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Global):
            found.update(node.names)
        if isinstance(node, ast.ClassDef):
            found.update(one.id for one in ast.walk(node) if isinstance(one, ast.Name))
    return found


@given(_functions)
def test_agrees_with_the_compiler(text):
    """All that the code loads is found, and nothing else but what is left to the order of running."""
    try:
        expected = compiled_globals(text)
    except SyntaxError:
        assume(False)

    found = {free.name for free in free_names(text)}

    assert expected <= found
    assert found - expected <= _may_be_either(text)


CASES = {
    "a text that the parser warns of": (r'def f(x): return g("\d", 1if x else 2)', ["g"]),
    "a global beside a variable of that name": ("def f(k={a: a for b in [c for a in d]}): b", ["a", "b", "c", "d"]),
    "a comprehension beside odd quotes": ("def f(x): return [f'''{x[\"a\"] + '\"' + A:>{B}}''' for x in x]", ["A", "B"]),
    "a variable of another comprehension": ("def f(x): return [a for b in [1 for a in x]]", ["a"]),
    "comprehensions": ("def f(x): return [a for a in x for b in a if b and c]", ["c"]),
    "a comprehension's first source": ("def f(): return [x for x in x]", ["x"]),
    "lambda": ("def f(): return lambda a, *b, c=d, **e: (a, b, c, e, g)", ["d", "g"]),
    "walrus": ("def f(): return [(y := a) for a in z], y", ["z"]),
    "except": ("def f():\n    try: pass\n    except A as b: return b", ["A"]),
    "match": (
        ("def f(x):\n    match x:\n        case A(b, c=d) | {'k': b, 'c': d, **r} if e: return b, d\n"
        "        case M.x: pass"),
        ["A", "e", "M"],
    ),
    "global": ("def f():\n    global a\n    a = 1\n    return a", ["a"]),
    "nonlocal": ("def f():\n    a = 1\n    def g():\n        nonlocal a\n        a = b\n    return g", ["b"]),
    "class body": ("class K(B, m=M):\n    x = y\n    def m(self, a=x): return x, z", ["B", "M", "x", "y", "z"]),
    "class body that reads before it assigns": ("class K:\n    run = staticmethod(run)\n    s = t = 1\n    u = t", ["run", "staticmethod"]),
    "annotations": ("def f(a: A, *b: B, c: C = D, **e: E) -> R:\n    x: T = 1", ["A", "B", "C", "D", "E", "R", "T"]),
    "decorators": ("@d.e(g)\n@h\ndef f(): pass", ["d", "g", "h"]),
    "recursion": ("def f(n): return f(n - 1)", ["f"]),
    "local import": ("def f():\n    import a.b, c as d\n    from e import g\n    return a, d, g, e", ["e"]),
    "star": ("def f(*a, **b): return h(*a, **b)", ["h"]),
    "async": ("async def f():\n    async for a in b:\n        await c(a)\n    async with d as e: return e", ["b", "c", "d"]),
    "order of first use": ("def f(): return z, a, [m], z", ["z", "a", "m"]),
    "not valid": ("def f(:", []),
    "nonlocal of nothing": ("def f():\n    nonlocal a", []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_free_names(case):
    """Names in the order of their first use."""
    text, expected = CASES[case]

    found = [free.name for free in free_names(text)]

    assert found == expected


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters came with 3.12")
def test_type_parameters():
    """Type parameters and aliases have scopes of their own."""
    text = "def f[T: Bound, *Ts, **P](x: T, y: U) -> tuple[*Ts]:\n    type V[S] = dict[S, W]\n    return T, V"

    found = {free.name for free in free_names(text)}

    assert found == {"Bound", "U", "W", "tuple", "dict"}


def test_eager_names():
    """Eager is what running the definition needs; a body needs nothing until it is called."""
    text = (
        "@dec\nclass K(Base):\n    a = [one() for _ in two]\n    b = lambda: later\n"
        "    def m(self, x=default) -> ret:\n        class L(inner): pass\n        return x\n"
    )

    eager = {free.name: free.is_eager for free in free_names(text)}

    assert eager == {
        "dec": True, "Base": True, "one": True, "two": True, "later": False, "default": True,
        "ret": True, "inner": False,
    }  # fmt: skip


def test_attribute_paths():
    """The chains of attributes tell which submodules are used."""
    free = {free.name: free.paths for free in free_names("def f(): return a.b.c(), a.d, [e][0].g")}

    assert free == {"a": (("b",), ("b", "c"), ("d",)), "e": ()}


def test_default_names():
    """Only defaults that are bare names, with their parameter."""
    text = "def f(a, b=x, /, c=y, *, d, e=z, g=1 + w): pass"

    assert set(default_names(text)) == {("b", "x"), ("c", "y"), ("e", "z")}
    assert default_names("class K: pass") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(a): pass", False),
        ("def f(a: int): pass", True),
        ("def f() -> int: pass", True),
        ("class K:\n    a: int", True),
        ("def f(:", False),
    ],
)
def test_has_annotations(text, expected):
    """Any annotation of the block counts."""
    assert has_annotations(text) is expected

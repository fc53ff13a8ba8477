"""Binding arguments to names."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core.errors import OpCallError
from weave_lite.trace.bind import plan_for


def bound(function: Any, *args: Any, **kwargs: Any) -> list[tuple[str, Any]]:
    return list(plan_for(function).bind(args, kwargs).items())


def test_defaults_var_args_and_keywords_come_in_the_order_of_the_contract():
    """Passed arguments stand first, then defaults; None and Ellipsis defaults are left out."""

    def f(a, b=2, *args, c=None, d=..., e="e", **kw): ...

    assert bound(f, 1) == [("a", 1), ("b", 2), ("args", []), ("e", "e"), ("kw", {})]
    assert bound(f, 1, 3, 4, 5, z=9) == [
        ("a", 1),
        ("b", 3),
        ("args", [4, 5]),
        ("kw", {"z": 9}),
        ("e", "e"),
    ]


def test_keywords_stand_in_signature_order():
    """The order in which keywords are written does not matter."""

    def f(a, b, *, c, d=1): ...

    assert bound(f, 1, d=4, c=3, b=2) == [("a", 1), ("b", 2), ("c", 3), ("d", 4)]


def test_keywords_are_bound_the_same_when_a_form_comes_again():
    """A plan remembers forms of calls, not their values, and not forms that do not fit."""

    def f(a, b, *, c=5, d=None): ...

    plan = plan_for(f)
    for value in (1, 2):
        assert list(plan.bind((value,), {"d": 3, "b": value}).items()) == [
            ("a", value), ("b", value), ("d", 3), ("c", 5),
        ]  # fmt: skip
        with pytest.raises(OpCallError, match="multiple values for argument 'a'"):
            plan.bind((value,), {"a": value, "b": 1})


def test_none_that_is_passed_is_recorded():
    """Only a default of None is left out."""

    def f(a=None, b=None): ...

    assert bound(f, None) == [("a", None)]


def test_vendor_sentinels_are_left_out():
    """The "not given" of a language model's client is no value."""

    class NotGiven: ...

    def f(a, b=NotGiven()): ...

    assert bound(f, 1) == [("a", 1)]


def test_a_positional_only_name_may_be_reused_among_the_keywords():
    """``f(1, a=2)`` is legal when ``a`` is positional-only and there is ``**kw``."""

    def f(a, /, **kw): ...

    assert bound(f, 1, a=2) == [("a", 1), ("kw", {"a": 2})]


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "missing a required argument: 'a'"),
        ((1, 2, 3), {"c": 1}, "too many positional arguments"),
        ((1, 2), {"a": 1, "c": 1}, "multiple values for argument 'a'"),
        ((1, 2), {"z": 1, "c": 1}, "got an unexpected keyword argument 'z'"),
        ((1, 2), {}, "missing a required argument: 'c'"),
    ],
)
def test_a_mismatch_is_named(args, kwargs, message):
    """The message says what does not fit."""

    def f(a, b=1, *, c): ...

    with pytest.raises(OpCallError, match=message):
        plan_for(f).bind(args, kwargs)


def test_wrapped_functions_have_the_signature_of_what_they_wrap():
    """A decorator that uses functools.wraps does not hide the parameter names."""

    def inner(a, b=2): ...

    @functools.wraps(inner)
    def outer(*args, **kwargs): ...

    assert bound(outer, 1) == [("a", 1), ("b", 2)]


def test_partials_and_callable_objects_have_a_plan():
    """What inspect can read is bound by name."""

    class Scale:
        def __call__(self, x, by=3): ...

    assert bound(functools.partial(lambda a, b, c=3: None, 1), 2) == [("b", 2), ("c", 3)]
    assert bound(Scale(), 5) == [("x", 5), ("by", 3)]


def test_a_callable_without_signature_takes_anything():
    """Some builtins tell nobody their parameters."""
    with pytest.raises(ValueError, match="no signature"):
        inspect.signature(max)
    assert bound(max, 1, 2) == [("args", [1, 2]), ("kwargs", {})]


_NAMES = ["a", "b", "c", "d", "e", "g"]


@st.composite
def signatures(draw: Any) -> str:
    """Source of a random parameter list."""
    names = draw(st.permutations(_NAMES))[: draw(st.integers(0, 6))]
    cut_one = draw(st.integers(0, len(names)))
    cut_two = draw(st.integers(cut_one, len(names)))
    only, normal, keyword = names[:cut_one], names[cut_one:cut_two], names[cut_two:]
    defaults_from = draw(st.integers(0, cut_two))
    default = st.sampled_from(["None", "...", "7", "'x'", "[]"])
    parts = []
    for at, name in enumerate([*only, *normal]):
        parts.append(f"{name}={draw(default)}" if at >= defaults_from else name)
        if only and at == len(only) - 1:
            parts.append("/")
    has_rest = draw(st.booleans())
    if has_rest:
        parts.append("*rest")
    elif keyword:
        parts.append("*")
    parts.extend(f"{name}={draw(default)}" if draw(st.booleans()) else name for name in keyword)
    if draw(st.booleans()):
        parts.append("**more")
    return ", ".join(parts)


def expected(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[str, Any]]:
    """The rule of the contract, by inspect."""
    signature = inspect.signature(function)
    found = signature.bind(*args, **kwargs).arguments
    for name, parameter in signature.parameters.items():
        if name in found:
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            found[name] = ()
        elif parameter.kind is parameter.VAR_KEYWORD:
            found[name] = {}
        elif parameter.default is not None and parameter.default is not ...:
            found[name] = parameter.default
    return [(n, list(v) if n == "rest" else v) for n, v in found.items()]


@given(
    signatures(),
    st.lists(st.integers(0, 9), max_size=7),
    st.dictionaries(st.sampled_from([*_NAMES, "z", "rest"]), st.integers(10, 19), max_size=5),
)
def test_binding_equals_inspect(parameters, args, kwargs):
    """For any signature the plan gives what the function sees, as inspect orders it, or all refuse."""
    namespace: dict[str, Any] = {}
    exec(f"def f({parameters}): return locals()", namespace)
    function = namespace["f"]
    try:
        seen = function(*args, **kwargs)
    except TypeError:
        with pytest.raises(TypeError):
            plan_for(function).bind(tuple(args), kwargs)
        return
    found = bound(function, *args, **kwargs)
    for name, value in found:
        assert value == (list(seen[name]) if name == "rest" else seen[name])
    try:
        wanted = expected(function, tuple(args), kwargs)
    except TypeError:
        # inspect of Python 3.11 refuses `f(a=1)` for `def f(a=0, /, **more)`, which is legal.
        assert "more" in dict(found)
    else:
        assert found == wanted
    # What a first call of the same form taught the plan does not change the second.
    plan = plan_for(function)
    plan.bind(tuple(-1 for _ in args), dict.fromkeys(kwargs, -1))
    assert list(plan.bind(tuple(args), kwargs).items()) == found

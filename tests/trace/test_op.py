"""The decorator: forms, names, attributes, and what an op looks like from outside."""

from __future__ import annotations

import asyncio
import collections.abc
import copy
import functools
import inspect
import pickle
import types

import pytest

from weave_lite.core.errors import (
    DisplayNameFuncError,
    InvalidNameError,
    OpCallError,
    UsageError,
)
from weave_lite.core.refs import OpRef
from weave_lite.trace.op import as_op, is_op, op
from weave_lite.trace.op_protocol import ProcessedInputs


@op
def at_module_level(x: int, *, y: str = "d") -> str:
    """Docs."""
    return f"{x}{y}"


class Shelf:
    """A plain class with every kind of op."""

    def __init__(self, n: int = 1) -> None:
        self.n = n

    @op
    def m(self, x=0):
        return (self.n, x)

    @op
    async def am(self, x):
        return (self.n, x)

    @op
    def gen(self, x):
        yield from [self.n, x]

    @classmethod
    @op
    def outer_class(cls, x):
        return (cls.__name__, x)

    @op
    @classmethod
    def inner_class(cls, x):
        return (cls.__name__, x)

    @staticmethod
    @op
    def outer_static(x):
        return x

    @op
    @staticmethod
    def inner_static(x):
        return x


# --- forms ---


def test_all_forms_of_the_decorator_make_an_op():
    """``@op``, ``@op()``, ``@op(name=)``, ``op(fn)`` and ``op(fn, name=)`` mean the same."""

    def f(x):
        return x

    made = [op(f), op()(f), op(name="n")(f), op(f, name="n")]
    assert [m(3) for m in made] == [3, 3, 3, 3]
    assert [m.name for m in made] == ["f", "f", "n", "n"]
    assert all(is_op(m) and m.resolve_fn is f for m in made)


def test_an_op_of_an_op_traces_once(client):
    """Decorating twice does not record twice."""

    def f(x):
        return x

    again = op(op(f), name="again")
    assert again.resolve_fn is f
    assert again(1) == 1
    assert client.tree == [("again", None)]


@pytest.mark.parametrize("rate", ["1", None, True])
def test_a_sample_rate_that_is_no_number_is_refused(rate):
    """TypeError at decoration time."""
    with pytest.raises(TypeError, match="tracing_sample_rate"):
        op(lambda: None, tracing_sample_rate=rate)


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_a_sample_rate_out_of_range_is_refused(rate):
    """ValueError at decoration time."""
    with pytest.raises(ValueError, match="tracing_sample_rate"):
        op(lambda: None, tracing_sample_rate=rate)


@pytest.mark.parametrize("function", [lambda: "", lambda a, b: "", lambda *a: ""])
def test_a_display_name_function_takes_one_parameter(function):
    """Another arity is refused at decoration time; it is a ValueError, too."""
    if function.__code__.co_flags & 4:
        assert is_op(op(lambda: None, call_display_name=function))
        return
    with pytest.raises(DisplayNameFuncError, match="exactly one parameter") as caught:
        op(lambda: None, call_display_name=function)
    assert isinstance(caught.value, ValueError)


def test_something_that_cannot_be_called_is_refused():
    """A clear TypeError."""
    with pytest.raises(TypeError, match="needs something to call, not int"):
        op(3)


# --- names ---


def test_names_are_inferred_from_first_parameter_and_qualified_name():
    """A method has its class in the name; what is before ``<locals>`` is cut."""

    class K:
        @op
        def m(self): ...

        @staticmethod
        @op
        def sm(x): ...

    def inner(): ...

    names = [K.m.name, K.sm.name, op(inner).name, op(lambda: 1).name, at_module_level.name]
    assert names == ["K.m", "sm", "inner", "<lambda>", "at_module_level"]


# --- what it looks like ---


def test_an_op_passes_for_the_function():
    """Name, docs, signature, kind and module are the function's."""
    assert at_module_level.__name__ == "at_module_level"
    assert at_module_level.__doc__ == "Docs."
    assert at_module_level.__module__ == __name__
    assert str(inspect.signature(at_module_level)) == "(x: 'int', *, y: 'str' = 'd') -> 'str'"
    assert inspect.isfunction(at_module_level)
    assert type(at_module_level) is types.FunctionType


def test_the_kind_of_a_function_stays_visible():
    """Frameworks ask inspect what a function is."""

    @op
    async def coroutine(): ...

    @op
    def generator():
        yield 1

    @op
    async def async_generator():
        yield 1

    assert inspect.iscoroutinefunction(coroutine)
    assert asyncio.iscoroutinefunction(coroutine)
    assert inspect.isgeneratorfunction(generator)
    assert inspect.isasyncgenfunction(async_generator)
    assert inspect.iscoroutinefunction(Shelf().am)
    assert inspect.isgeneratorfunction(Shelf().gen)
    assert inspect.isgenerator(generator())
    assert isinstance(generator(), collections.abc.Generator)
    assert not inspect.isgeneratorfunction(coroutine)
    assert [coroutine._is_async, generator._is_generator, async_generator._is_async_generator] == [
        True,
        True,
        True,
    ]


def test_methods_look_like_methods():
    """Frameworks see functions in the class and bound methods on the object."""
    shelf = Shelf()
    assert inspect.isfunction(Shelf.m)
    assert inspect.ismethod(shelf.m)
    assert shelf.m.__self__ is shelf
    assert shelf.m.__func__ is Shelf.m
    assert shelf.m == shelf.m
    assert shelf.m != Shelf().m
    assert hash(shelf.m) == hash(shelf.m)
    assert str(inspect.signature(shelf.m)) == "(x=0)"
    assert shelf.m.__name__ == "m"
    assert shelf.m.name == "Shelf.m"
    assert functools.partial(shelf.m, 5)() == (1, 5)


@pytest.mark.parametrize("value", [at_module_level, Shelf.m, Shelf.gen])
def test_ops_are_pickled_by_reference_and_not_copied(value):
    """As functions are."""
    assert pickle.loads(pickle.dumps(value)) is value
    assert copy.copy(value) is value
    assert copy.deepcopy({"op": value})["op"] is value


def test_bound_ops_can_be_pickled_with_their_object():
    """As bound methods can."""
    assert pickle.loads(pickle.dumps(Shelf(7).m))(2) == (7, 2)


def test_attributes_of_an_op():
    """Those that the contract lists."""

    def display(call):
        return ""

    def pre(i):
        return i

    def post(o):
        return o

    made = op(
        name="n",
        call_display_name=display,
        postprocess_inputs=pre,
        postprocess_output=post,
        tracing_sample_rate=0.5,
        enable_code_capture=False,
    )(lambda: None)
    assert made.name == "n"
    assert made.ref is None
    assert made.call_display_name is display
    assert made.postprocess_inputs is pre
    assert made.postprocess_output is post
    assert made.tracing_sample_rate == 0.5
    assert made._tracing_enabled is True
    assert made._code_capture_enabled is False
    assert made.__self__ is made
    with pytest.raises(RuntimeError, match="read from a ref"):
        made.get_captured_code()


def test_handlers_can_be_set_once():
    """A second one is refused."""
    made = op(lambda: None)
    for setter in (
        made._set_on_input_handler,
        made._set_on_output_handler,
        made._set_on_finish_handler,
    ):
        setter(lambda *a: None)
        with pytest.raises(ValueError, match="can be set once"):
            setter(lambda *a: None)


def test_as_op_finds_the_op():
    """In an op, a bound op and a partial; anything else is refused."""
    shelf = Shelf()
    assert as_op(at_module_level) is at_module_level
    assert as_op(shelf.m) is Shelf.m
    assert as_op(Shelf.outer_class) is Shelf.__dict__["outer_class"].__func__
    assert as_op(functools.partial(at_module_level, 1)) is at_module_level
    for value in (print, lambda: 1, 3):
        with pytest.raises(ValueError, match="not an op"):
            as_op(value)


def test_is_op_runs_no_code_of_the_value():
    """A value with endless attributes, or none, is simply no op."""

    class Endless:
        def __getattr__(self, name):
            raise AssertionError(name)

    class Slotted:
        __slots__ = ()

    assert [is_op(v) for v in (Endless(), Slotted(), 3, None, Endless, print)] == [False] * 6


# --- every kind of callable runs and is recorded ---


def test_methods_of_all_kinds_are_recorded(client):
    """Both orders of classmethod and staticmethod work."""
    shelf = Shelf(5)
    assert shelf.m(1) == (5, 1)
    assert Shelf.m(shelf, 2) == (5, 2)
    assert asyncio.run(shelf.am(3)) == (5, 3)
    assert list(shelf.gen(4)) == [5, 4]
    assert Shelf.outer_class(5) == Shelf.inner_class(5) == shelf.inner_class(5) == ("Shelf", 5)
    assert Shelf.outer_static(6) == Shelf.inner_static(6) == shelf.inner_static(6) == 6
    assert [(c["op"], c["output"]) for c in client.calls] == [
        ("Shelf.m", [5, 1]),
        ("Shelf.m", [5, 2]),
        ("Shelf.am", [5, 3]),
        ("Shelf.gen", [5, 4]),
        ("Shelf.outer_class", ["Shelf", 5]),
        ("Shelf.inner_class", ["Shelf", 5]),
        ("Shelf.inner_class", ["Shelf", 5]),
        ("outer_static", 6),
        ("inner_static", 6),
        ("inner_static", 6),
    ]
    assert list(client.calls[0]["inputs"]) == ["self", "x"]
    assert client.calls[4]["inputs"]["cls"] == f"<class '{__name__}.Shelf'>"


def test_callables_that_are_no_functions_are_recorded(client):
    """Partials, callable objects and builtins."""

    class Scale:
        def __call__(self, x, by=3):
            return x * by

    class AsyncScale:
        async def __call__(self, x):
            return x

    scale = op(Scale())
    assert scale(2) == 6
    assert asyncio.run(op(AsyncScale())(4)) == 4
    assert op(functools.partial(pow, 2), name="pow2")(3) == 8
    assert op(max)(1, 2) == 2
    assert op(len)("abc") == 3
    assert [(c["op"], c["inputs"], c["output"]) for c in client.calls] == [
        ("Scale", {"x": 2, "by": 3}, 6),
        ("AsyncScale", {"x": 4}, 4),
        ("pow2", {"exp": 3}, 8),
        ("max", {"args": [1, 2], "kwargs": {}}, 2),
        ("len", {"obj": "abc"}, 3),
    ]


def test_subclasses_and_super_find_ops(client):
    """An inherited or extended op is the op of the class that defines it."""

    class Child(Shelf):
        @op
        def m(self, x=0):
            return super().m(x)

    assert Child(2).m(3) == (2, 3)
    assert client.tree == [
        ("Child.m", None),
        ("Shelf.m", 0),
    ]


# --- op.call, op.calls ---


def test_call_gives_result_and_call(client):
    """The Call knows what was recorded."""
    result, call = at_module_level.call(1, y="z")
    assert result == "1z"
    assert (call.id, call.output, call.inputs, call.func_name) == (
        client.calls[0]["id"],
        "1z",
        {"x": 1, "y": "z"},
        "at_module_level",
    )
    assert call.started_at < call.ended_at


def test_call_of_a_bound_op_takes_both_forms(client):
    """The object may be passed, as upstream demands, or left out."""
    shelf = Shelf(4)
    assert shelf.m.call(1)[0] == (4, 1)
    assert shelf.m.call(shelf, 1)[0] == (4, 1)
    assert shelf.m.call()[0] == (4, 0)
    assert shelf.m.call(shelf)[0] == (4, 0)
    assert shelf.m.call(x=9)[0] == (4, 9)
    assert Shelf.m.call(shelf, 2)[0] == (4, 2)
    assert Shelf.inner_class.call(3)[0] == ("Shelf", 3)
    assert Shelf.outer_static.call(3)[0] == 3


def test_call_of_a_bound_op_does_not_confuse_an_argument_with_the_object(client):
    """The object may be an argument of its own method."""

    class Node:
        @op
        def same(self, other, strict):
            return self is other, strict

    node = Node()
    assert node.same.call(node, True)[0] == (True, True)
    assert node.same.call(node, node, False)[0] == (True, False)
    # Another one may take the place of the object, where it cannot be the argument.
    other = Node()
    assert node.same.call(other, True)[0] == (False, True)
    assert node.same.call(other, other, True)[0] == (True, True)
    assert node.same.call(other, node, True)[0] == (False, True)


def test_call_of_an_async_op_gives_a_coroutine(client):
    """It gives the same pair."""

    @op
    async def f(x):
        return x

    result, call = asyncio.run(f.call(3))
    assert (result, call.output) == (3, 3)


def test_arguments_that_do_not_fit_are_refused_as_untraced(client):
    """OpCallError is a TypeError, names the op, and also comes from call()."""
    for run in (at_module_level, at_module_level.call):
        with pytest.raises(OpCallError, match="Error calling at_module_level: ") as caught:
            run(1, 2, 3)
        assert isinstance(caught.value, TypeError)
    assert client.calls == []


def test_calls_of_an_op_that_was_never_saved(client):
    """A ValueError that says so."""
    with pytest.raises(ValueError, match="never called or published"):
        op(lambda: None).calls()


def test_calls_asks_for_this_version(client):
    """The filter is the ref of the op."""
    asked = []
    client.get_calls = lambda **kw: asked.append(kw) or iter([])
    made = op(lambda: 1, name="made")
    made()
    assert list(made.calls()) == []
    assert isinstance(made.ref, OpRef)
    assert asked == [{"filter": {"op_names": [made.ref.uri()]}}]


# --- reserved arguments, switches, hooks ---


def test_reserved_arguments_never_reach_the_function(client):
    """They are for the tracer, in plain calls, too, and when nothing is traced."""

    @op
    def f(a, **kw):
        return kw

    assert f(1, __weave={"display_name": "shown"}) == {}
    assert f.call(2, __weave={"display_name": "other"}, __should_raise=True)[0] == {}
    f._tracing_enabled = False
    assert f(3, __weave={"display_name": "no"}, b=1) == {"b": 1}
    assert [(c["display_name"], c["inputs"]) for c in client.calls] == [
        ("shown", {"a": 1, "kw": {}}),
        ("other", {"a": 2, "kw": {}}),
    ]


def test_tracing_can_be_switched_off_per_op(client):
    """The op is then the plain function; its children are still traced."""

    @op
    def leaf():
        return 1

    @op
    def quiet():
        return leaf()

    quiet._tracing_enabled = False
    assert quiet() == 1
    assert quiet.call()[1].id is None
    assert client.tree == [("leaf", None), ("leaf", None)]


def test_input_handler_changes_arguments_and_record(client):
    """It gives the arguments of the function and the dict to record."""

    @op
    def f(a):
        return a

    f._set_on_input_handler(
        lambda op, args, kwargs: ProcessedInputs(args, kwargs, (args[0] * 10,), {}, {"shown": 1})
    )
    assert f(2) == 20
    assert client.calls[0]["inputs"] == {"shown": 1}


def test_output_handler_owns_the_end(client):
    """It decides what the caller gets, and ends the call when it likes."""
    later = []

    @op
    def f():
        return [1, 2]

    f._set_on_output_handler(lambda output, finish, inputs: later.append(finish) or iter(output))
    assert list(f()) == [1, 2]
    assert client.calls[0]["ended"] is False
    later[0]("all", None)
    later[0]("twice", None)
    assert client.calls[0]["output"] == "all"


def test_finish_handler_may_edit_the_summary(client):
    """It runs just before the end is recorded."""
    seen = []

    @op(postprocess_output=lambda o: "shown")
    def f():
        return "original"

    def on_finish(call, original, error):
        seen.append((original, error, call.output))
        call.summary["usage"] = {"m": {"requests": 1}}

    f._set_on_finish_handler(on_finish)
    f()
    assert seen == [("original", None, "shown")]
    assert client.calls[0]["summary"] == {
        "status_counts": {"success": 1, "error": 0},
        "usage": {"m": {"requests": 1}},
    }


def test_explicit_finish_leaves_the_call_open(client):
    """Somebody else ends it; the stack is clean."""
    from weave_lite.trace.manual_call import finish_call

    @op
    def f():
        return 1

    _, call = f.call(__require_explicit_finish=True)
    assert client.calls[0]["ended"] is False
    finish_call(client, call, output="late")
    assert client.calls[0]["output"] == "late"


def test_kind_color_and_attributes_are_stored(client):
    """``kind`` and ``color`` stand under ``weave``."""

    @op(kind="llm", color="red", attributes={"team": "a"})
    def f(): ...

    f()
    assert client.calls[0]["attributes"] == {
        "weave": {"kind": "llm", "color": "red"},
        "team": "a",
    }


def test_usage_error_is_the_base_of_our_refusals():
    """Callers can catch them together."""
    assert issubclass(OpCallError, UsageError)


def test_untraced_async_and_generator_ops_take_reserved_arguments():
    """Without a client, too."""

    @op
    async def f(x):
        return x

    @op
    def g(x):
        yield x

    assert asyncio.run(f(1, __weave={"display_name": "n"})) == 1
    assert list(g(1, __weave={"display_name": "n"})) == [1]


def test_an_async_op_takes_reserved_arguments_and_handlers(client):
    """As a sync one."""

    @op
    async def f(x):
        return x

    assert asyncio.run(f(1, __weave={"display_name": "shown"})) == 1
    f._set_on_output_handler(lambda output, finish, inputs: finish(output) or output)
    assert asyncio.run(f(2)) == 2
    assert [(c["display_name"], c["output"]) for c in client.calls] == [("shown", 1), (None, 2)]


def test_an_async_op_that_is_left_out_runs():
    """By its switch."""

    @op
    async def f(x):
        return x

    f._tracing_enabled = False
    assert asyncio.run(f(1)) == 1
    result, call = asyncio.run(f.call(2))
    assert (result, call.id) == (2, None)


def test_decorating_a_bound_op_gives_it_back():
    """It is an op already, and knows its object."""
    shelf = Shelf(3)
    assert op(shelf.m)(1) == (3, 1)
    assert is_op(shelf.m)


def test_types_are_reached_through_the_module():
    """And unknown names are refused."""
    from weave_lite.trace import op as module
    from weave_lite.trace.op_object import BoundOp
    from weave_lite.trace.op_protocol import Op

    assert (module.Op, module.ProcessedInputs, module.BoundOp) == (Op, ProcessedInputs, BoundOp)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = Shelf.m.nothing


def test_arguments_of_call_may_have_any_name(client):
    """Also those that the tracer's own functions use inside."""

    @op
    def taker(**kwargs):
        return kwargs

    class Thing:
        @op
        def take(self, **kwargs):
            return kwargs

        @op
        @classmethod
        def take_cls(cls, **kwargs):
            return kwargs

    names = ("op", "instance", "options", "args", "kwargs", "function", "wrapper", "func", "state")
    given = {name: n for n, name in enumerate(names)}
    assert taker.call(self=1, **given)[0] == {"self": 1, **given}
    assert taker(self=1, **given) == {"self": 1, **given}
    thing = Thing()
    for bound in (thing.take, Thing.take_cls):
        assert bound(**given) == given
        assert bound.call(**given)[0] == given
    assert thing.take.call(thing, **given)[0] == given
    assert client.calls[0]["inputs"] == {"kwargs": {"self": 1, **given}}


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"name": 5}, TypeError, "name must be a text, not int"),
        ({"name": ""}, InvalidNameError, "no letter, digit or dot"),
        ({"name": "//__"}, InvalidNameError, "no letter, digit or dot"),
        ({"postprocess_inputs": 5}, TypeError, "postprocess_inputs must be a function, not int"),
        ({"postprocess_output": "x"}, TypeError, "postprocess_output must be a function, not str"),
        ({"accumulator": []}, TypeError, "accumulator must be a function, not list"),
        ({"call_display_name": 5}, TypeError, "call_display_name must be a text or a function"),
        ({"attributes": 5}, TypeError, "attributes must be a dict"),
        ({"attributes": ["abc"]}, TypeError, "attributes must be a dict"),
    ],
)
def test_a_wrong_option_is_refused_when_decorating(options, kind, message):
    """Not at each call, where it would cost the record."""
    with pytest.raises(kind, match=message):
        op(**options)


def test_kind_goes_over_attributes_that_do_not_fit(client):
    """What stands under ``weave`` may be anything."""

    @op(kind="llm", attributes={"weave": "text", "a": 1})
    def f():
        return 1

    f()
    assert client.calls[0]["attributes"] == {"weave": {"kind": "llm"}, "a": 1}


def test_a_function_whose_name_cannot_be_stored(client):
    """Its calls are recorded all the same."""

    @op
    def _():
        return 1

    assert (_(), _.name, _.__name__) == (1, "unnamed", "_")
    assert client.calls[0]["op"] == "unnamed"


@pytest.mark.parametrize("wish", [None, "text", 5, {}])
def test_a_wish_that_is_no_dict_is_ignored(client, wish):
    """The reserved argument never reaches the function."""

    @op
    def f(x):
        return x

    assert f(1, __weave=wish) == 1
    assert client.calls[0]["display_name"] is None


def test_a_decorated_op_can_be_made_an_op(client):
    """The function around it is kept, though it carries the attributes of the op."""

    def twice(function):
        @functools.wraps(function)
        def around(*args):
            return [function(*args), function(*args)]

        return around

    @op(name="outer")
    @twice
    @op
    def f(x):
        return x

    class Thing:
        @op(name="outer-method")
        @twice
        @op
        def m(self, x):
            return x

    assert f(1) == [1, 1]
    assert Thing().m(2) == [2, 2]
    assert client.tree == [
        ("outer", None),
        ("f", 0),
        ("f", 0),
        ("outer-method", None),
        ("Thing.m", 3),
        ("Thing.m", 3),
    ]

"""Binding of arguments to parameter names, by a plan that is made once per function.

Plain functions are planned from their code object; only other callables need ``inspect``. The order
of the result: what was passed, in signature order, then defaults in signature order. A default of
None, ``...`` or a vendor's "not given" is left out.
"""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import OpCallError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BindPlan", "plan_for"]

_VARARGS = 0x04
_VARKEYWORDS = 0x08
# Classes whose values mean "this argument was not given" in clients of language models.
_NOT_GIVEN_CLASSES = frozenset(
    {"NotGiven", "Omit", "NotGivenType", "OmitType", "_NotGiven", "_Unset", "Unset"}
)
# So many ways to call one function with keywords are remembered.
_MAX_WAYS = 64


class BindPlan:
    """How the arguments of one function get their names.

    Args:
        positional: Names of the parameters that may be passed by position, in order.
        positional_only: How many of them may not be passed by name.
        keyword_only: Names of the keyword-only parameters.
        var_positional: Name of ``*args``, or None.
        var_keyword: Name of ``**kwargs``, or None.
        defaults: Default by parameter name.
    """

    __slots__ = (
        "_by_count",
        "_by_names",
        "_full_count",
        "_named",
        "_order",
        "_recorded_defaults",
        "defaults",
        "keyword_only",
        "positional",
        "positional_only",
        "var_keyword",
        "var_positional",
    )

    def __init__(
        self,
        positional: tuple[str, ...],
        positional_only: int,
        keyword_only: tuple[str, ...],
        var_positional: str | None,
        var_keyword: str | None,
        defaults: dict[str, Any],
    ) -> None:
        self.positional = positional
        self.positional_only = positional_only
        self.keyword_only = keyword_only
        self.var_positional = var_positional
        self.var_keyword = var_keyword
        self.defaults = defaults
        self._named = frozenset((*positional[positional_only:], *keyword_only))
        self._order = (
            *positional,
            *((var_positional,) if var_positional is not None else ()),
            *keyword_only,
        )
        self._recorded_defaults = {
            name: value for name, value in defaults.items() if _is_recorded_default(value)
        }
        # The fast lane: so many positional arguments and no others need just these defaults.
        # None where that does not fit the signature.
        self._by_count: tuple[dict[str, Any] | None, ...] = ()
        # The same for calls with keywords, by (count of positional ones, *keywords): the keywords
        # in the order of the signature, None where they come so, and the defaults.
        self._by_names: dict[tuple[Any, ...], tuple[tuple[str, ...] | None, dict[str, Any]]] = {}
        self._full_count = len(positional)
        if var_positional is None and var_keyword is None:
            self._by_count = tuple(self._tail(count) for count in range(len(positional) + 1))

    def _tail(self, count: int) -> dict[str, Any] | None:
        rest = (*self.positional[count:], *self.keyword_only)
        if any(name not in self.defaults for name in rest):
            return None
        return {n: self._recorded_defaults[n] for n in rest if n in self._recorded_defaults}

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Name the arguments of a call.

        Returns:
            A new dict of parameter name to value; ``*args`` as a list, ``**kwargs`` as a dict.

        Raises:
            OpCallError: The arguments do not fit the signature.
        """
        if not kwargs:
            count = len(args)
            if count < len(self._by_count):
                tail = self._by_count[count]
                if tail is not None:
                    named = dict(zip(self.positional, args, strict=False))
                    if tail:
                        named.update(tail)
                    return named
            return self._bind_slowly(args, kwargs)
        way = (len(args), *kwargs)
        known = self._by_names.get(way)
        if known is None:
            named = self._bind_slowly(args, kwargs)
            self._remember(way, named)
            return named
        in_order, tail = known
        named = dict(zip(self.positional, args, strict=False)) if args else {}
        if in_order is None:
            named.update(kwargs)
        else:
            for name in in_order:
                named[name] = kwargs[name]
        if tail:
            named.update(tail)
        return named

    def _remember(self, way: tuple[Any, ...], named: dict[str, Any]) -> None:
        """Remember how a way to pass arguments was bound: the rest is up to the signature alone."""
        is_open = self.var_positional is not None or self.var_keyword is not None
        if is_open or len(self._by_names) >= _MAX_WAYS:
            return
        count, *passed = way
        names = list(named)[count:]
        in_order = names[: len(passed)]
        self._by_names[way] = (
            None if in_order == passed else tuple(in_order),
            {name: named[name] for name in names[len(passed) :]},
        )

    def fits(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Tell whether arguments fit the signature."""
        try:
            self.bind(args, kwargs)
        except OpCallError:
            return False
        return True

    def _bind_slowly(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        positional = self.positional
        full = self._full_count
        named: dict[str, Any] = dict(zip(positional, args, strict=False))
        if len(args) > full:
            if self.var_positional is None:
                raise OpCallError("too many positional arguments")
            named[self.var_positional] = list(args[full:])
        extra: dict[str, Any] = {}
        if kwargs:
            named_ones = self._named
            passed: dict[str, Any] = {}
            for name, value in kwargs.items():
                if name not in named_ones:
                    extra[name] = value
                elif name in named:
                    raise OpCallError(f"multiple values for argument {name!r}")
                else:
                    passed[name] = value
            if extra and self.var_keyword is None:
                raise OpCallError(self._unexpected(extra, named))
            if passed:
                # Passed ones stand in signature order, not in the order of the call. Names given
                # by position come first anyway, except for keywords before *args.
                named.update({name: passed[name] for name in self._order if name in passed})
        missing = [
            n
            for n in self._order
            if n not in named and n not in self.defaults and n != self.var_positional
        ]
        if missing:
            raise OpCallError(f"missing a required argument: {missing[0]!r}")
        if extra and self.var_keyword is not None:
            named[self.var_keyword] = extra
        for name in self._order:
            if name not in named:
                if name == self.var_positional:
                    named[name] = []
                elif name in self._recorded_defaults:
                    named[name] = self._recorded_defaults[name]
        if self.var_keyword is not None and not extra:
            named[self.var_keyword] = {}
        return named

    def _unexpected(self, extra: dict[str, Any], named: dict[str, Any]) -> str:
        name = next(iter(extra))
        if name in self.positional[: self.positional_only]:
            if name in named or name in self.defaults:
                return f"got some positional-only arguments passed as keyword arguments: {name!r}"
            return f"{name!r} parameter is positional only, but was passed as a keyword"
        return f"got an unexpected keyword argument {name!r}"


def plan_for(function: Callable[..., Any]) -> BindPlan:
    """Make the plan of a callable; one without a signature takes anything.

    Example:
        >>> plan_for(lambda a, b=2, *rest: None).bind((1,), {})
        {'a': 1, 'b': 2, 'rest': []}
    """
    if (
        type(function) is FunctionType
        and "__wrapped__" not in function.__dict__
        and "__signature__" not in function.__dict__
    ):
        return _plan_function(function)
    return _plan_signature(function)


def _plan_function(function: FunctionType) -> BindPlan:
    code = function.__code__
    names = code.co_varnames
    positional_end = code.co_argcount
    keyword_end = positional_end + code.co_kwonlyargcount
    positional = names[:positional_end]
    defaults: dict[str, Any] = {}
    if function.__defaults__:
        defaults.update(
            zip(positional[-len(function.__defaults__) :], function.__defaults__, strict=True)
        )
    keyword_only = names[positional_end:keyword_end]
    if function.__kwdefaults__:
        defaults.update(function.__kwdefaults__)
    at = keyword_end
    var_positional = var_keyword = None
    if code.co_flags & _VARARGS:
        var_positional = names[at]
        at += 1
    if code.co_flags & _VARKEYWORDS:
        var_keyword = names[at]
    return BindPlan(
        positional, code.co_posonlyargcount, keyword_only, var_positional, var_keyword, defaults
    )


def _plan_signature(function: Callable[..., Any]) -> BindPlan:
    import inspect  # noqa: PLC0415 - plain functions do without it

    try:
        parameters = inspect.signature(function).parameters.values()
    except Exception:  # a callable may be any object of the user
        if type(function) is FunctionType:
            return _plan_function(function)
        return BindPlan((), 0, (), "args", "kwargs", {})
    positional: list[str] = []
    keyword_only: list[str] = []
    positional_only = 0
    var_positional = var_keyword = None
    defaults: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            var_positional = parameter.name
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            var_keyword = parameter.name
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            keyword_only.append(parameter.name)
        else:
            positional.append(parameter.name)
            positional_only += parameter.kind is parameter.POSITIONAL_ONLY
        if parameter.default is not parameter.empty:
            defaults[parameter.name] = parameter.default
    return BindPlan(
        tuple(positional),
        positional_only,
        tuple(keyword_only),
        var_positional,
        var_keyword,
        defaults,
    )


def _is_recorded_default(value: Any) -> bool:
    return value is not None and value is not ... and type(value).__name__ not in _NOT_GIVEN_CLASSES

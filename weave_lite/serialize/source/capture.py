"""The text of ``obj.py``: a function with all that it needs of its module, in an order that runs.

Imports first, then values, functions and classes of the function's own module, each before its
users, then the function itself. What cannot be captured is left out; the op is then merely not
reloadable. Runs no code of the user, but reads attributes and takes the ``repr`` of odd globals.
"""

from __future__ import annotations

import logging
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from weave_lite.serialize.introspect import MISSING, class_name, derives_from
from weave_lite.serialize.registry import is_op
from weave_lite.serialize.source.atoms import class_module
from weave_lite.serialize.source.imports import (
    MAIN_MODULES,
    import_expression,
    import_name,
    module_imports,
    module_name,
    place_of,
)
from weave_lite.serialize.source.lookup import (
    class_text,
    function_text,
    lambda_parts,
    plain_function,
)
from weave_lite.serialize.source.names import default_names, free_names, has_annotations
from weave_lite.serialize.source.normal import normal_block, renamed
from weave_lite.serialize.source.scope import Scope, class_scope, function_scope, is_op_decorator
from weave_lite.serialize.source.syntax import identifier
from weave_lite.serialize.source.values import Renderer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["capture_source"]

_LOG = logging.getLogger("weave_lite")
_MAX_DEPTH = 20
_FUTURE_ANNOTATIONS = 0x1000000  # the flag of code under `from __future__ import annotations`
_LAMBDA = "<lambda>"
_FUTURE_IMPORT = "from __future__ import annotations"


class _Block(NamedTuple):
    """A definition, with the names that must be defined before it runs."""

    text: str
    eager: tuple[str, ...]


def capture_source(
    function: FunctionType, name: str, reference: Callable[[Any], str | None]
) -> str | None:
    """Return the text of ``obj.py`` for a function; None when its source is not there.

    Args:
        function: The undecorated function.
        name: Name of the op; it names the definition of a lambda.
        reference: Gives the URI of a value that is stored on its own, else None.
    """
    return _Capture(function, reference).text(name)


class _Capture:
    """One capture: what is bound to which name, and the blocks and imports made so far."""

    def __init__(self, root: FunctionType, reference: Callable[[Any], str | None]) -> None:
        self._root = root
        self._root_scope = function_scope(root)
        own = (root.__module__, root.__globals__.get("__name__"))
        self._home = {*MAIN_MODULES, *(one for one in own if type(one) is str)}
        self._reference = reference
        self._renderer = Renderer(self._safe_reference, self._express)
        self._imports: dict[str, None] = {}
        self._blocks: dict[str, _Block] = {}
        self._bound: dict[str, Any] = {}
        self._root_names: set[str] = set()
        self._defining: set[str] = set()
        self._used: list[str] = []  # names that the value being written needs
        self._depth = 0

    # --- the whole ---

    def text(self, name: str) -> str | None:
        """Return the whole text."""
        found = _definition(self._root, name)
        if found is None:
            return None
        text, scope = found
        text = normal_block(text, lambda parts: is_op_decorator(scope, parts), is_root=True)
        eager = self._needs(text, scope)
        own_name = self._free_root_name(_defined_name(self._root, name))
        text = renamed(text, own_name)
        aliases = [f"{one} = {own_name}\n" for one in sorted(self._root_names - {own_name})]
        self._blocks[own_name] = _Block(text, eager)
        blocks = [*self._ordered(own_name), *aliases]
        imports = ["import weave", *self._imports]
        if self._root.__code__.co_flags & _FUTURE_ANNOTATIONS and any(map(has_annotations, blocks)):
            # Without it, names that only type checkers see would fail the import.
            imports.insert(0, _FUTURE_IMPORT)
        return "\n".join([*imports, "", "\n".join(blocks)])

    def _free_root_name(self, name: str) -> str:
        """Keep the function's name, unless its code means something else by it.

        A method ``predict`` may call a function ``predict`` of its module.
        """
        own = name
        while own in self._bound and own not in self._root_names:
            prefix = identifier(self._root.__qualname__.replace(".", "_"), name)
            own = prefix if own == name and prefix != name else f"{own}_op"
        return own

    def _ordered(self, last: str) -> list[str]:
        """Put blocks in the order found, but before it all that a block needs to be run."""
        done: dict[str, str] = {}
        started: set[str] = set()

        def add(name: str) -> None:
            if name in started or name not in self._blocks:
                return
            started.add(name)
            for needed in self._blocks[name].eager:
                add(needed)
            done[name] = self._blocks[name].text

        for name in self._blocks:
            if name != last:
                add(name)
        add(last)
        return list(done.values())

    # --- names ---

    def _needs(self, text: str, scope: Scope) -> tuple[str, ...]:
        """Capture all free names of a text; return those that running it needs at once."""
        names = free_names(text)
        fresh = []
        for free in names:
            value = scope.resolve(free.name)
            # A module that is known already may now be needed with another submodule.
            if value is not MISSING and (free.name not in self._bound or _is_module(value)):
                self._bound.setdefault(free.name, value)
                fresh.append((free, value))
        for free, value in fresh:
            if _is_module(value):
                lines = module_imports(free.name, value, free.paths)
                self._imports.update(dict.fromkeys(lines))
            else:
                self._add_safely(free.name, value, scope)
        return tuple(free.name for free in names if free.is_eager)

    def _add_safely(self, name: str, value: Any, scope: Scope) -> None:
        if self._depth >= _MAX_DEPTH:
            return
        self._depth += 1
        self._defining.add(name)
        try:
            self._add(name, value, scope)
        except Exception:  # a global can be anything, and one that fails must not lose the others
            _LOG.debug("the global %r cannot be stored with an op", name, exc_info=True)
        finally:
            self._defining.discard(name)
            self._depth -= 1

    def _add(self, name: str, value: Any, scope: Scope) -> None:
        if self._is_root(value):
            self._root_names.add(name)
        elif is_op(value):
            self._add_op(name, value)
        elif derives_from(type(value), type):
            self._add_class(name, value, scope)
        elif _is_function(value):
            self._add_function(name, value)
        else:
            is_code = not self._is_home(value) and callable(value)
            place = place_of(value) if is_code or class_module(type(value)) == "typing" else None
            if place is None or place[0] in self._home:
                self._add_value(name, value)
            else:
                self._add_import(name, place)

    def _is_root(self, value: Any) -> bool:
        return (_is_function(value) or is_op(value)) and plain_function(value) is self._root

    def _is_home(self, value: Any) -> bool:
        return module_name(value) in self._home

    # --- one kind of value each ---

    def _add_op(self, name: str, op: Any) -> None:
        function = plain_function(op)
        if function is not None and function.__module__ in self._home:
            self._add_function(name, op)
            return
        uri = self._safe_reference(op)
        if uri is None:
            _LOG.warning("op %r of another module is not stored with its user's code", name)
        else:
            self._add_value(name, op)

    def _add_function(self, name: str, value: Any) -> None:
        function = plain_function(value)
        is_home = self._is_home(value) or (
            function is not None and function.__globals__.get("__name__") in self._home
        )
        place = place_of(value)
        if not is_home and place is not None:
            self._add_import(name, place)
            return
        found = _definition(function, name) if function is not None else None
        if found is None or function is None:
            if place is not None:
                self._add_import(name, place)
            return
        text, scope = found
        text = normal_block(text, lambda parts: is_op_decorator(scope, parts))
        text = renamed(text, name)
        self._blocks[name] = _Block(text, self._needs(text, scope))

    def _add_class(self, name: str, cls: type, user: Scope) -> None:
        is_home = self._is_home(cls)
        place = place_of(cls)
        if not is_home and place is not None:
            self._add_import(name, place)
            return
        text = class_text(cls, self._root)
        if text is None:
            self._add_made_class(name, cls, place)
            return
        own_name = class_name(cls)
        if own_name != name and self._bound.setdefault(own_name, cls) is cls:
            if own_name not in self._blocks and own_name not in self._defining:
                self._add_safely(own_name, cls, user)
            self._blocks[name] = _Block(f"{name} = {own_name}\n", (own_name,))
            return
        scope = class_scope(cls, user)
        text = renamed(normal_block(text, lambda parts: is_op_decorator(scope, parts)), name)
        self._blocks[name] = _Block(text, self._needs(text, scope))

    def _add_made_class(self, name: str, cls: type, place: tuple[str, str] | None) -> None:
        """Add a class that no ``class`` statement made: a named tuple, or by import if it can be."""
        made = self._renderer.tuple_class(cls)
        if made is not None:
            self._blocks[name] = _Block(f"{name} = {made}\n", ())
        elif place is not None:
            self._add_import(name, place)

    def _add_import(self, name: str, place: tuple[str, str]) -> None:
        line = import_name(place, name)
        if line is None:
            self._blocks[name] = _Block(f"{name} = {import_expression(place)}\n", ())
        else:
            self._imports[line] = None

    def _add_value(self, name: str, value: Any) -> None:
        used, self._used = self._used, []
        try:
            text = self._renderer.assigned(name, value)
            self._blocks[name] = _Block(f"{name} = {text}\n", tuple(self._used))
        finally:
            self._used = used

    # --- code inside of values ---

    def _safe_reference(self, value: Any) -> str | None:
        try:
            return self._reference(value)
        except Exception:
            _LOG.debug("a global of an op has no ref", exc_info=True)
            return None

    def _express(self, value: Any) -> str | None:
        """Give an expression for a function, class, method or module that stands in a value."""
        if _is_module(value):
            return f'__import__("importlib").import_module("{value.__name__}")'
        if type(value) is MethodType:
            owner = (
                self._express(value.__self__) if derives_from(type(value.__self__), type) else None
            )
            return None if owner is None else f"{owner}.{value.__func__.__name__}"
        place = place_of(value)
        if place is not None and (not self._is_home(value) or place[0] == "builtins"):
            return import_expression(place)
        name = getattr(value, "__name__", None)
        if name == _LAMBDA:
            return self._express_lambda(value)
        is_definition = derives_from(type(value), type) or is_op(value) or _is_function(value)
        if not is_definition or type(name) is not str or not name.isidentifier():
            return None
        if name not in self._bound:
            self._bound[name] = value
            self._add_safely(name, value, self._root_scope)
        elif self._bound[name] is not value:
            return None
        if name in self._blocks or name in self._defining or name in self._root_names:
            self._used.append(name)
            return name
        return None

    def _express_lambda(self, value: FunctionType) -> str | None:
        function = plain_function(value)
        parts = lambda_parts(function) if function is not None else None
        if function is None or parts is None:
            return None
        text = f"(lambda {parts.parameters}: {parts.body})".replace("lambda :", "lambda:")
        self._used.extend(self._needs(text, function_scope(function)))
        return text


def _is_module(value: Any) -> TypeGuard[ModuleType]:
    """Ask the class itself: ``isinstance`` would ask the value, which can lie or fail."""
    return derives_from(type(value), ModuleType)


def _is_function(value: Any) -> bool:
    """Tell functions, and callables that wrap one (``lru_cache``), from other values."""
    if type(value) is FunctionType:
        return True
    return (
        not derives_from(type(value), MethodType)
        and callable(value)
        and bool(plain_function(value))
    )


def _defined_name(function: FunctionType, name: str) -> str:
    if function.__code__.co_name != _LAMBDA:
        return function.__code__.co_name
    parts = lambda_parts(function)
    return identifier(name, (parts.target if parts is not None else None) or "func")


def _definition(function: FunctionType, name: str) -> tuple[str, Scope] | None:
    """Return the text that defines a function, and its scope; None when there is no source."""
    scope = function_scope(function)
    if function.__code__.co_name == _LAMBDA:
        parts = lambda_parts(function)
        if parts is None:
            return None
        body = f"(\n{parts.body}\n)" if "\n" in parts.body else parts.body
        text = f"def {_defined_name(function, name)}({parts.parameters}):\n    return {body}\n"
    else:
        found = function_text(function)
        if found is None:
            return None
        text = found
    return text, scope.with_first(dict(_named_defaults(function, text)))


def _named_defaults(function: FunctionType, text: str) -> Iterator[tuple[str, Any]]:
    """Yield the values of defaults that are bare names: ``i=i`` of a loop has its own value."""
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    values = dict(zip(reversed(positional), reversed(defaults), strict=False))
    values.update(function.__kwdefaults__ or {})
    for parameter, name in default_names(text):
        if parameter in values:
            yield name, values[parameter]

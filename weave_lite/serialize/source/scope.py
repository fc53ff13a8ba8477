"""What a name means where a function or class was defined: closure, globals, module, builtins.

Looks names up and nothing else; no code of the user runs.
"""

from __future__ import annotations

import builtins
import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from weave_lite.serialize.introspect import MISSING, derives_from, instance_fields, namespace_of
from weave_lite.serialize.source.lookup import class_functions

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PACKAGE", "Scope", "class_scope", "function_scope", "is_op_decorator"]

# Every module has its own, also the one that the stored code becomes.
_MODULE_NAMES = frozenset(vars(ModuleType("any"))) | {"__builtins__", "__cached__", "__file__"}
PACKAGE = __name__.partition(".")[0]


class Scope:
    """The namespaces of a definition, the nearest first.

    Args:
        *namespaces: Mappings of name to value.
        last: Namespaces to ask when even the builtins do not know a name.
    """

    __slots__ = ("_last", "_namespaces")

    def __init__(
        self, *namespaces: Mapping[str, Any], last: tuple[Mapping[str, Any], ...] = ()
    ) -> None:
        self._namespaces = namespaces
        self._last = last

    def resolve(self, name: str) -> Any:
        """Return the value of a name; ``MISSING`` for a builtin and for an unknown name."""
        if name in _MODULE_NAMES:
            return MISSING
        for namespace in self._namespaces:
            if name in namespace:
                value = namespace[name]
                return MISSING if value is vars(builtins).get(name, MISSING) else value
        if hasattr(builtins, name):
            return MISSING
        for namespace in self._last:
            if name in namespace:
                return namespace[name]
        return MISSING

    def resolve_path(self, parts: tuple[str, ...]) -> Any:
        """Return the value of ``a.b.c`` where each part but the last is a module, else MISSING."""
        value = self.resolve(parts[0])
        for part in parts[1:]:
            value = instance_fields(value).get(part, MISSING)
        return value

    def with_first(self, namespace: Mapping[str, Any]) -> Scope:
        """Return a scope in which one more namespace comes first."""
        return Scope(namespace, *self._namespaces, last=self._last)


def function_scope(function: FunctionType) -> Scope:
    """Return the scope of a function. A name of the class around it counts last."""
    module = sys.modules.get(function.__module__ or "")
    return Scope(
        _closure(function),
        function.__globals__,
        instance_fields(module),
        last=_classes_around(function),
    )


def class_scope(cls: type, user: Scope) -> Scope:
    """Return the scope of the body of a class: what its methods see, its module, then its user's."""
    functions = class_functions(cls)
    closures = [_closure(function) for function in functions]
    own = functions[0].__globals__ if functions else {}
    module = instance_fields(sys.modules.get(cls.__module__))
    return Scope(*closures, own, module, *user._namespaces, last=user._last)  # noqa: SLF001 - its own


def _closure(function: FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return found


def _classes_around(function: FunctionType) -> tuple[Mapping[str, Any], ...]:
    found: list[Mapping[str, Any]] = []
    namespace: Mapping[str, Any] = function.__globals__
    value: Any
    for part in function.__qualname__.split(".")[:-1]:
        value = namespace.get(part)
        if not derives_from(type(value), type):
            break
        namespace = namespace_of(value)
        found.insert(0, namespace)
    return tuple(found)


def is_op_decorator(scope: Scope, parts: tuple[str, ...]) -> bool:
    """Tell whether an expression is our op decorator, under any import; ``weave.op`` always is.

    The decorator is recognised by its name and package, since this layer cannot import it.
    """
    around = scope.resolve_path(parts[:-1]) if len(parts) > 1 else None
    if derives_from(type(around), ModuleType):
        # The package may load the decorator lazily, so its dictionary need not have it.
        return parts[-1] == "op" and _is_ours(instance_fields(around).get("__name__"))
    value = scope.resolve_path(parts)
    if value is MISSING:
        return parts == ("weave", "op")
    return type(value) is FunctionType and value.__name__ == "op" and _is_ours(value.__module__)


def _is_ours(module: Any) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in {PACKAGE, "weave"}

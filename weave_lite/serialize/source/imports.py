"""How stored code imports a module, or a name of one. Imports nothing itself."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from types import BuiltinFunctionType, BuiltinMethodType, ModuleType
from typing import Any

from weave_lite.serialize.introspect import MISSING, derives_from, instance_fields
from weave_lite.serialize.source.atoms import class_module
from weave_lite.serialize.source.scope import PACKAGE

__all__ = [
    "MAIN_MODULES",
    "import_expression",
    "import_name",
    "module_imports",
    "module_name",
    "place_of",
]

MAIN_MODULES = frozenset({"__main__", "__mp_main__"})
_OFFICIAL = "weave"  # stored code has its name for us, so that the official SDK can run it


_REMADE = frozenset({BuiltinFunctionType, BuiltinMethodType})


def module_name(value: Any) -> str | None:
    """Return the module that a value says it is from."""
    try:
        name = getattr(value, "__module__", None)
    except Exception:  # the attributes of a user's object can do anything
        return None
    return name if type(name) is str else None


def module_imports(name: str, module: ModuleType, paths: tuple[tuple[str, ...], ...]) -> list[str]:
    """Return the import lines for a module bound to a name.

    Args:
        name: What the code calls it.
        module: The module.
        paths: Attribute chains read from it. Those that lead to submodules get their own line:
            ``import urllib`` alone does not give ``urllib.request``.
    """
    full = object.__getattribute__(module, "__dict__").get("__name__")
    if type(full) is not str or full in MAIN_MODULES:
        return []
    official = _official(full)
    lines = []
    if name != official:
        lines.append(f"import {official} as {name}")
    elif name != _OFFICIAL:
        lines.append(f"import {official}")
    below = [_submodule(module, full, path) for path in paths]
    deeper = sorted({f"import {_official(one)}" for one in below if one is not None})
    # A line for a submodule binds the package as well.
    return deeper if deeper and name == official else lines + deeper


def _submodule(module: ModuleType, full: str, path: tuple[str, ...]) -> str | None:
    """Return the name of the deepest submodule on a chain of attributes."""
    found = None
    current: Any = module
    for part in path:
        fields = object.__getattribute__(current, "__dict__")
        places = fields.get("__path__")
        if places is None:
            break
        below = fields.get(part, MISSING)
        following = f"{full}.{part}"
        if below is MISSING:
            # Not loaded yet, perhaps: what is stored must not depend on that.
            return following if _is_there(following, places) else found
        if (
            not derives_from(type(below), ModuleType)
            or instance_fields(below).get("__name__") != following
        ):
            break
        current, full, found = below, following, following
    return found


def _is_there(full: str, places: Any) -> bool:
    try:
        return PathFinder.find_spec(full, places) is not None
    except Exception:  # a path hook of the user
        return False


def place_of(value: Any) -> tuple[str, str] | None:
    """Return (module, qualified name) from which a value can be imported, None if it cannot."""
    try:
        name = getattr(value, "__qualname__", None)
        name = name if type(name) is str else getattr(value, "__name__", None)
        module = getattr(value, "__module__", None)
    except Exception:  # the attributes of a user's object can do anything
        return None
    if type(name) is not str or not all(part.isidentifier() for part in name.split(".")):
        return None
    if type(module) is not str:  # numpy's functions do not say where they are from
        module = class_module(type(value)).partition(".")[0]
    if not module or module in MAIN_MODULES or not _leads_to(module, name, value):
        return None
    if module.partition(".")[0] == PACKAGE:
        root = sys.modules[PACKAGE]
        if name in getattr(root, "__all__", ()) and getattr(root, name, None) is value:
            return _OFFICIAL, name
    return _official(module), name


def _leads_to(module: str, name: str, value: Any) -> bool:
    found: Any = sys.modules.get(module)
    if found is None:
        return False
    try:
        for part in name.split("."):
            found = getattr(found, part)
    except Exception:  # not there, or a lazy attribute of the user that fails
        return False
    # Methods of builtin classes are made anew at each access.
    return found is value or (type(found) is type(value) in _REMADE and bool(found == value))


def import_name(place: tuple[str, str], name: str) -> str | None:
    """Return the line that binds a name; None when no ``from`` import can, as for ``Outer.Inner``."""
    module, found = place
    if "." in found:
        return None
    return (
        f"from {module} import {found}"
        if found == name
        else f"from {module} import {found} as {name}"
    )


def import_expression(place: tuple[str, str]) -> str:
    """Return an expression for a value of a module that needs no name of its own."""
    module, name = place
    if module == "builtins":
        return name
    first = name.partition(".")[0]
    if "." not in module:
        return f'__import__("{module}").{name}'
    return f'__import__("{module}", fromlist=["{first}"]).{name}'


def _official(module: str) -> str:
    first, dot, rest = module.partition(".")
    return f"{_OFFICIAL}{dot}{rest}" if first == PACKAGE else module

"""Tells when modules are imported, by a finder that stands before all others.

The module gets the loader it would have had; nothing is imported here. Must not know what is done
with the modules.
"""

from __future__ import annotations

import sys
from threading import local
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["ImportHook"]


class ImportHook:
    """Calls a function after the import of each of some modules, while it is installed.

    Args:
        names: Full names of the modules.
        on_import: Gets the module once its body has run; must not raise.
    """

    def __init__(self, names: frozenset[str], on_import: Callable[[ModuleType], None]) -> None:
        self._names = names
        self._on_import = on_import
        self._busy = local()

    def install(self) -> None:
        """Begin to watch."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Stop watching."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """Find a watched module as the other finders do; leave everything else to them."""
        if fullname not in self._names:
            return None
        # Another hook may ask all finders in its turn, and so come back here.
        if getattr(self._busy, "is_finding", False):
            return None
        self._busy.is_finding = True
        try:
            spec = _found_by_others(self, fullname, path, target)
        finally:
            self._busy.is_finding = False
        if spec is not None and hasattr(spec.loader, "exec_module"):
            teller: Any = _TellingLoader(spec, self._on_import)
            spec.loader = teller
        return spec


def _found_by_others(
    hook: ImportHook, name: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    for finder in list(sys.meta_path):
        if finder is hook or not hasattr(finder, "find_spec"):
            continue
        spec = finder.find_spec(name, path, target)
        if spec is not None:
            return spec
    return None


class _TellingLoader:
    """Stands in for a loader until the module's body runs."""

    def __init__(self, spec: ModuleSpec, on_import: Callable[[ModuleType], None]) -> None:
        self._loader: Any = spec.loader
        self._on_import = on_import

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Make the module as its own loader does."""
        create = getattr(self._loader, "create_module", None)
        made: ModuleType | None = None if create is None else create(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's body, and tell."""
        # The body may look at its loader, for files beside it.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._on_import(module)

    def __getattr__(self, name: str) -> Any:
        # Whoever only looks for a module (without importing it) asks its loader for more.
        if name.startswith("__") or name == "_loader":
            raise AttributeError(name)
        return getattr(self._loader, name)

"""The name ``weave`` for this package: programs that import it run on weave_lite unchanged.

``weave.X`` is the very module ``weave_lite.X``, so classes and what is pickled are the same.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from weave_lite.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

__all__ = ["AS_WEAVE", "install_as_weave"]

_OURS: Final = __package__
_NAME: Final = "weave"
# Where upstream has, or had, what stands elsewhere here; its releases have moved much about.
_HOMES: Final = {
    "dataset.dataset": "flow.dataset",
    "evaluation.eval": "flow.eval",
    "evaluation.eval_imperative": "flow.eval_imperative",
    "integrations.patch": "integrations.autopatch",
    "object.obj": "flow.obj",
    "prompt.prompt": "flow.prompt.prompt",
    "trace.api": "api",
    "trace.context.call_context": "trace.call_context",
    "trace.context.weave_client_context": "trace.client_context",
    "trace.serialization.serializer": "serialize.registry",
    "trace_server.common_interface": "trace_server.trace_server_interface",
    "trace_server.errors": "core.errors",
    "type_handlers.Audio.audio": "serialize.media.audio",
    "type_handlers.File.file": "serialize.media.file",
    "type_wrappers.Content.content": "serialize.media.content",
}
# The packages on the way there. Some are modules here, so that others cannot be below them by themselves.
_ON_THE_WAY: Final = frozenset(
    home.rsplit(".", count)[0] for home in _HOMES for count in range(1, home.count(".") + 1)
)
# Holds a package `weave` that calls `install_as_weave`, for the paths of other processes.
AS_WEAVE: Final = Path(__file__).parent / "_as_weave"


class _SameModule(Loader):
    """Gives a module of ours for another name, and leaves it as it is."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(_our_name(spec.name))
        # The import system is about to overwrite it.
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        alias = module.__spec__
        assert alias is not None
        module.__spec__ = alias.loader_state
        if alias.name.partition(".")[2] in _ON_THE_WAY:
            vars(module).setdefault("__path__", [])


class _EmptyPackage(Loader):
    """Makes a package of upstream that has no counterpart here, only things below it."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to the import system."""

    def exec_module(self, module: ModuleType) -> None:
        """Leave it empty."""


class _Finder(MetaPathFinder):
    """Finds ``weave.X`` where ``weave_lite.X`` is."""

    def __init__(self) -> None:
        # What `force` has pushed aside, by name.
        self.replaced: dict[str, ModuleType] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module; what we do not have is not there."""
        del path, target
        if not _is_weave(fullname):
            return None
        ours = _our_spec(fullname)
        if ours is None:
            is_on_the_way = fullname.partition(".")[2] in _ON_THE_WAY
            return ModuleSpec(fullname, _EmptyPackage(), is_package=True) if is_on_the_way else None
        spec = ModuleSpec(
            fullname,
            _SameModule(),
            origin=ours.origin,
            is_package=ours.submodule_search_locations is not None,
        )
        # Tools look here for the source.
        spec.has_location = ours.has_location
        return spec


def install_as_weave(*, force: bool = False) -> Callable[[], None]:
    """Let ``import weave``, and ``import weave.X``, give this package from now on.

    For programs that say ``import weave``, where the official package is not installed. Doing it
    again changes nothing. New code says ``import weave_lite as weave`` and needs none of this.

    Args:
        force: Go before an official package that is installed, or imported already: what holds its
            objects keeps them.

    Returns:
        A function that takes the name away again.

    Raises:
        UsageError: Another package ``weave`` is there, and not ``force``.

    Example:
        >>> undo = install_as_weave()
        >>> import weave.trace.op, weave_lite.trace.op
        >>> weave.trace.op is weave_lite.trace.op
        True
        >>> undo()
    """
    present = _installed()
    if present is not None:
        return lambda: _take_out(present)
    if not force:
        _check_absent()
    finder = _Finder()
    for name in [name for name in sys.modules if _is_weave(name)]:
        finder.replaced[name] = sys.modules.pop(name)
    sys.meta_path.insert(0, finder)
    sys.modules[_NAME] = sys.modules[_OURS]
    return lambda: _take_out(finder)


def _installed() -> _Finder | None:
    return next((finder for finder in sys.meta_path if isinstance(finder, _Finder)), None)


def _check_absent() -> None:
    imported = sys.modules.get(_NAME)
    if imported is not None:
        place = getattr(imported, "__file__", None) or "an unknown place"
        raise UsageError(
            f"another package `weave` is imported already, from {place}; call install_as_weave() "
            "before anything imports it, or install_as_weave(force=True) to go before it"
        )
    try:
        spec = find_spec(_NAME)
    except (ImportError, ValueError):
        return
    # A mere folder of that name is no package; and a program that we run may start another.
    if spec is not None and spec.origin is not None and AS_WEAVE not in Path(spec.origin).parents:
        raise UsageError(
            f"another package `weave` is installed, at {spec.origin}; uninstall it, or call "
            "install_as_weave(force=True) to go before it"
        )


def _take_out(finder: _Finder) -> None:
    if finder not in sys.meta_path:
        return
    sys.meta_path.remove(finder)
    for name in [name for name in sys.modules if _is_weave(name)]:
        del sys.modules[name]
    sys.modules.update(finder.replaced)


def _is_weave(name: str) -> bool:
    return name == _NAME or name.startswith(f"{_NAME}.")


def _our_name(name: str) -> str:
    _, dot, path = name.partition(".")
    return _OURS + dot + _HOMES.get(path, path)


def _our_spec(name: str) -> ModuleSpec | None:
    try:
        return find_spec(_our_name(name))
    except ModuleNotFoundError as error:
        if error.name is not None and f"{_our_name(name)}.".startswith(f"{error.name}."):
            return None  # below something that is no package, or not there
        raise

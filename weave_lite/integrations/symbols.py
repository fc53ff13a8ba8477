"""Attributes of libraries that are replaced by ops, and put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.integrations.library_op import library_op
from weave_lite.trace.op import is_op

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from weave_lite.integrations.autopatch import Wishes
    from weave_lite.integrations.library_op import Way

__all__ = ["Patched", "Symbol", "patch_symbols"]


class Symbol(NamedTuple):
    """A function of a library.

    ``owner`` is the class in the module that has it, empty for the module itself.
    """

    owner: str
    attribute: str
    op_name: str
    way: Way


class Patched:
    """An attribute that is replaced.

    Args:
        owner: The class or module.
        attribute: Its name there.
        original: What was there.
        made: The op that is there now.
    """

    def __init__(self, owner: Any, attribute: str, original: Any, made: Any) -> None:
        self._owner = owner
        self._attribute = attribute
        self._original = original
        self._made = made

    def is_at(self, owner: Any, attribute: str) -> bool:
        """Tell whether it is this attribute of this class or module."""
        return self._owner is owner and self._attribute == attribute

    def undo(self) -> None:
        """Put the original back, unless somebody else has replaced ours since."""
        # Who holds ours by another way goes on with the plain function.
        self._made._tracing_enabled = False  # noqa: SLF001 - the switch of an op
        if vars(self._owner).get(self._attribute) is self._made:
            setattr(self._owner, self._attribute, self._original)


def patch_symbols(
    module: ModuleType, symbols: Sequence[Symbol], wishes: Wishes, patched: list[Patched]
) -> None:
    """Replace the functions of a module that are there and are not ops yet.

    Args:
        module: The module, imported.
        symbols: The functions.
        wishes: How their calls are recorded.
        patched: Gets what was done.
    """
    for symbol in symbols:
        # Not getattr: a module may import what is not there yet when it is asked.
        owner = vars(module).get(symbol.owner) if symbol.owner else module
        original = None if owner is None else vars(owner).get(symbol.attribute)
        if original is None or is_op(original):
            continue
        # Another tool has wrapped ours since: its wrapper still calls it.
        if any(patch.is_at(owner, symbol.attribute) for patch in patched):
            continue
        made = library_op(original, symbol.op_name, symbol.way, wishes)
        setattr(owner, symbol.attribute, made)
        patched.append(Patched(owner, symbol.attribute, original, made))

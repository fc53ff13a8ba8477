"""What an op is when it is read from a store: a name, a ref and its source, not something that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from weave_lite.core.errors import NotSupportedError
from weave_lite.trace.client_context import require_client

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.core.refs import OpRef
    from weave_lite.trace.calls_iter import CallsIter

__all__ = ["StoredOp", "refuse_stored"]


class StoredOp:
    """An op read from a store. Its code is kept as text and never run.

    Args:
        ref: Where it is stored.
        read_source: Reads the text of its code.
    """

    __slots__ = ("_read_source", "_source", "ref")

    def __init__(self, ref: OpRef, read_source: Callable[[], str]) -> None:
        self.ref = ref
        self._read_source = read_source
        self._source: str | None = None

    @property
    def name(self) -> str:
        """The name under which the op is stored."""
        return self.ref.name

    def get_captured_code(self) -> str:
        """Read the source that was stored with the op."""
        if self._source is None:
            self._source = self._read_source()
        return self._source

    def calls(self) -> CallsIter:
        """Find the calls of exactly this version of the op.

        Raises:
            WeaveInitError: No client is active.
        """
        return require_client().get_calls(filter={"op_names": [self.ref.uri()]})

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: stored code is not run.

        Raises:
            NotSupportedError: Always.
        """
        del args, kwargs
        raise NotSupportedError(
            f"op {self.name!r} was read from the store, and stored code is not run. Import the "
            "module that defines it and read the object again, or read it with "
            f"weave.ref({self.ref.uri()!r}).get(allow_stored_code=True)"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredOp) and self.ref == other.ref

    def __hash__(self) -> int:
        return hash(self.ref)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.ref, self.get_captured_code())

    def __repr__(self) -> str:
        return f"StoredOp({self.ref.uri()!r})"


def refuse_stored(value: Any) -> None:
    """Say of an op that was read from the store that it does not run, and what to do.

    Raises:
        NotSupportedError: The value is one.
    """
    if isinstance(value, StoredOp):
        value()


def _restored(ref: OpRef, source: str) -> StoredOp:
    return StoredOp(ref, lambda: source)

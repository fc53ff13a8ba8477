"""Streams of libraries whose calls end when they do; users get objects of the library's own classes.

Must not know what the items are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.trace.guard import captured
from weave_lite.trace.traced_iterator import TracedIterator

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.trace.stream import Stream

__all__ = ["Tap", "mark", "of_own_class", "take_tap", "tapped", "tapped_when_entered"]

_TAP = "_weave_tap"


class Tap:
    """Stands between an iterator, sync or async, and its reader.

    Args:
        hides: Tells which items the reader does not get.
    """

    def __init__(self, hides: Callable[[Any], bool] | None = None) -> None:
        self.source: Any = None
        self._hides = hides
        # Gets the items; None while nothing is recorded.
        self.stream: Stream | None = None

    def end(self, error: BaseException | None = None) -> None:
        """End the call."""
        if self.stream is not None:
            self.stream.end(error)

    def _passes(self, item: Any) -> bool:
        if self.stream is not None:
            self.stream.add(item)
        return self._hides is None or not self._hides(item)

    def __iter__(self) -> Tap:
        return self

    def __next__(self) -> Any:
        while True:
            try:
                item = next(self.source)
            except StopIteration:
                self.end()
                raise
            except BaseException as error:
                self.end(error)
                raise
            if self._passes(item):
                return item

    def __aiter__(self) -> Tap:
        return self

    async def __anext__(self) -> Any:
        while True:
            try:
                item = await self.source.__anext__()
            except StopAsyncIteration:
                self.end()
                raise
            except BaseException as error:
                self.end(error)
                raise
            if self._passes(item):
                return item

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "source":
            raise AttributeError(name)
        return getattr(self.source, name)


def tapped(stream: Any, tap: Tap) -> Any:
    """Return a stream like this one, of the same class, that is read through a tap.

    It is another object: the libraries' streams often hold themselves, so that one that is dropped
    would end only when the garbage collector comes by.
    """
    double = object.__new__(type(stream))
    vars(double).update(vars(stream))
    tap.source = stream._iterator  # noqa: SLF001 - where all these libraries have it
    double._iterator = tap
    double.close = _closing(stream, tap)
    return double


def tapped_in_place(stream: Any, tap: Tap) -> None:
    """Let a stream be read through a tap."""
    close = _closing(stream, tap)
    tap.source = stream._iterator  # noqa: SLF001
    stream._iterator = tap  # noqa: SLF001
    stream.close = close


def _closing(stream: Any, tap: Tap) -> Callable[[], Any]:
    close = stream.close
    if hasattr(type(stream), "__anext__"):

        async def close_async() -> Any:
            try:
                return await close()
            finally:
                tap.end()

        return close_async

    def close_sync() -> Any:
        try:
            return close()
        finally:
            tap.end()

    return close_sync


def mark(value: Any, tap: Tap) -> None:
    """Leave a tap with what a function returned, for :func:`take_tap`."""
    vars(value)[_TAP] = tap


def take_tap(value: Any) -> Tap | None:
    """Take the tap that was left with a value."""
    fields = getattr(value, "__dict__", None)
    return fields.pop(_TAP, None) if type(fields) is dict else None


# --- streams that are begun by entering a block ---

_classes: dict[tuple[type, str], type] = {}
_OPEN = "_weave_open"


def tapped_when_entered(manager: Any, open_call: Stream) -> None:
    """Let the stream that a context manager opens be read through a tap.

    Raises:
        TypeError: The manager's class cannot be derived from.
    """
    manager.__class__ = _derived(type(manager), "manager", _manager_methods)
    vars(manager)[_OPEN] = open_call


def _opened(manager: Any, stream: Any) -> Any:
    call = vars(manager).pop(_OPEN, None)
    if call is not None:
        tap = Tap()
        tap.stream = call
        try:
            tapped_in_place(stream, tap)
        except Exception as error:
            captured("Error recording a stream", error)
    return stream


def _refused(manager: Any, error: BaseException) -> None:
    call = vars(manager).pop(_OPEN, None)
    if call is not None:
        call.end(error)


def _manager_methods(base: Any) -> dict[str, Any]:
    def enter(self: Any) -> Any:
        try:
            stream = base.__enter__(self)
        except BaseException as error:
            _refused(self, error)
            raise
        return _opened(self, stream)

    async def enter_async(self: Any) -> Any:
        try:
            stream = await base.__aenter__(self)
        except BaseException as error:
            _refused(self, error)
            raise
        return _opened(self, stream)

    return {"__enter__": enter, "__aenter__": enter_async}


# --- iterators that have no inner one to replace ---


def of_own_class(stream: Any, open_call: Stream) -> Any:
    """Return an iterator that tells an open call what it gives, still of its class if that can be.

    It is another object with the same state: libraries may hold their own one for long, but only
    the user holds this one, so that dropping it ends the call.
    """
    if not hasattr(stream, "__dict__"):
        return TracedIterator(stream, open_call)
    try:
        double: Any = object.__new__(_derived(type(stream), "iterator", _iterator_methods))
        double.__dict__ = stream.__dict__
    except TypeError:
        return TracedIterator(stream, open_call)
    double._weave_open = open_call  # noqa: SLF001
    # Else it would clean up now.
    double._weave_source = stream  # noqa: SLF001
    return double


def _iterator_methods(base: Any) -> dict[str, Any]:
    def step(self: Any) -> Any:
        # Taken out meanwhile: the library's own step may take further ones.
        call, self._weave_open = self._weave_open, None
        if call is None:
            return base.__next__(self)
        try:
            item = base.__next__(self)
        except StopIteration:
            call.end()
            raise
        except BaseException as error:
            call.end(error)
            raise
        call.add(item)
        self._weave_open = call
        return item

    async def step_async(self: Any) -> Any:
        call, self._weave_open = self._weave_open, None
        if call is None:
            return await base.__anext__(self)
        try:
            item = await base.__anext__(self)
        except StopAsyncIteration:
            call.end()
            raise
        except BaseException as error:
            call.end(error)
            raise
        call.add(item)
        self._weave_open = call
        return item

    def leave_it(self: Any) -> None:
        """Do nothing: what the library does at the end, it does with its own object."""

    # A slot, because the two objects share all other attributes.
    slots = ("_weave_open", "_weave_source")
    return {"__next__": step, "__anext__": step_async, "__del__": leave_it, "__slots__": slots}


def _derived(base: type, use: str, methods: Callable[[Any], dict[str, Any]]) -> type:
    """Make a class like another one with some methods of ours, once."""
    made = _classes.get((base, use))
    if made is None:
        ours = {
            name: value
            for name, value in methods(base).items()
            if name == "__slots__" or hasattr(base, name)
        }
        names = {"__module__": base.__module__, "__qualname__": base.__qualname__}
        made = _classes[base, use] = type(base.__name__, (base,), {**names, **ours})
    return made

"""Lazy results: nothing is read before it is looked at, and never more than a bounded part is held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, overload

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace.call import Call
from weave_lite.trace.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

__all__ = ["CallsIter", "PaginatedIterator"]

T = TypeVar("T")

_CACHED_PAGES = 4


class PaginatedIterator(Generic[T]):
    """A lazy sequence of what a query finds.

    Iterating reads in one stream and can be stopped at any point; ``len()`` counts on the server;
    an index reads the page that it is on, a slice what it spans.

    Args:
        stream: Reads results from an offset on, at most so many (None: all).
        count: Counts all results, or up to a number.
        page_size: How many an index reads at a time.
        limit: Most results.
        offset: How many to skip.
        frame: Makes the data frame of results from an offset on; by default by ``to_dict()``.

    Raises:
        InvalidRequest: ``limit`` or ``page_size`` is below 1, or ``offset`` negative.

    Example:
        >>> found = PaginatedIterator(
        ...     lambda offset, limit: iter("abcdef"[offset:][:limit]), lambda most: 6, offset=1
        ... )
        >>> len(found), found[1], found[::2], list(found)
        (5, 'c', ['b', 'd', 'f'], ['b', 'c', 'd', 'e', 'f'])
    """

    def __init__(
        self,
        stream: Callable[[int, int | None], Iterator[T]],
        count: Callable[[int | None], int],
        *,
        page_size: int = 1000,
        limit: int | None = None,
        offset: int | None = None,
        frame: Callable[[int, int | None], pd.DataFrame] | None = None,
    ) -> None:
        _check("page_size", page_size, 1)
        if limit is not None:
            _check("limit", limit, 1)
        if offset is not None:
            _check("offset", offset, 0)
        self._stream = stream
        self._count = count
        self._frame = frame
        self._page_size = page_size
        self._limit = limit
        self._offset = offset or 0
        self._pages: Recent[int, Sequence[T]] = Recent(_CACHED_PAGES)

    def __iter__(self) -> Iterator[T]:
        return self._stream(self._offset, self._limit)

    def __len__(self) -> int:
        most = None if self._limit is None else self._offset + self._limit
        return max(self._count(most) - self._offset, 0)

    def __bool__(self) -> bool:
        return next(iter(self._between(0, 1)), None) is not None

    @overload
    def __getitem__(self, key: int) -> T: ...
    @overload
    def __getitem__(self, key: slice) -> list[T]: ...
    def __getitem__(self, key: int | slice) -> T | list[T]:
        if isinstance(key, slice):
            return self._slice(key)
        _check_index(key)
        if key < 0:
            raise IndexError("an index must not be negative: results are counted from the start")
        number, place = divmod(key, self._page_size)
        page = self._page(number)
        if place >= len(page):
            raise IndexError(f"index {key} is out of range")
        return page[place]

    def _slice(self, key: slice) -> list[T]:
        _check_index(key.start, key.stop, key.step)
        start, stop, step = key.start or 0, key.stop, 1 if key.step is None else key.step
        if start < 0 or (stop is not None and stop < 0) or step < 1:
            raise InvalidRequest(
                f"slice {start}:{stop}:{step} must not have negative parts or step 0: results are "
                "counted from the start"
            )
        return list(self._between(start, stop))[::step]

    def _page(self, number: int) -> Sequence[T]:
        page = self._pages.get(number)
        if page is None:
            start = number * self._page_size
            page = list(self._between(start, start + self._page_size))
            # What is not there yet may come; a full page stays as it was read.
            if len(page) == self._page_size:
                self._pages.put(number, page)
        return page

    def _between(self, start: int, stop: int | None) -> Iterator[T]:
        """Read results by position, within limit and offset."""
        if self._limit is not None:
            stop = self._limit if stop is None else min(stop, self._limit)
        if stop is not None and stop <= start:
            return iter(())
        return self._stream(self._offset + start, None if stop is None else stop - start)

    def to_pandas(self) -> pd.DataFrame:
        """Make a data frame: one row per result, its columns the keys of ``to_dict()``.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - an optional package
        except ImportError:
            raise ImportError("to_pandas needs pandas: pip install 'weave-lite[pandas]'") from None
        if self._frame is not None:
            return self._frame(self._offset, self._limit)
        rows: list[Any] = list(self)
        return pd.DataFrame([row.to_dict() for row in rows])

    def count_up_to(self, most: int) -> int:
        """Count the results, but no further than ``most``, which is cheap however many there are."""
        if self._limit is not None:
            most = min(most, self._limit)
        return max(self._count(self._offset + most) - self._offset, 0)

    # --- in a notebook ---

    def _repr_html_(self) -> str:
        from weave_lite.trace.notebook import found_html  # noqa: PLC0415 - notebooks only

        return found_html(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from weave_lite.trace.notebook import bundle  # noqa: PLC0415 - notebooks only

        del include, exclude  # the notebook picks
        return bundle(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(limit={self._limit}, offset={self._offset})"


CallsIter: TypeAlias = PaginatedIterator[Call]


def _check_index(*parts: Any) -> None:
    for part in parts:
        if part is not None and not hasattr(part, "__index__"):
            raise TypeError(f"an index must be a whole number, not {type(part).__name__}")


def _check(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRequest(f"{name} must be a whole number, not {type(value).__name__}")
    if value < least:
        word = "greater than 0" if least else "0 or more"
        raise InvalidRequest(f"{name} must be {word}, not {value}")

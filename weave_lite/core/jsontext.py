"""The two JSON writers and the reader.

* :func:`compact` is for storage and the wire: fast, UTF-8, no blanks, keys in the order received.
* :func:`canonical` is for digests: the text that ``json.dumps`` gives by default.

Both write NaN and the infinities as ``null``. Integers keep all their digits: a compact text that
holds one beyond 64 bits begins with a blank (legal JSON), which tells :func:`parse` to read it with
the exact reader, because the fast one would make it a float.
"""

from __future__ import annotations

import json
import math
from json import encoder as json_encoder
from typing import TYPE_CHECKING, Any

import orjson

from weave_lite.core.errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["canonical", "canonical_sorted", "compact", "parse", "parse_all"]

_SEPARATORS = (",", ":")
_TOO_DEEP = "the value contains itself or is nested too deep for JSON; make it flatter"
_TOO_LONG = "an integer has more digits than Python writes; send it as text"
_MAX_INT = 2**64 - 1
_MIN_INT = -(2**63)


def _canonical_writer() -> Callable[[Any, int], Iterable[str]]:
    """Make once what ``json.dumps(allow_nan=False)`` makes at each call: rows come in 100,000s."""
    make = getattr(json_encoder, "c_make_encoder", None)
    if make is None:  # another interpreter than CPython
        return lambda value, _: (json.dumps(value, allow_nan=False),)
    escape = json_encoder.encode_basestring_ascii
    writer: Callable[[Any, int], Iterable[str]] = make(
        None, None, escape, None, ": ", ", ", False, False, False
    )
    return writer


_write_canonical = _canonical_writer()


def compact(value: Any) -> str:
    """Write a JSON value as compact text.

    Args:
        value: Any JSON value; text keys are expected, others become JSON words or ``str(key)``.

    Raises:
        EncodeError: The value contains itself, is nested deeper than Python can follow, or has an
            integer of more than 4300 digits.
        TypeError: A part of it is not a JSON value.

    Example:
        >>> compact({"a": [1, 2.5, float("nan")]})
        '{"a":[1,2.5,null]}'
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode()
    except TypeError:
        pass
    try:
        plain, is_wide = _plain(value)
        text = json.dumps(plain, ensure_ascii=False, separators=_SEPARATORS)
    except RecursionError:
        raise EncodeError(_TOO_DEEP) from None
    except ValueError:
        raise EncodeError(_TOO_LONG) from None
    return " " + text if is_wide else text


def parse(text: str | bytes) -> Any:
    """Read JSON text written by :func:`compact` (or any JSON text)."""
    if text[:1] in {" ", b" "}:
        return json.loads(text)
    return orjson.loads(text)


def parse_all(texts: Sequence[str]) -> list[Any]:
    """Read many texts of :func:`compact` in one go, which is faster than one by one."""
    if " " in {text[:1] for text in texts}:
        return [parse(text) for text in texts]
    if not texts:
        return []
    # One copy of all the texts, not two.
    parts = list(texts)
    parts[0] = f"[{parts[0]}"
    parts[-1] += "]"
    values: list[Any] = orjson.loads(",".join(parts))
    return values


def canonical(value: Any) -> str:
    r"""Write a JSON value as the text that digests are made of.

    Keys stay in insertion order, separators are ``", "`` and ``": "``, non-ASCII is escaped.
    A value and what :func:`parse` reads back of its compact text have one canonical text.

    Raises:
        EncodeError: The value contains itself, is nested deeper than Python can follow, or has an
            integer of more than 4300 digits.
        TypeError: A part of it is not a JSON value.

    Example:
        >>> canonical({"b": 1, "a": "é"})
        '{"b": 1, "a": "\\u00e9"}'
    """
    try:
        text = "".join(_write_canonical(value, 0))
        # It may hold a lone surrogate, which is not what gets stored.
        if "\\ud" not in text:
            return text
    except (ValueError, TypeError):
        pass
    except RecursionError:
        raise EncodeError(_TOO_DEEP) from None
    return _canonical_of_plain(value, sort_keys=False)


def canonical_sorted(value: Any) -> str:
    """Write the canonical text with keys sorted at every level (the rule of newer clients)."""
    return _canonical_of_plain(value, sort_keys=True)


def _canonical_of_plain(value: Any, *, sort_keys: bool) -> str:
    try:
        return json.dumps(_plain(value)[0], sort_keys=sort_keys)
    except RecursionError:
        raise EncodeError(_TOO_DEEP) from None
    except ValueError:
        raise EncodeError(_TOO_LONG) from None


def _plain(value: Any) -> tuple[Any, bool]:
    """Copy a value into what every JSON writer takes; tell whether an integer is beyond 64 bits."""
    if isinstance(value, str):
        return _text(value), False
    if value is None or isinstance(value, bool):
        return value, False
    if isinstance(value, int):
        number = int(value)
        return number, not _MIN_INT <= number <= _MAX_INT
    if isinstance(value, float):
        return (float(value) if math.isfinite(value) else None), False
    is_wide = False
    if isinstance(value, dict):
        record: dict[str, Any] = {}
        for key, item in value.items():
            record[_key(key)], wide = _plain(item)
            is_wide |= wide
        return record, is_wide
    if isinstance(value, list | tuple):
        items = []
        for item in value:
            plain, wide = _plain(item)
            items.append(plain)
            is_wide |= wide
        return items, is_wide
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _text(text: str) -> str:
    """Write lone surrogates, which UTF-8 cannot hold, as their escape."""
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "backslashreplace").decode()
    return str(text)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return _text(key)
    if key is None or isinstance(key, bool | int | float):
        return json.dumps(key)
    return _text(str(key))

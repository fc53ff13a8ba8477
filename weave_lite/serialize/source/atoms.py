"""Values that a literal or one call writes: texts, numbers, dates, paths, patterns.

Pure. What a module is needed for is written as ``__import__("m")``, so that the expression runs
whatever the names around it mean.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from weave_lite.serialize.codecs.safe_text import ADDRESS, safe_text
from weave_lite.serialize.introspect import class_name
from weave_lite.serialize.source.sensitive import mask_text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_TEXT_CHARS", "atom_writer", "class_module", "cut_text", "imported", "quoted"]

MAX_TEXT_CHARS = 1_000  # of a repr, as for call inputs
_MAX_DECIMAL_BITS = 10_000  # Python refuses to write longer integers in decimal
_BMP_END = 0xFFFF
# As `introspect` reads names: a metaclass can answer for its classes whatever it likes.
_read_module = cast("Callable[[type], Any]", type.__dict__["__module__"].__get__)
_MODULE = re.compile(r"\b(datetime|zoneinfo|typing|collections)\.(?=[A-Za-z])")
_LONG_ADDRESS = re.compile(r"\b0x[0-9A-Fa-f]{7,}\b")


def atom_writer(kind: type) -> Callable[[Any], str] | None:
    """Return the function that writes values of exactly this class; None when there is none."""
    writer = _ATOMS.get(kind)
    if writer is None:
        # By name, since most programs never load these modules.
        module = class_module(kind)
        if module:
            writer = _NAMED.get((module.partition(".")[0], class_name(kind)))
    return writer


def class_module(kind: type) -> str:
    """Return the module of a class; empty when a class has something else in that place."""
    module = _read_module(kind)
    return module if type(module) is str else ""


def quoted(text: str) -> str:
    r"""Write a text as a Python literal in double quotes, readable, and safe in any file.

    Example:
        >>> print(quoted('é "x"\n'))
        "é \"x\"\n"
    """
    written = json.dumps(text, ensure_ascii=False)
    if written.isprintable():
        return written
    return "".join(one if one.isprintable() else _escaped(one) for one in written)


def _escaped(letter: str) -> str:
    code = ord(letter)
    return f"\\u{code:04x}" if code <= _BMP_END else f"\\U{code:08x}"


def cut_text(value: Any) -> str:
    """Write any value as the text of its repr, without addresses and secrets, not too long."""
    text = _LONG_ADDRESS.sub(ADDRESS, mask_text(safe_text(value)))
    return quoted(text if len(text) <= MAX_TEXT_CHARS else f"{text[:MAX_TEXT_CHARS]}...")


def _text(value: str) -> str:
    return quoted(mask_text(value))


def _integer(value: int) -> str:
    return str(value) if value.bit_length() <= _MAX_DECIMAL_BITS else hex(value)


def _float(value: float) -> str:
    text = repr(value)
    return text if text[-1].isdigit() else f'float("{text}")'


def _complex(value: complex) -> str:
    return f"complex({_float(value.real)}, {_float(value.imag)})"


def _bytes(value: bytes) -> str:
    text = value.decode("latin-1")
    return repr(mask_text(text).encode("latin-1"))


def imported(value: Any) -> str:
    """Write a repr in which modules are named, so that it runs whatever the names mean around it."""
    return _MODULE.sub(r'__import__("\1").', repr(value))


def _prefixed(module: str) -> Callable[[Any], str]:
    return lambda value: f'__import__("{module}").{value!r}'


def _moment(value: Any) -> str:
    zone = value.tzinfo
    if zone is None or class_name(type(zone)) in {"timezone", "ZoneInfo"}:
        return imported(value)
    made = f'__import__("datetime").{type(value).__name__}'
    return f"{made}.fromisoformat({value.isoformat()!r})"


def _path(value: Any) -> str:
    name = class_name(type(value))
    name = name if name.startswith("Pure") else "Path"
    return f'__import__("pathlib").{name}({quoted(mask_text(str(value)))})'


def _pattern(value: re.Pattern[Any]) -> str:
    usual = re.UNICODE.value if isinstance(value.pattern, str) else 0
    found = value.flags & ~re.DEBUG.value  # which would print when the expression runs
    flags = f", {found}" if found != usual else ""
    pattern = quoted(value.pattern) if isinstance(value.pattern, str) else repr(value.pattern)
    return f'__import__("re").compile({pattern}{flags})'


_ATOMS: dict[type, Callable[[Any], str]] = {
    str: _text,
    int: _integer,
    float: _float,
    bool: repr,
    type(None): repr,
    type(...): lambda _: "...",
    type(NotImplemented): repr,
    complex: _complex,
    bytes: _bytes,
    range: repr,
    re.Pattern: _pattern,
}
_NAMED: dict[tuple[str, str], Callable[[Any], str]] = {
    ("datetime", "datetime"): _moment,
    ("datetime", "time"): _moment,
    ("datetime", "date"): imported,
    ("datetime", "timedelta"): imported,
    ("datetime", "timezone"): imported,
    ("zoneinfo", "ZoneInfo"): imported,
    ("decimal", "Decimal"): _prefixed("decimal"),
    ("fractions", "Fraction"): _prefixed("fractions"),
    ("uuid", "UUID"): _prefixed("uuid"),
    ("pathlib", "PosixPath"): _path,
    ("pathlib", "WindowsPath"): _path,
    ("pathlib", "PurePosixPath"): _path,
    ("pathlib", "PureWindowsPath"): _path,
}

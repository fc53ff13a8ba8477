"""Any value as HTML: short ones in a line, containers as grids that unfold.

Values are other people's: nothing of them is trusted to be small, finite, or to have a ``repr``.
"""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TypeAlias

    from weave_lite.display.html.page import Page

    Look: TypeAlias = Callable[[Any], Any]

__all__ = ["Brief", "Named", "Picture", "Shown", "as_it_is", "brief", "safe_repr", "write_value"]

_MAX_LEVELS = 6
_MAX_ITEMS = 100
_MAX_TEXT = 20_000
_INLINE = 90
_BRIEF = 110
_MAX_REPR = 2_000


class Named(NamedTuple):
    """An object as its class and fields.

    Attributes:
        title: Name of the class.
        fields: Its fields by name.
    """

    title: str
    fields: Mapping[str, Any]


class Shown(NamedTuple):
    """A short text in the place of a value, such as a ref.

    Attributes:
        text: The text.
        short: What stands for it where there is little room; empty for the text itself.
    """

    text: str
    short: str = ""


class Picture(NamedTuple):
    """An image in the place of a value.

    Attributes:
        text: What it is, in a line.
        draw: Makes its media type and bytes; None when they are not to be had.
    """

    text: str
    draw: Callable[[], tuple[str, bytes] | None]


class Brief(NamedTuple):
    """A value in one line.

    Attributes:
        text: The line.
        is_whole: Whether it says all of the value.
    """

    text: str
    is_whole: bool


def as_it_is(value: Any) -> Any:
    """See a dataclass, a named tuple or a pydantic model as its fields, and a date as people write it."""
    if isinstance(value, dt.date | dt.time):
        return Shown(value.isoformat(" ") if isinstance(value, dt.datetime) else value.isoformat())
    if isinstance(value, tuple) and not isinstance(value, Named | Picture | Shown):
        names = getattr(value, "_fields", None)
        if names is not None:
            return Named(type(value).__name__, dict(zip(names, value, strict=True)))
    fields = getattr(type(value), "__pydantic_fields__", None)
    if fields is None:
        fields = getattr(type(value), "__dataclass_fields__", None)
    inside = getattr(value, "__dict__", None)
    if not isinstance(fields, dict) or not isinstance(inside, dict):
        return value
    # What a class keeps out of its ``repr`` is kept out of here as well.
    names = [name for name, field in fields.items() if getattr(field, "repr", True) is not False]
    return Named(type(value).__name__, {name: inside[name] for name in names if name in inside})


def safe_repr(value: Any) -> str:
    """The ``repr`` of a value, or its class where that fails."""
    try:
        text = repr(value)
        # A subclass of text may bring its own methods.
        return text if type(text) is str else str.__str__(text)
    except KeyboardInterrupt:
        raise
    except BaseException:  # the code of the value is the user's and may even exit
        return f"<{type(value).__name__}>"


def brief(value: Any, width: int = _BRIEF, look: Look = as_it_is) -> Brief:
    """Write a value in one line, without looking at more of it than that takes.

    Example:
        >>> brief({"a": [1, "x"], "b": None})
        Brief(text='{a: [1, "x"], b: None}', is_whole=True)
        >>> brief("long " * 10, width=9)
        Brief(text='long lon…', is_whole=False)
    """
    text = ""
    try:
        for piece in _pieces(value, look, 0, width):
            text += piece
            if len(text) > width:
                break
    except KeyboardInterrupt:
        raise
    except BaseException:  # the code of the value is the user's and may even exit
        text += f"<{type(value).__name__}: cannot be shown>"
    line = " ".join(text.split())
    if len(text) > width:
        return Brief(line[: width - 1] + "…", is_whole=False)
    return Brief(line, is_whole=line == text)


def write_value(page: Page, value: Any, look: Look = as_it_is, level: int = 0) -> None:
    """Write a value; never fails.

    Args:
        page: Where to.
        value: Anything.
        look: Says how a value is to be seen.
        level: How deep it stands.
    """
    try:
        _write(page, value, look, level)
    except KeyboardInterrupt:
        raise
    except BaseException:  # the code of the value is the user's and may even exit
        page.element("span", f"<{type(value).__name__}: cannot be shown>", "wl-dim")


def _write(page: Page, value: Any, look: Look, level: int) -> None:
    seen = look(value)
    if isinstance(seen, str):
        _write_text(page, seen)
        return
    if isinstance(seen, Shown):
        page.element("code", seen.text, "wl-code")
        return
    if isinstance(seen, Picture):
        _write_picture(page, seen)
        return
    line = brief(seen, _INLINE, look)
    is_open = level == 0 and not isinstance(seen, Named)
    items = _items(seen)
    if items is None or level >= _MAX_LEVELS or (line.is_whole and not (is_open and items)):
        if items is None and not line.is_whole:
            page.element("pre", _cut(safe_repr(seen), _MAX_REPR), "wl-code")
        else:
            page.element("code", line.text, "wl-code", attributes='dir="auto"')
        return
    if is_open:
        _write_items(page, seen, items, look, level)
        return
    with page.tag("details", attributes="open" if level == 0 else ""):
        title = seen.title if isinstance(seen, Named) and level == 0 else line.text
        page.element("summary", title, "wl-code", attributes='dir="auto"')
        with page.tag("div", "wl-inside"):
            _write_items(page, seen, items, look, level)


def _write_items(
    page: Page, seen: Any, items: list[tuple[str, Any]], look: Look, level: int
) -> None:
    with page.tag("table", "wl-kv"), page.tag("tbody"):
        for name, item in items:
            if page.is_full:
                return
            with page.tag("tr"):
                page.element("th", name, attributes='scope="row"')
                with page.tag("td"):
                    write_value(page, item, look, level + 1)
    rest = len(seen.fields if isinstance(seen, Named) else seen) - len(items)
    if rest > 0:
        page.element("p", f"and {rest:,} more", "wl-note")


def _write_text(page: Page, text: str) -> None:
    if not text:
        page.element("code", '""', "wl-code wl-dim")
        return
    page.element("div", text[:_MAX_TEXT], "wl-text", attributes='dir="auto"')
    if len(text) > _MAX_TEXT:
        page.element("p", f"and {len(text) - _MAX_TEXT:,} characters more", "wl-note")


def _write_picture(page: Page, seen: Picture) -> None:
    try:
        drawn = seen.draw()
    except KeyboardInterrupt:
        raise
    except BaseException:  # the image is the user's: closed, cut off, or of a class of their own
        drawn = None
    if drawn is not None:
        page.picture(*drawn, seen.text)
    page.element("code", seen.text, "wl-code wl-dim" if drawn else "wl-code")


def _items(seen: Any) -> list[tuple[str, Any]] | None:
    """The first parts of a container with their names; None when the value is no container."""
    if isinstance(seen, Named):
        return list(islice(seen.fields.items(), _MAX_ITEMS))
    if isinstance(seen, dict):
        return [(_key(key), item) for key, item in islice(seen.items(), _MAX_ITEMS)]
    if isinstance(seen, list | tuple | set | frozenset):
        return [(str(at), item) for at, item in enumerate(islice(seen, _MAX_ITEMS))]
    return None


def _pieces(value: Any, look: Look, level: int, width: int) -> Iterator[str]:
    seen = look(value)
    if isinstance(seen, str):
        head = str(seen[: width + 1])
        yield head if level == 0 else '"' + head.replace("\\", "\\\\").replace('"', '\\"') + '"'
    elif isinstance(seen, Shown):
        yield seen.short or seen.text
    elif isinstance(seen, Picture):
        # Two spaces become one, so that the line does not pass for all of the value.
        yield f"<{seen.text.replace(' ', '  ', 1)}>"
    elif isinstance(seen, bytes | bytearray):
        yield safe_repr(bytes(seen[: width + 1])) + ("…" if len(seen) > width else "")
    elif level > _MAX_LEVELS:
        yield "…"
    elif isinstance(seen, Named):
        pairs = ((f"{name}=", item) for name, item in seen.fields.items())
        yield from _joined(f"{seen.title}(", pairs, ")", look, level, width)
    elif isinstance(seen, dict):
        pairs = ((f"{_key(key)}: ", item) for key, item in seen.items())
        yield from _joined("{", pairs, "}", look, level, width)
    elif isinstance(seen, list | tuple | set | frozenset):
        start, end = ("[", "]") if isinstance(seen, list) else ("(", ")")
        start, end = ("{", "}") if isinstance(seen, set | frozenset) else (start, end)
        yield from _joined(start, (("", item) for item in seen), end, look, level, width)
    else:
        yield _cut(safe_repr(seen), _MAX_REPR)


def _joined(
    start: str,
    pairs: Iterable[tuple[str, Any]],
    end: str,
    look: Look,
    level: int,
    width: int,
) -> Iterator[str]:
    yield start
    for at, (name, item) in enumerate(pairs):
        yield f", {name}" if at else name
        yield from _pieces(item, look, level + 1, width)
    yield end


def _key(key: Any) -> str:
    return _cut(key if isinstance(key, str) else safe_repr(key), _BRIEF)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"

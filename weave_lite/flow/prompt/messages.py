"""The words of EasyPrompt: what messages are made of, and the places in a text. Pure."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["checked_requirement", "filled", "messages_of", "places", "requirement_errors"]

_DEFAULT_ROLE = "user"
_ROLE_PREFIX = re.compile(r"(system|user|assistant):\s*", re.DOTALL)
# A prompt often holds JSON, so braces around anything but a name are just text.
_PLACE = re.compile(
    r"\{\{(?P<escaped>\w+(?:![rsa])?(?::[^{}]*)?)\}\}|\{(?P<name>\w+)(?P<form>(?:![rsa])?(?::[^{}]*)?)\}"
)
_REQUIREMENTS = ("min", "max", "oneof", "default")


class _MessageError(UsageError, TypeError):
    """Something is given that no message can be made of."""


def messages_of(
    item: Any, role: str | None = None, *, dedent: bool = False
) -> Iterator[dict[str, Any]]:
    """Make messages of a text, a dict, or a list of these.

    Args:
        item: A text may begin with ``system:``, ``user:`` or ``assistant:``.
        role: The role of texts; then they have no prefix.
        dedent: Take the common indent and the blank ends off texts.

    Raises:
        UsageError: It is anything else.

    Example:
        >>> list(messages_of(["system: be brief", "hi"]))
        [{'role': 'system', 'content': 'be brief'}, {'role': 'user', 'content': 'hi'}]
    """
    if isinstance(item, str):
        text = textwrap.dedent(item).strip() if dedent else item
        prefix = _ROLE_PREFIX.match(text) if role is None else None
        if prefix is not None:
            role, text = prefix[1], text[prefix.end() :]
        yield {"role": role or _DEFAULT_ROLE, "content": text}
    elif isinstance(item, dict):
        yield dict(item)
    elif isinstance(item, list | tuple):
        for part in item:
            yield from messages_of(part, role, dedent=dedent)
    else:
        raise _MessageError(
            f"a prompt is made of texts, dicts with role and content, and lists of these, not of "
            f"{type(item).__name__}"
        )


def places(text: str) -> list[str]:
    """Name the places in a text, each once, in order.

    Example:
        >>> places('{who} says {{this}} in {n:>3} and {"key": 1}')
        ['who', 'n']
    """
    return list(dict.fromkeys(m["name"] for m in _PLACE.finditer(text) if m["name"]))


def filled(text: str, values: Mapping[str, Any]) -> str:
    """Fill in the values there are; other places stay.

    Example:
        >>> filled("{a} and {b}", {"a": 1})
        '1 and {b}'
    """

    def put(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "{" + match["escaped"] + "}"
        if match["name"] not in values:
            return match[0]
        # Given by position: a place named 0 is a name here, too.
        return ("{0" + match["form"] + "}").format(values[match["name"]])

    return _PLACE.sub(put, text)


def requirement_errors(name: str, value: Any, requirement: Mapping[str, Any]) -> list[str]:
    """Tell what a value does not fulfil.

    Example:
        >>> requirement_errors("n", 9, {"max": 5})
        ['n (9) is greater than max (5)']
    """
    found = []
    try:
        if "min" in requirement and value < requirement["min"]:
            found.append(f"{name} ({value}) is less than min ({requirement['min']})")
        if "max" in requirement and value > requirement["max"]:
            found.append(f"{name} ({value}) is greater than max ({requirement['max']})")
    except TypeError:
        found.append(f"{name} ({value!r}) cannot be compared with its min and max")
    if "oneof" in requirement and value not in requirement["oneof"]:
        allowed = ", ".join(str(one) for one in requirement["oneof"])
        found.append(f"{name} ({value}) must be one of {allowed}")
    return found


def checked_requirement(requirement: dict[str, Any]) -> dict[str, Any]:
    """Refuse words that mean nothing.

    Raises:
        UsageError: A word is not min, max, oneof or default.
    """
    unknown = [word for word in requirement if word not in _REQUIREMENTS]
    if unknown:
        raise UsageError(f"require takes {', '.join(_REQUIREMENTS)}, not {', '.join(unknown)}")
    return requirement

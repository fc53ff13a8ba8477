"""The limits of single parts of a request: ids, names, refs, pages. Each message names the field."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from weave_lite.core import names
from weave_lite.core.errors import InvalidNameError, InvalidRequest

__all__ = [
    "INTERNAL_SCHEME",
    "check_call_id",
    "check_display_name",
    "check_object_id",
    "check_op_name",
    "check_page",
    "check_project_id",
    "check_text",
    "refuse_internal_ref",
]

# How a ref of the hosted service's own form begins.
INTERNAL_SCHEME: Final = "weave-trace-internal:"
MAX_ID_LENGTH: Final = 128
_FORBIDDEN_IN_ID = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


# The same few names come with every request; a bad one is not remembered.
_check_project_id = lru_cache(maxsize=256)(names.check_project_id)


def check_project_id(text: str, field: str = "project_id") -> None:
    """Check that a project id is ``entity/project``.

    Raises:
        InvalidRequest: It is not.
    """
    try:
        _check_project_id(text)
    except InvalidNameError as error:
        raise InvalidRequest(str(error).replace("project_id", field, 1)) from None
    check_text(text, field)


def check_page(limit: int | None, offset: int | None) -> None:
    """Check the page that a query asks for.

    Raises:
        InvalidRequest: Limit or offset is negative; the message names the field.
    """
    for field, value in (("limit", limit), ("offset", offset)):
        if value is not None and value < 0:
            raise InvalidRequest(f"{field} must be 0 or more, not {value}")


def check_call_id(text: str, field: str) -> None:
    """Check an id of a call, trace or parent.

    Raises:
        InvalidRequest: The text is refused; the message names the field.
    """
    # The first test is cheap and holds for every usual id.
    if 0 < len(text) <= MAX_ID_LENGTH and (text.isprintable() or not _FORBIDDEN_IN_ID.search(text)):
        return
    raise InvalidRequest(
        f"{field} {text[:140]!r} must be 1 to {MAX_ID_LENGTH} characters without control "
        "characters; leave an id out to have one made"
    )


def check_text(text: str | None, field: str) -> None:
    """Refuse what UTF-8 cannot hold; the store could no longer name the field.

    Raises:
        InvalidRequest: The text is refused; the message names the field.
    """
    if text is None or text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(
            f"{field} has a lone surrogate, which UTF-8 cannot hold; "
            "encode it with errors='backslashreplace' first"
        ) from None


def check_op_name(text: str, field: str) -> None:
    """Check the name or ref of an op.

    Raises:
        InvalidRequest: The text is refused; the message names the field.
    """
    check_text(text, field)
    if text.startswith("weave:///"):
        return
    refuse_internal_ref(text, field)
    if len(text) > names.MAX_NAME_LENGTH:
        raise InvalidRequest(
            f"{field} has {len(text)} characters, the limit is {names.MAX_NAME_LENGTH}; "
            "shorten it or send the op's ref"
        )


def check_display_name(text: str | None, field: str) -> None:
    """Check a display name.

    Raises:
        InvalidRequest: The text is refused; the message names the field.
    """
    if text is not None and len(text) > names.MAX_DISPLAY_NAME_LENGTH:
        raise InvalidRequest(
            f"{field} has {len(text)} characters, the limit is {names.MAX_DISPLAY_NAME_LENGTH}; "
            "shorten it"
        )
    check_text(text, field)
    if text is not None:
        refuse_internal_ref(text, field)


def check_object_id(text: str, field: str) -> None:
    """Check the name of an object.

    Raises:
        InvalidRequest: The text is refused; the message names the field.
    """
    try:
        names.check_object_id(text)
    except InvalidNameError as error:
        raise InvalidRequest(str(error).replace("object_id", field, 1)) from None


def refuse_internal_ref(text: str, field: str) -> None:
    """Refuse a ref in the hosted service's own form.

    Raises:
        InvalidRequest: The text is refused; the message names the field.
    """
    if text.startswith(INTERNAL_SCHEME):
        raise InvalidRequest(
            f"{field} has a ref in the hosted service's internal form ({INTERNAL_SCHEME}); "
            "send weave:///entity/project/..."
        )

"""Content: values that are addressed by their digest. Their texts, digests, and size limit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from weave_lite.core import digest, jsontext
from weave_lite.core.errors import (
    DigestMismatchError,
    EncodeError,
    InsertTooLarge,
    InvalidRequest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "MAX_CONTENT_BYTES",
    "check_size",
    "digest_and_json",
    "digests_and_jsons",
    "names_json",
    "stored_digest",
]

# SQLite stops at 10**9 bytes a row; the rest is for the row's other columns.
MAX_CONTENT_BYTES: Final = 999_000_000
_MAX_BYTES_A_CHARACTER: Final = 4
_SURELY_SMALL: Final = MAX_CONTENT_BYTES // _MAX_BYTES_A_CHARACTER
# The hosted service's own form of a ref, where a value or key of compact JSON begins with it.
_INTERNAL_SCHEME: Final = "weave-trace-internal:"
_INTERNAL_TEXT: Final = re.compile(r'(?:^|[\[{,:])\s?"' + _INTERNAL_SCHEME)


def digest_and_json(field: str, value: Any) -> tuple[str, str]:
    """Return the digest of a JSON value and the text to store.

    Both are of the stored form, in which NaN and the infinities are null, so that a value that is
    read and written again has the digest it had.

    Args:
        field: Where the value stands in the request, for messages.
        value: The value, dict of str to JSON or any other.

    Raises:
        InvalidRequest: It is not a JSON value, is nested too deeply, or has a ref in the hosted
            service's internal form.
        InsertTooLarge: Its text is longer than a row of the store can hold.
    """
    try:
        text = jsontext.compact(value)
        value_digest = digest.digest_json(value)
    except (TypeError, EncodeError) as error:
        raise InvalidRequest(f"{field} must be JSON: {error}") from error
    _check(field, text)
    return value_digest, text


def digests_and_jsons(field: str, values: Sequence[Any]) -> tuple[list[str], list[str]]:
    """Return digests and texts of many values, as :func:`digest_and_json` does of one.

    Raises:
        InvalidRequest: As there; the message names the value.
        InsertTooLarge: A text is longer than a row of the store can hold.
    """
    try:
        texts = [jsontext.compact(value) for value in values]
        value_digests = [digest.digest_json(value) for value in values]
    except (TypeError, EncodeError):
        for at, value in enumerate(values):
            digest_and_json(f"{field}[{at}]", value)
        raise
    for at, text in enumerate(texts):
        if len(text) > _SURELY_SMALL or _INTERNAL_SCHEME in text:
            _check(f"{field}[{at}]", text)
    return value_digests, texts


def check_size(field: str, size_bytes: int) -> None:
    """Refuse content that a row of the store cannot hold.

    Raises:
        InsertTooLarge: It is too large.
    """
    if size_bytes > MAX_CONTENT_BYTES:
        raise InsertTooLarge(
            f"{field} has {size_bytes:,} bytes; at most {MAX_CONTENT_BYTES:,} can be stored as "
            "one value, cut it into several"
        )


def stored_digest(expected: str | None, actual: str, sorted_keys: Callable[[], str | None]) -> str:
    """Return the digest under which content is stored.

    Args:
        expected: The digest that the request names, if any.
        actual: The digest of the content.
        sorted_keys: Gives the digest by the rule of newer clients, which sort keys; None when
            the content has no keys.

    Returns:
        The content's digest, or the expected one when it follows the newer rule.

    Raises:
        DigestMismatchError: The expected digest is neither.
    """
    if expected is None or expected in (actual, sorted_keys()):
        return expected or actual
    raise DigestMismatchError(expected, actual)


def _check(field: str, text: str) -> None:
    characters = len(text)
    # Most texts need not be encoded to see that they are small enough.
    check_size(field, characters if characters <= _SURELY_SMALL else len(text.encode()))
    if _INTERNAL_SCHEME in text and _INTERNAL_TEXT.search(text):
        raise InvalidRequest(
            f"{field} has a ref in the hosted service's internal form ({_INTERNAL_SCHEME}); "
            "send weave:///entity/project/..."
        )


def names_json(names: Sequence[str]) -> str:
    r"""Write digests or names as the JSON list that ``json_each`` reads.

    Those with a NUL are left out: nothing stored has such a name, and SQLite would read only what
    stands before it.

    Example:
        >>> names_json(["a", "b\0c"])
        '["a"]'
    """
    return jsontext.compact([name for name in names if "\0" not in name])

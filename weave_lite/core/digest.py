"""Digests: the addresses of content. Pure functions of bytes, JSON values and row digests.

Source: weave 0.51.45, the rule in insertion order of keys.
"""

from __future__ import annotations

from binascii import b2a_base64
from hashlib import file_digest, sha256
from typing import TYPE_CHECKING, Any, BinaryIO

from weave_lite.core import jsontext

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "digest_bytes",
    "digest_canonical",
    "digest_file",
    "digest_json",
    "digest_json_sorted",
    "digest_rows",
]

# "+" and "/" are not safe in refs, nor are the "-" and "_" of URLs, which the reference replaces.
_LETTERS = bytes.maketrans(b"+/", b"XY")


def digest_bytes(content: bytes) -> str:
    """Return the digest of a file's bytes: 43 characters.

    Example:
        >>> digest_bytes(b"hello")
        'LPJNulXwow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ'
    """
    return _written(sha256(content).digest())


def digest_file(source: BinaryIO) -> str:
    """Return the digest of the bytes of an open file, which is read in pieces from its start."""
    source.seek(0)
    return _written(file_digest(source, "sha256").digest())  # type: ignore[arg-type]


def _written(found: bytes) -> str:
    return b2a_base64(found).translate(_LETTERS, b"=\n").decode()


def digest_canonical(text: str) -> str:
    """Return the digest of a value whose canonical JSON text is at hand."""
    return digest_bytes(text.encode())


def digest_json(value: Any) -> str:
    """Return the digest of an object, op or table row from its JSON value.

    Example:
        >>> digest_json({"a": 1})
        'XdhgKMbg1k4iUYb5astpM4ssWXZN95FiEH9cS7NNExA'
    """
    return digest_bytes(jsontext.canonical(value).encode())


def digest_json_sorted(value: Any) -> str:
    """Return the digest that newer clients compute: keys sorted at every level."""
    return digest_bytes(jsontext.canonical_sorted(value).encode())


def digest_rows(row_digests: Iterable[str]) -> str:
    """Return the digest of a table from its row digests, in order: 64 hex characters.

    Example:
        >>> digest_rows([])[:8]
        'e3b0c442'
    """
    return sha256("".join(row_digests).encode()).hexdigest()

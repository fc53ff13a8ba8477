"""The error tree. Every error that weave_lite raises on purpose is one of these.

    WeaveLiteError
      UsageError             WeaveInitError  NoCurrentCallError  OpCallError (also TypeError)
                             OpNameError  InvalidNameError (also ValueError)
                             DisplayNameFuncError (also ValueError)
                             MissingInferenceMethodError  QueryTranslationException
      InvalidRequest         InvalidFieldError  InvalidQueryError  InvalidRefError
      (also ValueError)      RequestTooLarge  InsertTooLarge  DigestMismatchError
                             MissingLLMApiKeyError  AccessDeniedError
      NotFoundError          ObjectDeletedError
      (also LookupError and ValueError)
      SerializationError     EncodeError  DecodeError, also named DecodeCustomObjectError
      StoreError             StoreBusyError  SchemaVersionError  RemoteServerError
      NotSupportedError      (also NotImplementedError)

Errors carry their facts as fields; the message says what to do next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

__all__ = [
    "AccessDeniedError",
    "DecodeCustomObjectError",
    "DecodeError",
    "DigestMismatchError",
    "DisplayNameFuncError",
    "EncodeError",
    "InsertTooLarge",
    "InvalidFieldError",
    "InvalidNameError",
    "InvalidQueryError",
    "InvalidRefError",
    "InvalidRequest",
    "MissingInferenceMethodError",
    "MissingLLMApiKeyError",
    "NoCurrentCallError",
    "NotFoundError",
    "NotSupportedError",
    "ObjectDeletedError",
    "OpCallError",
    "OpNameError",
    "QueryTranslationException",
    "RemoteServerError",
    "RequestTooLarge",
    "SchemaVersionError",
    "SerializationError",
    "StoreBusyError",
    "StoreError",
    "UsageError",
    "WeaveInitError",
    "WeaveLiteError",
]


def _remake(
    kind: type[WeaveLiteError], args: tuple[object, ...], fields: dict[str, object]
) -> WeaveLiteError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(fields)
    return error


class WeaveLiteError(Exception):
    """The base of every error that weave_lite raises on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        # The default calls the constructor with the message alone, which errors with fields refuse;
        # then an error could not come back from a process pool.
        return _remake, (type(self), self.args, self.__dict__)


# --- the caller used the library in a way that cannot work ---


class UsageError(WeaveLiteError):
    """The library was used in a way that cannot work."""


class WeaveInitError(UsageError):
    """A client is needed and none is active."""


class NoCurrentCallError(UsageError):
    """The current call was required outside of any op."""


class OpCallError(UsageError, TypeError):
    """The arguments of an op do not fit its signature."""


class OpNameError(UsageError):
    """The op name of a call is not a text."""


class InvalidNameError(UsageError, ValueError):
    """A name is empty or has characters that its place does not allow."""


class DisplayNameFuncError(UsageError, ValueError):
    """A ``call_display_name`` function does not take exactly one parameter."""


class MissingInferenceMethodError(UsageError):
    """A model has none of the methods predict, infer, forward and invoke."""


class QueryTranslationException(UsageError):  # noqa: N818 - the documented name
    """A stored query cannot be written as filters of a saved view."""


# --- a request that the trace server refuses ---


class InvalidRequest(WeaveLiteError, ValueError):  # noqa: N818 - the documented name
    """A request is refused; the message names the field and the remedy."""


class InvalidFieldError(InvalidRequest):
    """A filter, sort or column names a field that does not exist."""


class InvalidQueryError(InvalidRequest):
    """A query is not a sentence of the query language."""


class InvalidRefError(InvalidRequest):
    """A text is not a ref, or not a ref of the kind that its place needs."""


class RequestTooLarge(InvalidRequest):
    """A request asks for more than the limits allow."""


class InsertTooLarge(InvalidRequest):
    """One record is larger than the limits allow."""


class DigestMismatchError(InvalidRequest):
    """A caller expected another digest than the content has.

    Args:
        expected: The digest that the request named.
        actual: The digest of the content.
    """

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(
            f"expected_digest {expected!r} is not the digest of the content, which is {actual!r}; "
            "send the content unchanged or leave expected_digest out"
        )
        self.expected = expected
        self.actual = actual


class MissingLLMApiKeyError(InvalidRequest):
    """A completion needs an API key that is not set.

    Args:
        message: What to do.
        api_key_name: Name of the environment variable that would hold the key.
    """

    def __init__(self, message: str, api_key_name: str) -> None:
        super().__init__(message)
        self.api_key_name = api_key_name


class AccessDeniedError(InvalidRequest):
    """A trace server behind HTTP does not know the key, or does not let it do this."""


# --- something that is not there ---


class NotFoundError(WeaveLiteError, LookupError, ValueError):
    """An object, op, table, row, file or call does not exist."""


class ObjectDeletedError(NotFoundError):
    """An object version exists no more.

    Args:
        message: Which version it was.
        deleted_at: When it was deleted (aware, UTC).
    """

    def __init__(self, message: str, deleted_at: dt.datetime) -> None:
        super().__init__(message)
        self.deleted_at = deleted_at


# --- values that cannot be written or read ---


class SerializationError(WeaveLiteError):
    """A value cannot be written as a record, or a record not be read as a value."""


class EncodeError(SerializationError):
    """A value cannot be written.

    Args:
        message: What is wrong.
        path: Where the value stands, from the root (``"inputs.config[2]"``).
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class DecodeError(SerializationError):
    """A record cannot be read.

    Args:
        message: What is wrong.
        path: Where the record stands, from the root.
        codec: Name of the codec that was asked to read it.
    """

    def __init__(self, message: str, path: str = "", codec: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.codec = codec


DecodeCustomObjectError = DecodeError


# --- the store ---


class StoreError(WeaveLiteError):
    """The store cannot do its work: a disk, file or database failure."""


class StoreBusyError(StoreError):
    """Another process held the write lock for longer than the time-out."""


class SchemaVersionError(StoreError):
    """A file has a schema that this release cannot use.

    Args:
        message: What to do.
        found: The revision of the file.
        expected: The revision of this release.
    """

    def __init__(self, message: str, found: str, expected: str) -> None:
        super().__init__(message)
        self.found = found
        self.expected = expected


class RemoteServerError(StoreError):
    """A trace server behind HTTP cannot be reached, or fails.

    Args:
        message: What happened, and what to do.
        status: Its answer's status; None when there was none.
        retry_after_s: How long it wants not to be asked again; None when it does not say.
    """

    def __init__(
        self, message: str, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s


class NotSupportedError(WeaveLiteError, NotImplementedError):
    """Something that offline use, or a base class, cannot honour."""

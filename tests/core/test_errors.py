"""The error tree: bases, fields, and travel between processes."""

from __future__ import annotations

import copy
import datetime as dt
import pickle

import pytest

from weave_lite.core import errors

DELETED_AT = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)

EXAMPLES = [
    errors.WeaveInitError("no client"),
    errors.ObjectDeletedError("gone", DELETED_AT),
    errors.DigestMismatchError("want", "have"),
    errors.MissingLLMApiKeyError("set it", "OPENAI_API_KEY"),
    errors.EncodeError("bad", "inputs.x"),
    errors.DecodeError("bad", "output", "image"),
    errors.SchemaVersionError("newer", "0009", "0001"),
]


@pytest.mark.parametrize(
    ("name", "bases"),
    [
        ("WeaveInitError", (errors.UsageError,)),
        ("OpCallError", (errors.UsageError, TypeError)),
        ("InvalidNameError", (errors.UsageError, ValueError)),
        ("DisplayNameFuncError", (errors.UsageError, ValueError)),
        ("InvalidRequest", (errors.WeaveLiteError, ValueError)),
        ("InvalidFieldError", (errors.InvalidRequest,)),
        ("InvalidQueryError", (errors.InvalidRequest,)),
        ("InvalidRefError", (errors.InvalidRequest,)),
        ("RequestTooLarge", (errors.InvalidRequest,)),
        ("InsertTooLarge", (errors.InvalidRequest,)),
        ("DigestMismatchError", (errors.InvalidRequest,)),
        ("MissingLLMApiKeyError", (errors.InvalidRequest,)),
        ("NotFoundError", (errors.WeaveLiteError, LookupError, ValueError)),
        ("ObjectDeletedError", (errors.NotFoundError,)),
        ("EncodeError", (errors.SerializationError,)),
        ("DecodeError", (errors.SerializationError,)),
        ("StoreBusyError", (errors.StoreError,)),
        ("SchemaVersionError", (errors.StoreError,)),
        ("NotSupportedError", (errors.WeaveLiteError, NotImplementedError)),
    ],
)
def test_error_has_its_bases(name, bases):
    """Each error is caught by the documented bases."""
    assert [base for base in bases if not issubclass(getattr(errors, name), base)] == []


def test_every_public_name_is_one_of_ours():
    """Nothing but the tree is exported, and all of the tree is."""
    tree = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.WeaveLiteError)
    }
    assert tree == set(errors.__all__)


def test_tree_in_the_docstring_names_every_error():
    """The drawing at the top of the file is complete."""
    assert [name for name in errors.__all__ if name not in errors.__doc__] == []


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("travel", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])
def test_error_travels_with_its_fields(error, travel):
    """An error raised in a process pool comes back whole."""
    arrived = travel(error)
    assert (type(arrived), arrived.args, str(arrived), vars(arrived)) == (
        type(error),
        error.args,
        str(error),
        vars(error),
    )


def test_digest_mismatch_names_both_digests_and_the_remedy():
    """The message says which field is wrong and what to do."""
    error = errors.DigestMismatchError("AAA", "BBB")
    assert (error.expected, error.actual) == ("AAA", "BBB")
    assert "expected_digest 'AAA'" in str(error)
    assert "'BBB'" in str(error)
    assert "leave expected_digest out" in str(error)


def test_decode_error_has_its_documented_second_name():
    """The documented name is the same class."""
    assert errors.DecodeCustomObjectError is errors.DecodeError

"""Texts that many calls share, stored once: op names and attribute sets, each by an integer."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["attributes_pk", "op_pk"]

_MAX_CACHED: Final = 4096
# Longer sets are hardly ever the same twice.
_MAX_CACHED_LENGTH: Final = 4096
_DIGEST_SIZE_BYTES: Final = 16

_SELECT_OP = "SELECT pk FROM op_names WHERE op_name = ?"
_INSERT_OP = "INSERT INTO op_names (op_name) VALUES (?) RETURNING pk"
_SELECT_ATTRIBUTES = "SELECT pk FROM attribute_sets WHERE digest = ?"
_INSERT_ATTRIBUTES = "INSERT INTO attribute_sets (digest, attributes) VALUES (?, ?) RETURNING pk"


def op_pk(state: StoreConnection, op_name: str) -> int:
    """Return the integer of an op name; make it if needed. Inside a write transaction."""
    pk = state.op_pks.get(op_name)
    if pk is None:
        pk = _select(state.raw, _SELECT_OP, op_name) or _insert(state.raw, _INSERT_OP, op_name)
        _remember(state.op_pks, op_name, pk)
    return pk


def attributes_pk(state: StoreConnection, attributes_json: str) -> int:
    """Return the integer of a set of attributes; make it if needed. Inside a write transaction."""
    pk = state.attribute_pks.get(attributes_json)
    if pk is None:
        digest = hashlib.sha256(attributes_json.encode()).digest()[:_DIGEST_SIZE_BYTES]
        pk = _select(state.raw, _SELECT_ATTRIBUTES, digest) or _insert(
            state.raw, _INSERT_ATTRIBUTES, digest, attributes_json
        )
        if len(attributes_json) <= _MAX_CACHED_LENGTH:
            _remember(state.attribute_pks, attributes_json, pk)
    return pk


def _select(raw: sqlite3.Connection, statement: str, *values: object) -> int | None:
    row = raw.execute(statement, values).fetchone()
    return None if row is None else int(row[0])


def _insert(raw: sqlite3.Connection, statement: str, *values: object) -> int:
    # All rows are fetched: a RETURNING that is not read to its end is not done.
    ((pk,),) = raw.execute(statement, values).fetchall()
    return int(pk)


def _remember(pks: dict[str, int], text: str, pk: int) -> None:
    if len(pks) >= _MAX_CACHED:
        pks.clear()
    pks[text] = pk

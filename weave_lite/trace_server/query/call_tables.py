"""The tables of calls, as the query compiler sees them; the store, which owns them, passes them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

__all__ = ["CallTables"]


class CallTables(NamedTuple):
    """The tables that hold calls.

    Attributes:
        calls: One row per call.
        projects: Names of projects.
        op_names: Names of ops; ``calls.op`` is the key.
        attribute_sets: Distinct attributes; ``calls.attributes`` is the key.
        call_inputs: Inputs, with the key of the call.
        call_outputs: Outputs, with the key of the call.
        call_refs: Refs found in inputs (side 0) and output (side 1).
        feedback: Feedback, with the id of the call that it is about.
    """

    calls: Table
    projects: Table
    op_names: Table
    attribute_sets: Table
    call_inputs: Table
    call_outputs: Table
    call_refs: Table
    feedback: Table

    @classmethod
    def of(cls, metadata: MetaData) -> CallTables:
        """Find the tables by their names."""
        return cls(*(metadata.tables[name] for name in cls._fields))

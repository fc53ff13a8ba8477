"""Tables: lists of rows by digest, and what a server of tables does."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator  # noqa: TC003 - hints can be read at run time
from typing import Any, Protocol

from pydantic import Field

from weave_lite.trace_server.interface.query import SortBy
from weave_lite.trace_server.interface.wire import WireModel

__all__ = [
    "TableAppendSpec",
    "TableAppendSpecPayload",
    "TableCreateReq",
    "TableCreateRes",
    "TableInsertSpec",
    "TableInsertSpecPayload",
    "TablePopSpec",
    "TablePopSpecPayload",
    "TableQueryReq",
    "TableQueryRes",
    "TableQueryStatsBatchReq",
    "TableQueryStatsBatchRes",
    "TableQueryStatsReq",
    "TableQueryStatsRes",
    "TableRowFilter",
    "TableRowSchema",
    "TableSchemaForInsert",
    "TableServer",
    "TableStatsRow",
    "TableUpdateReq",
    "TableUpdateRes",
    "TableUpdateSpec",
]


class TableSchemaForInsert(WireModel):
    """A table to be stored; rows are JSON objects."""

    project_id: str
    rows: list[dict[str, Any]]
    expected_digest: str | None = None


class TableCreateReq(WireModel):
    """Store a table."""

    table: TableSchemaForInsert


class TableCreateRes(WireModel):
    """The digests of the table and of its rows, in order."""

    digest: str
    row_digests: list[str] = Field(default_factory=list)


class TableAppendSpecPayload(WireModel):
    """The row to append."""

    row: dict[str, Any]


class TableAppendSpec(WireModel):
    """Append a row."""

    append: TableAppendSpecPayload


class TablePopSpecPayload(WireModel):
    """The position to take out, from 0."""

    index: int


class TablePopSpec(WireModel):
    """Take a row out."""

    pop: TablePopSpecPayload


class TableInsertSpecPayload(WireModel):
    """The row to insert, and the position that it gets."""

    index: int
    row: dict[str, Any]


class TableInsertSpec(WireModel):
    """Insert a row."""

    insert: TableInsertSpecPayload


TableUpdateSpec = TableAppendSpec | TablePopSpec | TableInsertSpec


class TableUpdateReq(WireModel):
    """Store a changed copy of a table; updates are applied in order."""

    project_id: str
    base_digest: str
    updates: list[TableUpdateSpec]


class TableUpdateRes(WireModel):
    """The digests of the new table and of each update's row."""

    digest: str
    updated_row_digests: list[str] = Field(default_factory=list)


class TableRowFilter(WireModel):
    """Conditions on rows."""

    row_digests: list[str] | None = None


class TableQueryReq(WireModel):
    """Read rows of a table."""

    project_id: str
    digest: str
    filter: TableRowFilter | None = None
    limit: int | None = None
    offset: int | None = None
    sort_by: list[SortBy] | None = None


class TableRowSchema(WireModel):
    """A row; ``original_index`` is its position in the table."""

    digest: str
    val: Any
    original_index: int | None = None


class TableQueryRes(WireModel):
    """The rows found."""

    rows: list[TableRowSchema]


class TableQueryStatsReq(WireModel):
    """Count the rows of a table."""

    project_id: str
    digest: str


class TableQueryStatsRes(WireModel):
    """How many rows a table has."""

    count: int


class TableQueryStatsBatchReq(WireModel):
    """Count the rows of several tables."""

    project_id: str
    digests: list[str] | None = Field(default_factory=list)
    include_storage_size: bool | None = False


class TableStatsRow(WireModel):
    """How many rows a table has, and their size when it was asked for."""

    count: int
    digest: str
    storage_size_bytes: int | None = None


class TableQueryStatsBatchRes(WireModel):
    """One entry per known table."""

    tables: list[TableStatsRow]


class TableServer(Protocol):
    """What a server of tables does."""

    @abstractmethod
    def table_create(self, req: TableCreateReq) -> TableCreateRes:
        """Store a table and its rows."""

    @abstractmethod
    def table_update(self, req: TableUpdateReq) -> TableUpdateRes:
        """Store a changed copy of a table."""

    @abstractmethod
    def table_query(self, req: TableQueryReq) -> TableQueryRes:
        """Read rows of a table."""

    @abstractmethod
    def table_query_stream(self, req: TableQueryReq) -> Iterator[TableRowSchema]:
        """Read rows of a table one by one."""

    @abstractmethod
    def table_query_stats(self, req: TableQueryStatsReq) -> TableQueryStatsRes:
        """Count the rows of a table."""

    @abstractmethod
    def table_query_stats_batch(self, req: TableQueryStatsBatchReq) -> TableQueryStatsBatchRes:
        """Count the rows of several tables."""

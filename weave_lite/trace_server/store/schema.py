"""The tables of a store. Statements are built on these; alembic revision 1 equals them.

Two kinds of data: content, inserted if absent by digest (``objects``, ``tables``, ``table_rows``,
``files``), and events keyed by id (``calls``, ``feedback``, ``costs``). Everything belongs to a project. Small integers
stand for projects, op names and attribute sets, so that no long text is stored twice.

Times are integers, microseconds since the epoch (UTC). JSON is text as
:func:`weave_lite.core.jsontext.compact` writes it.
"""

from __future__ import annotations

from sqlalchemy import (
    BLOB,
    REAL,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

__all__ = [
    "attribute_sets",
    "call_inputs",
    "call_outputs",
    "call_refs",
    "calls",
    "costs",
    "feedback",
    "files",
    "metadata",
    "objects",
    "op_names",
    "path_indexes",
    "projects",
    "table_positions",
    "table_rows",
    "tables",
]

metadata = MetaData()

projects = Table(
    "projects",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("project_id", Text, nullable=False, unique=True),
)

op_names = Table(
    "op_names",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("op_name", Text, nullable=False, unique=True),
)

# Most calls of a run carry the same attributes; a set of them is stored once.
attribute_sets = Table(
    "attribute_sets",
    metadata,
    Column("pk", Integer, primary_key=True),
    # First 16 bytes of the SHA-256 of the JSON text.
    Column("digest", BLOB, nullable=False, unique=True),
    Column("attributes", Text, nullable=False),
)

# The small columns of a call. A row without started_at holds parts that came before their start
# (an end, a new display name) and is invisible; so is one with deleted_at.
calls = Table(
    "calls",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("project", Integer, nullable=False),
    Column("id", Text, nullable=False),
    Column("trace_id", Text),
    Column("parent_id", Text),
    Column("op", Integer),
    Column("display_name", Text),
    # 1 once an update set display_name: it then wins over the name of any start.
    Column("is_renamed", Integer, nullable=False, server_default=text("0")),
    Column("started_at", Integer),
    Column("ended_at", Integer),
    Column("deleted_at", Integer),
    Column("attributes", Integer),
    Column("summary", Text),
    Column("exception", Text),
    Column("wb_user_id", Text),
    Column("wb_run_id", Text),
    Column("thread_id", Text),
    Column("turn_id", Text),
)
_VISIBLE = text("started_at IS NOT NULL AND deleted_at IS NULL")
# SQLite looks at a row for each column of a condition that an index lacks, even when the index is
# partial and the condition is its own. So the indexes that are counted over carry these columns.
#
# Read by id, and every merge of a part into its call.
Index("calls_by_id", calls.c.project, calls.c.id, unique=True)
# The default order, paging, counting all, "newest first".
Index(
    "calls_by_start",
    calls.c.project,
    calls.c.started_at,
    calls.c.deleted_at,
    sqlite_where=_VISIBLE,
)
# Filter by op, newest first.
Index(
    "calls_by_op",
    calls.c.project,
    calls.c.op,
    calls.c.started_at,
    calls.c.deleted_at,
    sqlite_where=_VISIBLE,
)
# All calls of a trace.
Index("calls_by_trace", calls.c.project, calls.c.trace_id, sqlite_where=_VISIBLE)
# Children of a call. Deleted ones too: a call may lie below one that was deleted before it came.
Index(
    "calls_by_parent",
    calls.c.project,
    calls.c.parent_id,
    calls.c.started_at,
    sqlite_where=text("parent_id IS NOT NULL"),
)
# Roots only, newest first.
Index(
    "calls_by_root",
    calls.c.project,
    calls.c.started_at,
    calls.c.deleted_at,
    calls.c.parent_id,
    sqlite_where=text("parent_id IS NULL AND started_at IS NOT NULL AND deleted_at IS NULL"),
)

# Calls of a thread, in order. Few calls have one.
Index(
    "calls_by_thread",
    calls.c.project,
    calls.c.thread_id,
    calls.c.started_at,
    sqlite_where=text("thread_id IS NOT NULL"),
)

# The large columns of a call, apart, so that listing and filtering never read them, and in two
# tables: rows that are only ever appended fill their pages, and an end that comes later than its
# start does not move the inputs. The primary key is that of the call.
call_inputs = Table(
    "call_inputs",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("inputs", Text, nullable=False),
)

call_outputs = Table(
    "call_outputs",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("output", Text, nullable=False),
)

# Refs found in inputs (side 0) and output (side 1) of a call.
call_refs = Table(
    "call_refs",
    metadata,
    Column("project", Integer, nullable=False),
    Column("ref", Text, nullable=False),
    Column("side", Integer, nullable=False),
    Column("call", Integer, nullable=False),
    PrimaryKeyConstraint("project", "ref", "side", "call"),
    sqlite_with_rowid=False,
)

# What people and programs said about calls and objects.
feedback = Table(
    "feedback",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("project", Integer, nullable=False),
    Column("id", Text, nullable=False),
    Column("weave_ref", Text, nullable=False),
    # The call that weave_ref points to, when it is one of this project: the key of all joins.
    Column("call_id", Text),
    Column("feedback_type", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("creator", Text),
    Column("created_at", Integer, nullable=False),
    Column("wb_user_id", Text),
    Column("annotation_ref", Text),
    Column("runnable_ref", Text),
    Column("call_ref", Text),
    Column("trigger_ref", Text),
)
# Read and purge by id.
Index("feedback_by_id", feedback.c.project, feedback.c.id, unique=True)
# The feedback of a page of calls, and feedback fields in queries of calls.
Index(
    "feedback_by_call",
    feedback.c.project,
    feedback.c.call_id,
    feedback.c.feedback_type,
    feedback.c.created_at,
    sqlite_where=text("call_id IS NOT NULL"),
)
# The feedback on one ref.
Index("feedback_by_ref", feedback.c.project, feedback.c.weave_ref, feedback.c.created_at)
# The default order of a query.
Index("feedback_by_time", feedback.c.project, feedback.c.created_at, feedback.c.id)

# Prices that a project sets itself; the built-in ones are a file of the package.
costs = Table(
    "costs",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("project", Integer, nullable=False),
    Column("id", Text, nullable=False),
    Column("llm_id", Text, nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("effective_date", Integer, nullable=False),
    Column("prompt_token_cost", REAL, nullable=False),
    Column("completion_token_cost", REAL, nullable=False),
    Column("cache_read_input_token_cost", REAL),
    Column("cache_creation_input_token_cost", REAL),
    Column("prompt_token_cost_unit", Text),
    Column("completion_token_cost_unit", Text),
    Column("created_by", Text),
    Column("created_at", Integer, nullable=False),
)
# Purge by id.
Index("costs_by_id", costs.c.project, costs.c.id, unique=True)
# The prices of a model, the newest last.
Index("costs_by_model", costs.c.project, costs.c.llm_id, costs.c.effective_date)

# JSON paths of calls that the user gave an index; its name is made of the integer.
path_indexes = Table(
    "path_indexes",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("path", Text, nullable=False, unique=True),
)

objects = Table(
    "objects",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("project", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("version_index", Integer, nullable=False),
    # Rises with every publish of the object, also of old content: the live version with the
    # highest one is the latest.
    Column("publish_order", Integer, nullable=False),
    Column("base_object_class", Text),
    Column("leaf_object_class", Text),
    Column("val", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("deleted_at", Integer),
    Column("wb_user_id", Text),
    # Read by name and digest; insert if absent.
    UniqueConstraint("project", "object_id", "kind", "digest"),
)
# The latest version, and the next publish order.
Index(
    "objects_by_order",
    objects.c.project,
    objects.c.object_id,
    objects.c.kind,
    objects.c.publish_order,
)
# Read by vN, and the next version index.
Index(
    "objects_by_version",
    objects.c.project,
    objects.c.object_id,
    objects.c.kind,
    objects.c.version_index,
    unique=True,
)

tables = Table(
    "tables",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("project", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("row_count", Integer, nullable=False),
    UniqueConstraint("project", "digest"),
)

table_rows = Table(
    "table_rows",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("project", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("val", Text, nullable=False),
    UniqueConstraint("project", "digest"),
)

# The rows of a table in order: rows by index are one range of the primary key.
table_positions = Table(
    "table_positions",
    metadata,
    Column("table", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("row", Integer, nullable=False),
    PrimaryKeyConstraint("table", "position"),
    sqlite_with_rowid=False,
)

files = Table(
    "files",
    metadata,
    Column("pk", Integer, primary_key=True),
    Column("project", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("content", BLOB, nullable=False),
    UniqueConstraint("project", "digest"),
)

"""The schema of a new file as plain text, so that making one costs two milliseconds.

A test holds it equal to ``schema.metadata``; alembic's revisions lead an older file to the same.
"""

from __future__ import annotations

__all__ = ["APPLICATION_ID", "DDL", "REVISION", "SCHEMA_VERSION", "STATISTICS"]

# "WvLt": marks a SQLite file as ours, in its header.
APPLICATION_ID = 0x57764C74
# Rises with every revision and stands in the header, so that age is known without alembic.
SCHEMA_VERSION = 2
# The name of that revision in alembic's table.
REVISION = "0002"

DDL = """\
CREATE TABLE attribute_sets (pk INTEGER NOT NULL, digest BLOB NOT NULL,
    attributes TEXT NOT NULL, PRIMARY KEY (pk), UNIQUE (digest));
CREATE TABLE call_inputs (pk INTEGER NOT NULL, inputs TEXT NOT NULL, PRIMARY KEY (pk));
CREATE TABLE call_outputs (pk INTEGER NOT NULL, output TEXT NOT NULL, PRIMARY KEY (pk));
CREATE TABLE call_refs (project INTEGER NOT NULL, ref TEXT NOT NULL, side INTEGER NOT NULL,
    call INTEGER NOT NULL, PRIMARY KEY (project, ref, side, call)) WITHOUT ROWID;
CREATE TABLE calls (pk INTEGER NOT NULL, project INTEGER NOT NULL, id TEXT NOT NULL,
    trace_id TEXT, parent_id TEXT, op INTEGER, display_name TEXT,
    is_renamed INTEGER DEFAULT 0 NOT NULL, started_at INTEGER, ended_at INTEGER,
    deleted_at INTEGER, attributes INTEGER, summary TEXT, exception TEXT, wb_user_id TEXT,
    wb_run_id TEXT, thread_id TEXT, turn_id TEXT, PRIMARY KEY (pk));
CREATE UNIQUE INDEX calls_by_id ON calls (project, id);
CREATE INDEX calls_by_op ON calls (project, op, started_at,
    deleted_at) WHERE started_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX calls_by_parent ON calls (project, parent_id,
    started_at) WHERE parent_id IS NOT NULL;
CREATE INDEX calls_by_root ON calls (project, started_at, deleted_at,
    parent_id) WHERE parent_id IS NULL AND started_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX calls_by_start ON calls (project, started_at,
    deleted_at) WHERE started_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX calls_by_trace ON calls (project,
    trace_id) WHERE started_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX calls_by_thread ON calls (project, thread_id,
    started_at) WHERE thread_id IS NOT NULL;
CREATE TABLE costs (pk INTEGER NOT NULL, project INTEGER NOT NULL, id TEXT NOT NULL,
    llm_id TEXT NOT NULL, provider_id TEXT NOT NULL, effective_date INTEGER NOT NULL,
    prompt_token_cost REAL NOT NULL, completion_token_cost REAL NOT NULL,
    cache_read_input_token_cost REAL, cache_creation_input_token_cost REAL,
    prompt_token_cost_unit TEXT, completion_token_cost_unit TEXT, created_by TEXT,
    created_at INTEGER NOT NULL, PRIMARY KEY (pk));
CREATE UNIQUE INDEX costs_by_id ON costs (project, id);
CREATE INDEX costs_by_model ON costs (project, llm_id, effective_date);
CREATE TABLE feedback (pk INTEGER NOT NULL, project INTEGER NOT NULL, id TEXT NOT NULL,
    weave_ref TEXT NOT NULL, call_id TEXT, feedback_type TEXT NOT NULL, payload TEXT NOT NULL,
    creator TEXT, created_at INTEGER NOT NULL, wb_user_id TEXT, annotation_ref TEXT,
    runnable_ref TEXT, call_ref TEXT, trigger_ref TEXT, PRIMARY KEY (pk));
CREATE INDEX feedback_by_call ON feedback (project, call_id, feedback_type,
    created_at) WHERE call_id IS NOT NULL;
CREATE UNIQUE INDEX feedback_by_id ON feedback (project, id);
CREATE INDEX feedback_by_ref ON feedback (project, weave_ref, created_at);
CREATE INDEX feedback_by_time ON feedback (project, created_at, id);
CREATE TABLE files (pk INTEGER NOT NULL, project INTEGER NOT NULL, digest TEXT NOT NULL,
    name TEXT NOT NULL, size_bytes INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (pk),
    UNIQUE (project, digest));
CREATE TABLE objects (pk INTEGER NOT NULL, project INTEGER NOT NULL, kind TEXT NOT NULL,
    object_id TEXT NOT NULL, digest TEXT NOT NULL, version_index INTEGER NOT NULL,
    publish_order INTEGER NOT NULL, base_object_class TEXT, leaf_object_class TEXT,
    val TEXT NOT NULL, created_at INTEGER NOT NULL, deleted_at INTEGER, wb_user_id TEXT,
    PRIMARY KEY (pk), UNIQUE (project, object_id, kind, digest));
CREATE INDEX objects_by_order ON objects (project, object_id, kind, publish_order);
CREATE UNIQUE INDEX objects_by_version ON objects (project, object_id, kind, version_index);
CREATE TABLE op_names (pk INTEGER NOT NULL, op_name TEXT NOT NULL, PRIMARY KEY (pk),
    UNIQUE (op_name));
CREATE TABLE path_indexes (pk INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (pk),
    UNIQUE (path));
CREATE TABLE projects (pk INTEGER NOT NULL, project_id TEXT NOT NULL, PRIMARY KEY (pk),
    UNIQUE (project_id));
CREATE TABLE table_positions ("table" INTEGER NOT NULL, position INTEGER NOT NULL,
    "row" INTEGER NOT NULL, PRIMARY KEY ("table", position)) WITHOUT ROWID;
CREATE TABLE table_rows (pk INTEGER NOT NULL, project INTEGER NOT NULL, digest TEXT NOT NULL,
    val TEXT NOT NULL, PRIMARY KEY (pk), UNIQUE (project, digest));
CREATE TABLE tables (pk INTEGER NOT NULL, project INTEGER NOT NULL, digest TEXT NOT NULL,
    row_count INTEGER NOT NULL, PRIMARY KEY (pk), UNIQUE (project, digest));
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
"""

# What ANALYZE would find in a large store: rows of the index, then rows per distinct prefix. SQLite
# picks indexes by these numbers. They are fixed, so that a query has the same plan in every store:
# without any, SQLite takes a trace or a parent for as common as a project, and reads all calls.
STATISTICS = {
    "calls_by_id": "1000000 500000 1",
    "calls_by_start": "1000000 500000 2 2",
    "calls_by_op": "1000000 500000 20000 2 2",
    "calls_by_trace": "1000000 500000 20",
    "calls_by_parent": "900000 450000 10 2",
    "calls_by_root": "100000 50000 2 2 2",
    "calls_by_thread": "100000 50000 10 2",
}

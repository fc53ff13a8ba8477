"""The first schema: calls, objects, tables, files.

Revises: nothing
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attribute_sets",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("digest", sa.BLOB(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "call_inputs",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
    )
    op.create_table(
        "call_outputs",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("output", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
    )
    op.create_table(
        "call_refs",
        sa.Column("project", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("side", sa.Integer(), nullable=False),
        sa.Column("call", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project", "ref", "side", "call"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "calls",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("project", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text()),
        sa.Column("parent_id", sa.Text()),
        sa.Column("op", sa.Integer()),
        sa.Column("display_name", sa.Text()),
        sa.Column("is_renamed", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("started_at", sa.Integer()),
        sa.Column("ended_at", sa.Integer()),
        sa.Column("deleted_at", sa.Integer()),
        sa.Column("attributes", sa.Integer()),
        sa.Column("summary", sa.Text()),
        sa.Column("exception", sa.Text()),
        sa.Column("wb_user_id", sa.Text()),
        sa.Column("wb_run_id", sa.Text()),
        sa.Column("thread_id", sa.Text()),
        sa.Column("turn_id", sa.Text()),
        sa.PrimaryKeyConstraint("pk"),
    )
    op.create_index("calls_by_id", "calls", ["project", "id"], unique=True)
    op.create_index(
        "calls_by_op",
        "calls",
        ["project", "op", "started_at", "deleted_at"],
        sqlite_where=sa.text("started_at IS NOT NULL AND deleted_at IS NULL"),
    )
    op.create_index(
        "calls_by_parent",
        "calls",
        ["project", "parent_id", "started_at"],
        sqlite_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "calls_by_root",
        "calls",
        ["project", "started_at", "deleted_at", "parent_id"],
        sqlite_where=sa.text("parent_id IS NULL AND started_at IS NOT NULL AND deleted_at IS NULL"),
    )
    op.create_index(
        "calls_by_start",
        "calls",
        ["project", "started_at", "deleted_at"],
        sqlite_where=sa.text("started_at IS NOT NULL AND deleted_at IS NULL"),
    )
    op.create_index(
        "calls_by_trace",
        "calls",
        ["project", "trace_id"],
        sqlite_where=sa.text("started_at IS NOT NULL AND deleted_at IS NULL"),
    )
    op.create_table(
        "files",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("project", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("content", sa.BLOB(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("project", "digest"),
    )
    op.create_table(
        "objects",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("project", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("version_index", sa.Integer(), nullable=False),
        sa.Column("publish_order", sa.Integer(), nullable=False),
        sa.Column("base_object_class", sa.Text()),
        sa.Column("leaf_object_class", sa.Text()),
        sa.Column("val", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("deleted_at", sa.Integer()),
        sa.Column("wb_user_id", sa.Text()),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("project", "object_id", "kind", "digest"),
    )
    op.create_index(
        "objects_by_order", "objects", ["project", "object_id", "kind", "publish_order"]
    )
    op.create_index(
        "objects_by_version",
        "objects",
        ["project", "object_id", "kind", "version_index"],
        unique=True,
    )
    op.create_table(
        "op_names",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("op_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("op_name"),
    )
    op.create_table(
        "projects",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("project_id"),
    )
    op.create_table(
        "table_positions",
        sa.Column("table", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("table", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "table_rows",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("project", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("val", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("project", "digest"),
    )
    op.create_table(
        "tables",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("project", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("project", "digest"),
    )
    # The numbers by which SQLite picks indexes; see store/ddl.py.
    op.execute("ANALYZE")
    op.bulk_insert(
        sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat")),
        [
            {"tbl": "calls", "idx": "calls_by_id", "stat": "1000000 500000 1"},
            {"tbl": "calls", "idx": "calls_by_start", "stat": "1000000 500000 2 2"},
            {"tbl": "calls", "idx": "calls_by_op", "stat": "1000000 500000 20000 2 2"},
            {"tbl": "calls", "idx": "calls_by_trace", "stat": "1000000 500000 20"},
            {"tbl": "calls", "idx": "calls_by_parent", "stat": "900000 450000 10 2"},
            {"tbl": "calls", "idx": "calls_by_root", "stat": "100000 50000 2 2 2"},
        ],
    )


def downgrade() -> None:
    op.drop_table("tables")
    op.drop_table("table_rows")
    op.drop_table("table_positions")
    op.drop_table("projects")
    op.drop_table("op_names")
    op.drop_table("objects")
    op.drop_table("files")
    op.drop_table("calls")
    op.drop_table("call_refs")
    op.drop_table("call_outputs")
    op.drop_table("call_inputs")
    op.drop_table("attribute_sets")

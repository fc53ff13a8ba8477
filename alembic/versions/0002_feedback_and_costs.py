"""Feedback, prices, indexes on JSON paths, and an index of the calls of a thread.

Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "calls_by_thread",
        "calls",
        ["project", "thread_id", "started_at"],
        sqlite_where=sa.text("thread_id IS NOT NULL"),
    )
    op.create_table(
        "costs",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("project", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("llm_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("effective_date", sa.Integer(), nullable=False),
        sa.Column("prompt_token_cost", sa.REAL(), nullable=False),
        sa.Column("completion_token_cost", sa.REAL(), nullable=False),
        sa.Column("cache_read_input_token_cost", sa.REAL()),
        sa.Column("cache_creation_input_token_cost", sa.REAL()),
        sa.Column("prompt_token_cost_unit", sa.Text()),
        sa.Column("completion_token_cost_unit", sa.Text()),
        sa.Column("created_by", sa.Text()),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
    )
    op.create_index("costs_by_id", "costs", ["project", "id"], unique=True)
    op.create_index("costs_by_model", "costs", ["project", "llm_id", "effective_date"])
    op.create_table(
        "feedback",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("project", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("weave_ref", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text()),
        sa.Column("feedback_type", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("creator", sa.Text()),
        sa.Column("created_at", sa.Integer(), nullable=False),
        sa.Column("wb_user_id", sa.Text()),
        sa.Column("annotation_ref", sa.Text()),
        sa.Column("runnable_ref", sa.Text()),
        sa.Column("call_ref", sa.Text()),
        sa.Column("trigger_ref", sa.Text()),
        sa.PrimaryKeyConstraint("pk"),
    )
    op.create_index(
        "feedback_by_call",
        "feedback",
        ["project", "call_id", "feedback_type", "created_at"],
        sqlite_where=sa.text("call_id IS NOT NULL"),
    )
    op.create_index("feedback_by_id", "feedback", ["project", "id"], unique=True)
    op.create_index("feedback_by_ref", "feedback", ["project", "weave_ref", "created_at"])
    op.create_index("feedback_by_time", "feedback", ["project", "created_at", "id"])
    op.create_table(
        "path_indexes",
        sa.Column("pk", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pk"),
        sa.UniqueConstraint("path"),
    )
    op.bulk_insert(
        sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat")),
        [{"tbl": "calls", "idx": "calls_by_thread", "stat": "100000 50000 10 2"}],
    )


def downgrade() -> None:
    op.execute("DELETE FROM sqlite_stat1 WHERE idx = 'calls_by_thread'")
    op.drop_table("path_indexes")
    op.drop_table("feedback")
    op.drop_table("costs")
    op.drop_index("calls_by_thread", "calls")

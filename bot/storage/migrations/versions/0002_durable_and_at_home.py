"""Attempts, turns, regeneration and stopping of runs; feedback, preferences and spending.

The previous release can use the new schema: columns and tables are only added. One index is replaced
by one on live runs only, which stays small however long the history is.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("runs") as batch:
        batch.add_column(sa.Column("attempt", sa.Integer(), server_default="0", nullable=False))
        batch.add_column(sa.Column("turn", sa.BigInteger(), server_default="0", nullable=False))
        batch.add_column(sa.Column("again_of", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("stop_by", sa.String(length=32), nullable=True))
        batch.add_column(sa.Column("disagreement", sa.Text(), nullable=True))
        batch.add_column(
            sa.Column("attached", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
        batch.create_index("ix_runs_created_at", ["created_at"])
        batch.drop_index("ix_runs_state_created_at")
        batch.create_index("ix_runs_team_user_created_at", ["team", "user", "created_at"])
    op.create_index(
        "ix_runs_live",
        "runs",
        ["created_at"],
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "feedback",
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_feedback_run_id_runs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "user", "target", name=op.f("pk_feedback")),
    )
    op.create_table(
        "preferences",
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.String(length=32), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("team", "scope", "id", name=op.f("pk_preferences")),
    )
    op.create_table(
        "spending",
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("user", sa.String(length=32), nullable=False),
        sa.Column("questions", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("team", "day", "channel", "user", name=op.f("pk_spending")),
    )


def downgrade() -> None:
    for table in ("spending", "preferences", "feedback"):
        op.drop_table(table)
    op.drop_index("ix_runs_live", "runs")
    with op.batch_alter_table("runs") as batch:
        batch.create_index("ix_runs_state_created_at", ["state", "created_at"])
        batch.drop_index("ix_runs_team_user_created_at")
        batch.drop_index("ix_runs_created_at")
        for column in ("attached", "disagreement", "stop_by", "again_of", "turn", "attempt"):
            batch.drop_column(column)

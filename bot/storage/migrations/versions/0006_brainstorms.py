"""Brainstorms with their ideas, dots and calls. An offer of brainstorms replaces the old switch.

Before, a channel's switch `brainstorm` made every message a question. It becomes
`offer_brainstorms`, which a process of the previous release ignores.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OLD, NEW = "brainstorm", "offer_brainstorms"

PREFERENCES = sa.table(
    "preferences", *(sa.column(name) for name in ("team", "scope", "id", "chosen"))
)


def upgrade() -> None:
    _create_brainstorms()
    _create_parts()
    _turn_switch_into_offer()


def downgrade() -> None:
    raise NotImplementedError


def _create_brainstorms() -> None:
    op.create_table(
        "brainstorms",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("team", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("user", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("pipeline", sa.String(length=255), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("dots", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(length=16), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("phase_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("refresh_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("posting", sa.String(length=64), nullable=True),
        sa.Column("board_ts", sa.String(length=64), nullable=True),
        sa.Column("boards", sa.Integer(), nullable=False),
        sa.Column("themes_ts", sa.String(length=64), nullable=True),
        sa.Column("result_ts", sa.String(length=64), nullable=True),
        sa.Column("themes", sa.Text(), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("reserved_usd", sa.Float(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=False),
        sa.Column("trouble", sa.String(length=32), nullable=True),
        sa.Column("closed_in", sa.String(length=16), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brainstorms")),
        sa.UniqueConstraint("key"),
    )
    op.create_index(
        "ix_brainstorms_team_channel_created_at", "brainstorms", ["team", "channel", "created_at"]
    )
    op.create_index(
        "ix_brainstorms_live",
        "brainstorms",
        ["phase_ends_at"],
        sqlite_where=sa.text("NOT (phase = 'closed' AND settled)"),
        postgresql_where=sa.text("NOT (phase = 'closed' AND settled)"),
    )


def _create_parts() -> None:
    op.create_table(
        "ideas",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("brainstorm_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("author", sa.String(length=255), nullable=False),
        sa.Column("is_model", sa.Boolean(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _belongs("ideas"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ideas")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ideas_brainstorm_id_key", "ideas", ["brainstorm_id", "key"], unique=True)
    op.create_index("ix_ideas_author", "ideas", ["author"])
    op.create_table(
        "ballots",
        sa.Column("brainstorm_id", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=32), nullable=False),
        sa.Column("dots", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        _belongs("ballots"),
        sa.PrimaryKeyConstraint("brainstorm_id", "user", name=op.f("pk_ballots")),
    )
    op.create_table(
        "brainstorm_calls",
        sa.Column("brainstorm_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ideas", sa.Integer(), nullable=False),
        sa.Column("error_kind", sa.String(length=32), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        _belongs("brainstorm_calls"),
        sa.PrimaryKeyConstraint("brainstorm_id", "position", name=op.f("pk_brainstorm_calls")),
    )
    op.create_table(
        "brainstorm_questions",
        sa.Column("brainstorm_id", sa.String(length=64), nullable=False),
        sa.Column("ts", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ideas", sa.Text(), nullable=False),
        _belongs("brainstorm_questions"),
        sa.PrimaryKeyConstraint("brainstorm_id", "ts", name=op.f("pk_brainstorm_questions")),
    )


def _belongs(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_brainstorm_id_brainstorms")
    return sa.ForeignKeyConstraint(
        ["brainstorm_id"], ["brainstorms.id"], name=name, ondelete="CASCADE"
    )


def _turn_switch_into_offer() -> None:
    connection = op.get_bind()
    places = sa.select(PREFERENCES).where(PREFERENCES.c.scope == "channel")
    for row in connection.execute(places).all():
        try:
            chosen = json.loads(row.chosen)
        except ValueError:
            continue
        if not isinstance(chosen, dict) or OLD not in chosen:
            continue
        chosen[NEW] = chosen.pop(OLD)
        here = [PREFERENCES.c[name] == getattr(row, name) for name in ("team", "scope", "id")]
        change = sa.update(PREFERENCES).where(*here)
        connection.execute(change.values(chosen=json.dumps(chosen, sort_keys=True)))

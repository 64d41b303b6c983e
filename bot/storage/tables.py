"""The tables. Every change needs a migration in `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    }
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("team", String(32), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("user", String(32), nullable=False),
    Column("ts", String(64), nullable=False),
    Column("thread_ts", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("surface", String(16), nullable=False),
    Column("asked_pipeline", String(255)),
    Column("response_url", Text),
    Column("pipeline", String(255), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("reply", Text, nullable=False, default=""),
    Column("status", String(16)),
    Column("trouble", String(32)),
    Column("notes", Text, nullable=False, default="[]"),
    Column("seconds", Float),
    Column("cost_usd", Float),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("turn", BigInteger, nullable=False, server_default="0"),
    Column("again_of", String(64)),
    Column("stop_by", String(32)),
    Column("disagreement", Text),
    Column("attached", Boolean, nullable=False, server_default=true()),
    Index(
        "ix_runs_live",
        "created_at",
        sqlite_where=text("finished_at IS NULL"),
        postgresql_where=text("finished_at IS NULL"),
    ),
    Index("ix_runs_created_at", "created_at"),
    Index("ix_runs_team_channel_thread_ts", "team", "channel", "thread_ts"),
    Index("ix_runs_team_user_created_at", "team", "user", "created_at"),
)
"""One row per question.

`attempt` counts how often work on it has begun; only the latest attempt may write. `turn` orders
the waiting runs (smaller is earlier). `again_of` is the run that this one regenerates. `stop_by` is
the person who stopped it. `disagreement` is JSON, if there is one. `attached` says whether the
question's message may have files.
"""

IS_LIVE = runs.c.finished_at.is_(None)
"""Whether a run is unfinished, phrased so that the index of live runs is used."""

claims = Table(
    "claims",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
)
"""One row for each key under which a question may reach us again. The primary key makes claims
exclusive across connections and processes."""

answers = Table(
    "answers",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("layer", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("role", String(16), nullable=False),
    Column("model", String(255), nullable=False),
    Column("label", String(8), nullable=False),
    Column("status", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("error", Text),
    Column("error_kind", String(32)),
    Column("seconds", Float, nullable=False),
    Column("first_token_seconds", Float),
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("cached_tokens", Integer),
    Column("cost_usd", Float),
    Column("estimated", Boolean, nullable=False, server_default=false()),
)
"""`estimated`: the provider didn't count all tokens, so the tokens and the cost are estimates. The
same in `ledger`."""

ledger = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("model", String(255), nullable=False),
    Column("role", String(16), nullable=False),
    Column("layer", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("error_kind", String(32)),
    Column("started", Float, nullable=False),
    Column("first_token", Float),
    Column("ended", Float, nullable=False),
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("cached_tokens", Integer),
    Column("cost_usd", Float),
    Column("estimated", Boolean, nullable=False, server_default=false()),
    Column("reason", Text),
)

posts = Table(
    "posts",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("ts", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
)
"""The messages that contain a run's reply, by their Slack ts."""

feedback = Table(
    "feedback",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("user", String(32), primary_key=True),
    Column("target", String(32), primary_key=True),
    Column("verdict", String(16), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
"""People's feedback on a reply (`target` is "reply") or on one answer ("LAYER-POSITION")."""

preferences = Table(
    "preferences",
    metadata,
    Column("team", String(32), primary_key=True),
    Column("scope", String(16), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("chosen", Text, nullable=False),
    Column("changed_by", String(32), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)
"""The choices made in Slack for a workspace, a channel or a person (`scope`), as JSON objects."""

spending = Table(
    "spending",
    metadata,
    Column("team", String(32), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("user", String(32), primary_key=True),
    Column("questions", Integer, nullable=False),
    Column("cost_usd", Float, nullable=False),
)
"""Spending by UTC day (YYYY-MM-DD), so that budgets are checked without reading every run."""

BRAINSTORM_IS_OPEN = "NOT (phase = 'closed' AND settled)"
"""Whether a brainstorm is open, phrased so that the index of open ones is used."""

brainstorms = Table(
    "brainstorms",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("team", String(32), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("user", String(32), nullable=False),
    Column("key", String(255), nullable=False, unique=True),
    Column("topic", Text, nullable=False),
    Column("material", Text, nullable=False),
    Column("pipeline", String(255), nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("dots", Integer, nullable=False),
    Column("phase", String(16), nullable=False),
    Column("step", Integer, nullable=False),
    Column("phase_ends_at", DateTime(timezone=True)),
    Column("extended", Boolean, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("refresh_at", DateTime(timezone=True)),
    Column("attempt", Integer, nullable=False),
    Column("posting", String(64)),
    Column("board_ts", String(64)),
    Column("boards", Integer, nullable=False),
    Column("themes_ts", String(64)),
    Column("result_ts", String(64)),
    Column("themes", Text),
    Column("seed", BigInteger, nullable=False),
    Column("reserved_usd", Float, nullable=False),
    Column("cost_usd", Float, nullable=False),
    Column("trouble", String(32)),
    Column("closed_in", String(16)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("ix_brainstorms_team_channel_created_at", "team", "channel", "created_at"),
    Index(
        "ix_brainstorms_live",
        "phase_ends_at",
        sqlite_where=text(BRAINSTORM_IS_OPEN),
        postgresql_where=text(BRAINSTORM_IS_OPEN),
    ),
)
"""One row per brainstorm.

`step` counts the changes of its phase; `settled` says that nothing is left to do until the phase
ends. `refresh_at` is when to redraw the board. `attempt` counts how often work on it has begun, and
`posting` is what may have been posted although its ts isn't stored. `reserved_usd` is the most that
its models may cost, and 0 once they are done. `themes` is JSON, if there are any.
"""

ideas = Table(
    "ideas",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("brainstorm_id", ForeignKey("brainstorms.id", ondelete="CASCADE"), nullable=False),
    Column("key", String(128), nullable=False),
    Column("author", String(255), nullable=False),
    Column("is_model", Boolean, nullable=False),
    Column("named", Boolean, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("ix_ideas_brainstorm_id_key", "brainstorm_id", "key", unique=True),
    Index("ix_ideas_author", "author"),
    sqlite_autoincrement=True,
)
"""One row per idea. `author` is a person's Slack id or a model's name; `named` is whether the
person wants their name shown. `key` keeps an idea from being stored twice when it is handed in
again."""

ballots = Table(
    "ballots",
    metadata,
    Column("brainstorm_id", ForeignKey("brainstorms.id", ondelete="CASCADE"), primary_key=True),
    Column("user", String(32), primary_key=True),
    Column("dots", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)
"""A person's dots in a brainstorm, as a JSON object from an idea's id to a count."""

brainstorm_calls = Table(
    "brainstorm_calls",
    metadata,
    Column("brainstorm_id", ForeignKey("brainstorms.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("model", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("ideas", Integer, nullable=False),
    Column("error_kind", String(32)),
    Column("input_tokens", Integer),
    Column("output_tokens", Integer),
    Column("cost_usd", Float),
)
"""The ended calls to models in a brainstorm, so that none is made and paid for twice."""

brainstorm_questions = Table(
    "brainstorm_questions",
    metadata,
    Column("brainstorm_id", ForeignKey("brainstorms.id", ondelete="CASCADE"), primary_key=True),
    Column("ts", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("ideas", Text, nullable=False),
)
"""Questions to the models about a brainstorm, by the ts of the asking message in its thread.
`ideas` is a JSON list of the ids that the question is about."""

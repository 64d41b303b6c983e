"""The queue of runs on Postgres, and no more answers that are left out as outliers.

The queue is the tables of procrastinate, in the schema of our own tables.

A process of the previous release can go on working on a database that has it. Nothing of its own
engine is deleted here: docs/operations.md says what may be.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE answers SET status = 'late' WHERE status = 'outlier'")
    op.execute("UPDATE ledger SET state = 'late' WHERE state = 'outlier'")
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        from procrastinate.schema import SchemaManager  # noqa: PLC0415 - heavy, for Postgres only

        # Many statements in one text, which psycopg runs only where there are no parameters.
        plain = connection.execution_options(no_parameters=True)
        plain.exec_driver_sql(SchemaManager.get_schema())


def downgrade() -> None:
    raise NotImplementedError

"""The queue of runs on Postgres, and the end of answers excluded as outliers.

The queue consists of procrastinate's tables, in the same schema as our own tables.

A process of the previous release can continue to use the database. Nothing of that release's engine
is deleted here. docs/operations.md says what can be.
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

        # psycopg runs several statements in one text only if there are no parameters.
        plain = connection.execution_options(no_parameters=True)
        plain.exec_driver_sql(SchemaManager.get_schema())


def downgrade() -> None:
    raise NotImplementedError

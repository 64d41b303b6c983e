"""Whether the tokens and the cost of an answer and of a call are estimates.

The previous release can use the new schema: the added columns have defaults.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("answers", "ledger")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(
            table, sa.Column("estimated", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column("estimated")

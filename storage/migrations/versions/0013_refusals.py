"""An account whose queries are refused, and what was found out about accounts, for their owner."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    refused = sa.Column("queries_refused", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("account", refused)
    op.create_table(
        "finding",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("at", sa.Double[float](), nullable=False),
    )

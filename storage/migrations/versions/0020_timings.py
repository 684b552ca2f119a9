"""How long each step takes with each account, learned from what was measured: by it, times are promised."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "timing",
        sa.Column("account_id", sa.Text, primary_key=True),  # empty: not of an account
        sa.Column("step", sa.Text, primary_key=True),  # see `storage.timings`
        sa.Column("style", sa.Integer, primary_key=True),  # 0 for steps that don't depend on it
        sa.Column("mean", sa.Double, nullable=False),  # seconds
        sa.Column("deviation", sa.Double, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
    )

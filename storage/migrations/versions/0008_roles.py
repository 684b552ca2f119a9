"""Roles that one process holds at a time, and the epoch in which an attempt was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "role",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),  # a random name of the replica
        sa.Column("epoch", sa.BigInteger, nullable=False),
    )
    op.add_column("attempt", sa.Column("epoch", sa.BigInteger))  # of its account, when it was written

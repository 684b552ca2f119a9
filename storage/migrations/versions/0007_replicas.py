"""What several processes share: the owners of updates, and interaction tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Time: sa.Double[float] = sa.Double()  # seconds since the epoch


def upgrade() -> None:
    op.add_column("arrived", sa.Column("lane", sa.Text))  # the ordering key
    op.add_column("arrived", sa.Column("owner", sa.Text))  # the process that handles it
    op.add_column("arrived", sa.Column("until", Time))  # when another process may take it over
    there = sa.text("body IS NOT NULL")
    op.create_index("arrived_open", "arrived", ["account", "number"], sqlite_where=there, postgresql_where=there)
    op.create_table(
        "reply",
        sa.Column("account", sa.Text, primary_key=True),  # the platform and the bot
        sa.Column("interaction", sa.Text, primary_key=True),
        sa.Column("application", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),  # its token, encrypted with the installation's secret
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("until", Time, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("unseen", sa.Boolean, nullable=False),
        sa.Column("remaining", sa.BigInteger, nullable=False),
    )
    op.create_index("reply_message", "reply", ["account", "message"])
    op.create_index("reply_until", "reply", ["until"])

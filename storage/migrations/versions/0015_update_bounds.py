"""Who sent a stored update, and how large it is."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("arrived", sa.Column("sender", sa.Text))  # the person's platform id; null: unknown, or handled
    op.add_column("arrived", sa.Column("size", sa.BigInteger))  # characters in `body`
    op.execute("UPDATE arrived SET size = LENGTH(body) WHERE body IS NOT NULL")
    op.execute("UPDATE arrived SET lane = NULL, owner = NULL, until = NULL WHERE body IS NULL AND lane IS NOT NULL")
    there = sa.text("body IS NOT NULL")
    op.create_index("arrived_lane", "arrived", ["account", "lane", "size"], sqlite_where=there, postgresql_where=there)

"""Files that platforms keep for us, photos sent as spoilers, and updates that are not handled yet."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER is an alias of SQLite's rowid
Time: sa.Double[float] = sa.Double()  # seconds since the epoch


def upgrade() -> None:
    op.create_table(
        "shown_file",
        sa.Column("account", sa.Text, primary_key=True),  # platform and bot: another bot can't use the file
        sa.Column("job_id", Id, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("file", sa.Text, nullable=False),
    )
    op.create_table(
        "veiled",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("chat", sa.Text, primary_key=True),
        sa.Column("message", sa.Text, primary_key=True),
        sa.Column("at", Time, nullable=False),
    )
    op.create_table(
        "arrived",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("body", sa.Text),  # null: handled
        sa.Column("at", Time, nullable=False),
    )
    op.create_index("veiled_at", "veiled", ["at"])
    op.create_index("arrived_at", "arrived", ["at"])

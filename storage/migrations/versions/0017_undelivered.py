"""Outcomes that could be shown nowhere wait in the outbox for the person, or for our return to the chat."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("given_up", sa.Double))
    only = sa.text("given_up IS NOT NULL")
    op.create_index("outbox_given_up", "outbox", ["job_id"], sqlite_where=only, postgresql_where=only)

"""When the completion event of an attempt's task arrived."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("attempt", sa.Column("noted_at", sa.Double))

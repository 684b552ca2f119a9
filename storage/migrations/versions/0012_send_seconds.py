"""How long an attempt's submit may take. Attempts of older versions have none: theirs was ten seconds."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("attempt", sa.Column("send_seconds", sa.Double))

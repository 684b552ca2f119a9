"""Which key and which main account of the API an account stands for, and the name that its owner knows it by."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    for name in ("name", "key_id", "main_id"):
        op.add_column("account", sa.Column(name, sa.Text))

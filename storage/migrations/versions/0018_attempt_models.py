"""Which model an attempt asked for: its task is looked for among that model's, whatever the setting says by then.
Attempts of older versions have none: the account's present model is taken for theirs."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("attempt", sa.Column("model", sa.Text))

"""How the two people of a question of consent are called, for as long as it is open."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("job", sa.Column("asker_name", sa.Text))
    op.add_column("job", sa.Column("subject_name", sa.Text))

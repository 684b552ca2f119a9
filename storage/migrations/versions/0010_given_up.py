"""An index of the submits that were given up in doubt."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

GIVEN_UP = "outcome IN ('missed', 'ambiguous')"


def upgrade() -> None:
    only = sa.text(GIVEN_UP)
    op.create_index("attempt_given_up", "attempt", ["account_id"], sqlite_where=only, postgresql_where=only)

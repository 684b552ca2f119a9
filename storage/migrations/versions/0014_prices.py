"""Rows of the ledger have amounts, so that the budget counts money; and a claim can skip styles within the index."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

PRICE = 1200  # of every picture so far, in 1/10000 CNY
NO_LIMIT = 2**53


def upgrade() -> None:
    op.add_column("ledger", sa.Column("amount", sa.BigInteger, nullable=False, server_default="1"))
    for name in ("jobs_reserved", "jobs_used"):
        op.add_column("quota", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    op.execute("""
        UPDATE quota SET jobs_reserved = reserved, jobs_used = used + COALESCE((
            SELECT SUM(c.units) FROM credit c WHERE c.scope = quota.scope AND c.period = quota.period AND c.units < 0
        ), 0)
    """)
    op.execute(f"UPDATE ledger SET amount = {PRICE} WHERE scope_kind = 'budget'")  # noqa: S608  # constant
    op.execute(f"""
        UPDATE quota SET reserved = reserved * {PRICE}, used = used * {PRICE},
            lim = CASE WHEN lim < {NO_LIMIT} / {PRICE} THEN lim * {PRICE} ELSE {NO_LIMIT} END
        WHERE scope_kind = 'budget'
    """)  # noqa: S608  # constants
    op.drop_index("job_turn", "job")
    queued = sa.text("state = 'queued'")
    op.create_index("job_turn", "job", ["tag", "id", "style", "next_at"], sqlite_where=queued, postgresql_where=queued)

"""Units say what kind of scope they belong to, so that no query depends on how a scope's name is spelled."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER is an alias of SQLite's rowid
Time: sa.Double[float] = sa.Double()  # seconds since the epoch

KIND = """
    CASE WHEN scope = 'budget' THEN 'budget'
         WHEN scope LIKE 'person:%' THEN 'person'
         WHEN scope LIKE 'purse:%' THEN 'purse'
         WHEN scope LIKE 'pot:%' THEN 'pot'
         WHEN scope LIKE 'group:%' THEN 'group'
         WHEN scope LIKE 'account:%' THEN 'account'
    END
"""


def upgrade() -> None:
    change = _rebuild if op.get_bind().dialect.name == "sqlite" else _alter
    for table, items in (("quota", _quota()), ("ledger", _ledger()), ("credit", _credit())):
        change(table, items)
    if change is _rebuild:  # the indexes were dropped with the old tables
        settled = sa.text("kind <> 'reserve'")
        op.create_index("ledger_settled_once", "ledger", ["job_id", "scope"], unique=True, sqlite_where=settled)
        op.create_index("credit_scope", "credit", ["scope", "period"])


def _alter(table: str, _: Sequence[sa.schema.SchemaItem]) -> None:
    op.add_column(table, sa.Column("scope_kind", sa.Text))
    op.execute(f"UPDATE {table} SET scope_kind = {KIND}")  # noqa: S608  # constant
    op.alter_column(table, "scope_kind", nullable=False)


def _rebuild(table: str, items: Sequence[sa.schema.SchemaItem]) -> None:
    """SQLite can't add a column that is NOT NULL and has no default: the rows go into a new table."""
    op.create_table(f"new_{table}", *items)
    columns = ", ".join(item.name for item in items if isinstance(item, sa.Column) and item.name != "scope_kind")
    op.execute(f"INSERT INTO new_{table} ({columns}, scope_kind) SELECT {columns}, {KIND} FROM {table}")  # noqa: S608  # constant
    op.drop_table(table)
    op.rename_table(f"new_{table}", table)


def _quota() -> Sequence[sa.schema.SchemaItem]:
    return (
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("lim", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.Column("scope_kind", sa.Text, nullable=False),
        sa.CheckConstraint("reserved >= 0 AND used >= 0"),
    )


def _ledger() -> Sequence[sa.schema.SchemaItem]:
    return (
        sa.Column("job_id", Id, primary_key=True),
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("scope_kind", sa.Text, nullable=False),
        sa.CheckConstraint("kind IN ('reserve', 'commit', 'release')"),
    )


def _credit() -> Sequence[sa.schema.SchemaItem]:
    return (
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("scope_kind", sa.Text, nullable=False),
        sa.CheckConstraint("units <> 0"),
    )

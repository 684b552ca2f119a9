"""Indexes for frequent queries, and the API's time of an attempt."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

OPEN = "state IN ('draft', 'queued', 'submitting', 'running', 'fetching')"


def upgrade() -> None:
    op.add_column("attempt", sa.Column("server_at", sa.Double))  # if it was known when the attempt was recorded
    _index("job_open", "job", ["tag", "id"], where=OPEN)
    _index("result_expires", "result", ["expires"])
    _index("result_key", "result", ["key"])
    _index("shown_file_job", "shown_file", ["job_id"])


def _index(name: str, table: str, columns: list[str], *, where: str | None = None) -> None:
    only = None if where is None else sa.text(where)
    op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)

"""Albums: the photos of one request share a card."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER is an alias of SQLite's rowid


def upgrade() -> None:
    op.create_table(
        "album",
        sa.Column("id", Id, sa.Identity(), primary_key=True),
        sa.Column("source", sa.Text, nullable=False, unique=True),
        sa.Column("message_id", sa.Text),
        sa.Column("is_open", sa.Boolean, nullable=False),  # photos may still join
        sa.Column("hung", sa.Text),  # the pictures beside the card: sending, sent
        sa.Column("created", sa.Double, nullable=False),
        sa.CheckConstraint("hung IN ('sending', 'sent')"),
    )
    # Plain SQL, because Alembic can't add a foreign key to a table in SQLite.
    op.execute("ALTER TABLE job ADD COLUMN album_id BIGINT REFERENCES album (id)")
    only = sa.text("album_id IS NOT NULL")
    op.create_index("job_album", "job", ["album_id", "id"], sqlite_where=only, postgresql_where=only)

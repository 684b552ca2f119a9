"""Whose private chat a chat is: so that also those can be written to who never asked for a picture."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Written out: Alembic can't add a reference to a table of SQLite's.
    op.execute("ALTER TABLE chat ADD COLUMN person_id BIGINT REFERENCES person (id)")
    op.execute(
        "UPDATE chat SET person_id = (SELECT MIN(j.person_id) FROM job j WHERE j.chat_id = chat.id) "
        "WHERE is_group = FALSE"
    )
    only = sa.text("person_id IS NOT NULL")
    op.create_index("chat_person", "chat", ["person_id"], sqlite_where=only, postgresql_where=only)

"""The person of a private chat, so that broadcasts also reach people who never requested anything."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Plain SQL, because Alembic can't add a foreign key to a table in SQLite.
    op.execute("ALTER TABLE chat ADD COLUMN person_id BIGINT REFERENCES person (id)")
    op.execute(
        "UPDATE chat SET person_id = (SELECT MIN(j.person_id) FROM job j WHERE j.chat_id = chat.id) "
        "WHERE is_group = FALSE"
    )
    only = sa.text("person_id IS NOT NULL")
    op.create_index("chat_person", "chat", ["person_id"], sqlite_where=only, postgresql_where=only)

"""People have a number in the queue, which all their queued jobs share. Jobs that waited are numbered in the order that
they had. Those at the API were claimed before: should they come back, they are the first. `weight` is gone."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

# One row for each person and kind, in order; the position is the number.
_NUMBER = """
    WITH first AS (
        SELECT person_id, state = 'queued' AS waits, MIN(turn) AS turn, MIN(id) AS id FROM job
        WHERE state IN ('queued', 'submitting', 'running', 'fetching') GROUP BY person_id, state = 'queued'
    ), numbered AS (
        SELECT person_id, waits, ROW_NUMBER() OVER (ORDER BY waits, turn, id) AS number FROM first
    )
    UPDATE job SET turn = (
        SELECT n.number FROM numbered n WHERE n.person_id = job.person_id AND n.waits = (job.state = 'queued')
    ) WHERE state IN ('queued', 'submitting', 'running', 'fetching')
"""


def upgrade() -> None:
    op.execute("ALTER TABLE job RENAME COLUMN tag TO turn")
    op.execute("ALTER TABLE queue RENAME COLUMN vtime TO last_turn")
    for column in ("last_tag", "weight"):
        op.drop_column("person", column)
    op.execute(_NUMBER)
    highest = "COALESCE((SELECT MAX(turn) FROM job WHERE state IN ('queued', 'submitting', 'running', 'fetching')), 0)"
    op.execute(sa.text(f"UPDATE queue SET last_turn = {highest}"))  # noqa: S608  # constant

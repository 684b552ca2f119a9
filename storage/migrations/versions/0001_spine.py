"""People, chats, accounts, the queue, jobs and attempts, quota and ledger, results, outbox, uses of links."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER is an alias of SQLite's rowid
Time: sa.Double[float] = sa.Double()  # seconds since the epoch
OCCUPYING = "slot IS NOT NULL"


def upgrade() -> None:
    _people()
    _accounts()
    _jobs()
    _attempts()
    _quota()
    _results()


def _people() -> None:
    op.create_table(
        "person",
        sa.Column("id", Id, sa.Identity(), primary_key=True),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("platform_id", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("last_tag", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("weight", sa.Integer, nullable=False, server_default="1"),
        sa.Column("created", Time, nullable=False),
        sa.UniqueConstraint("platform", "platform_id"),
    )
    op.create_table(
        "chat",
        sa.Column("id", Id, sa.Identity(), primary_key=True),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("platform_id", sa.Text, nullable=False),
        sa.Column("is_group", sa.Boolean, nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.UniqueConstraint("platform", "platform_id"),
    )


def _accounts() -> None:
    op.create_table(  # one row: the virtual time of the queue
        "queue", sa.Column("id", sa.Integer, primary_key=True), sa.Column("vtime", sa.BigInteger, nullable=False)
    )
    op.execute("INSERT INTO queue (id, vtime) VALUES (1, 0)")
    op.create_table(
        "account",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("next_submit_at", Time, nullable=False, server_default="0"),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("open_until", Time, nullable=False, server_default="0"),
        sa.Column("paused_reason", sa.Text),
        sa.Column("mean_seconds", Time, nullable=False),
        sa.Column("deviation_seconds", Time, nullable=False),
    )


def _jobs() -> None:
    op.create_table("job", *_request_columns(), *_progress_columns())
    queued, waiting = sa.text("state = 'queued'"), sa.text("state IN ('queued', 'submitting', 'running', 'fetching')")
    _index("job_turn", "job", ["tag", "id"], where=queued)
    _index("job_person_waiting", "job", ["person_id", "tag"], where=waiting)
    _index("job_slot", "job", ["account_id", "slot"], where=sa.text(OCCUPYING), unique=True)
    _index("job_person", "job", ["person_id", "id"])
    _index("job_photo", "job", ["person_id", "photo_hash", "style"])
    _index("job_draft", "job", ["updated"], where=sa.text("state = 'draft'"))
    _index("job_hidden", "job", ["id"], where=sa.text("hidden"))


def _request_columns() -> list[sa.Column[Any]]:
    """The request: what, by whom and where."""
    return [
        sa.Column("id", Id, sa.Identity(), primary_key=True),
        sa.Column("source", sa.Text, nullable=False, unique=True),
        sa.Column("person_id", Id, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("chat_id", Id, sa.ForeignKey("chat.id"), nullable=False),
        sa.Column("thread", sa.Text),
        sa.Column("reply_to", sa.Text),
        sa.Column("message_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("style", sa.Integer),
        sa.Column("seed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("photo", sa.Text),
        sa.Column("photo_hash", sa.Text),
        sa.Column("reference", sa.Text),
        sa.Column("reference_hash", sa.Text),
        sa.Column("cropped", sa.Boolean, nullable=False),
    ]


def _progress_columns() -> list[sa.Column[Any]]:
    """The state of the job."""
    return [
        sa.Column("tag", sa.BigInteger),
        sa.Column("next_at", Time, nullable=False, server_default="0"),
        sa.Column("account_id", sa.Text, sa.ForeignKey("account.id")),
        sa.Column("slot", sa.Integer),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("resubmits", sa.Integer, nullable=False, server_default="0"),
        sa.Column("task_id", sa.Text),
        sa.Column("result_url", sa.Text),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("error", sa.Text),
        sa.Column("error_code", sa.Text),
        sa.Column("created", Time, nullable=False),
        sa.Column("updated", Time, nullable=False),
        sa.Column("submitted", Time),
    ]


def _attempts() -> None:
    op.create_table(
        "attempt",
        sa.Column("job_id", Id, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("intent_at", Time, nullable=False),
        sa.Column("task_id", sa.Text, unique=True),
        sa.Column("outcome", sa.Text),
        sa.Column("ended_at", Time),
    )


def _quota() -> None:
    op.create_table(
        "quota",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("lim", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sa.CheckConstraint("reserved >= 0 AND used >= 0"),
    )
    op.create_table(  # append-only: reserve, then exactly one of commit and release
        "ledger",
        sa.Column("job_id", Id, primary_key=True),
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.CheckConstraint("kind IN ('reserve', 'commit', 'release')"),
    )
    _index("ledger_settled_once", "ledger", ["job_id", "scope"], where=sa.text("kind <> 'reserve'"), unique=True)


def _results() -> None:
    op.create_table(
        "result",
        sa.Column("job_id", Id, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.Column("expires", Time, nullable=False),
    )
    op.create_table(  # outcomes of jobs that are still to be delivered
        "outbox",
        sa.Column("job_id", Id, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_at", Time, nullable=False),
    )
    _index("outbox_due", "outbox", ["platform", "next_at"])
    op.create_table(
        "link_use",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("uses", sa.BigInteger, nullable=False),
        sa.Column("last_used", Time, nullable=False),
    )


def _index(
    name: str, table: str, columns: list[str], *, where: sa.TextClause | None = None, unique: bool = False
) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)

"""Group settings, saved styles, credits and purchases, notifications, broadcasts, bans, opt-outs and deletion."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # only INTEGER is an alias of SQLite's rowid
Time: sa.Double[float] = sa.Double()  # seconds since the epoch


def upgrade() -> None:
    _columns()
    _groups()
    _styles()
    _units()
    _messages()


def _columns() -> None:
    for column in (
        sa.Column("chosen_language", sa.Text),
        sa.Column("banned_at", Time),
        sa.Column("opted_out_at", Time),
        sa.Column("forgotten_at", Time),
    ):
        op.add_column("person", column)
    for column in (
        sa.Column("asked", Time),  # when it was queued, or answered with a stored result
        sa.Column("subject", sa.Text),  # the person in the photo, if not the requester: an id of the platform
        sa.Column("consent", sa.Text),  # asked, given
        sa.Column("reference_name", sa.Text),
    ):
        op.add_column("job", column)
    _index("person_forgotten", "person", ["forgotten_at"], where="forgotten_at IS NOT NULL")
    _index("job_chat", "job", ["chat_id", "id"])
    _index("job_subject", "job", ["subject"], where="subject IS NOT NULL")
    _index("job_failed", "job", ["updated"], where="error IS NOT NULL")


def _groups() -> None:
    op.create_table(
        "group_rules",
        sa.Column("chat_id", Id, sa.ForeignKey("chat.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("styles", sa.Text),  # indices, comma-separated; null: all
        sa.Column("daily_limit", sa.BigInteger),
        sa.Column("cooldown_seconds", sa.Integer, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("quiet_from", sa.Integer),  # minutes of the day, UTC
        sa.Column("quiet_to", sa.Integer),
        sa.Column("delete_cards_after_hours", sa.Double),
        sa.Column("ask_consent", sa.Boolean, nullable=False),
        sa.CheckConstraint("who IN ('everyone', 'admins')"),
    )


def _styles() -> None:
    op.create_table(  # kept until deleted: a person's own, or (with a chat) in a group's library
        "saved_style",
        sa.Column("id", Id, sa.Identity(), primary_key=True),
        sa.Column("person_id", Id, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("chat_id", Id, sa.ForeignKey("chat.id")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),  # the name as it is compared
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("token", sa.Text, unique=True),
        sa.Column("created", Time, nullable=False),
    )
    _index("saved_style_mine", "saved_style", ["person_id", "folded"], where="chat_id IS NULL", unique=True)
    _index("saved_style_shelf", "saved_style", ["chat_id", "folded"], where="chat_id IS NOT NULL", unique=True)


def _units() -> None:
    op.create_table(  # append-only: deposits (units > 0) and withdrawals other than for jobs (< 0)
        "credit",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.CheckConstraint("units <> 0"),
    )
    _index("credit_scope", "credit", ["scope", "period"])
    op.create_table(  # kept without the person when that person's data is deleted
        "purchase",
        sa.Column("charge_id", sa.Text, primary_key=True),
        sa.Column("person_id", Id, sa.ForeignKey("person.id")),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("stars", sa.BigInteger, nullable=False),
        sa.Column("taken_back", sa.BigInteger),  # units, once a refund has begun
        sa.Column("at", Time, nullable=False),
        sa.Column("refunded_at", Time),
    )
    _index("purchase_person", "purchase", ["person_id"], where="person_id IS NOT NULL")


def _messages() -> None:
    op.create_table(  # a short new message to send; deleted before it is sent
        "notice",
        sa.Column("job_id", Id, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("next_at", Time, nullable=False),
    )
    op.create_table(
        "broadcast",
        sa.Column("id", Id, sa.Identity(), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.Column("stopped", sa.Boolean, nullable=False),
    )
    op.create_table(
        "recipient",
        sa.Column("broadcast_id", Id, sa.ForeignKey("broadcast.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("chat_id", Id, sa.ForeignKey("chat.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("outcome", sa.Text),  # null: waiting; sending, told, gone, unsure
        sa.Column("next_at", Time, nullable=False, server_default="0"),
    )
    _index("recipient_waiting", "recipient", ["broadcast_id", "next_at"], where="outcome IS NULL")


def _index(name: str, table: str, columns: list[str], *, where: str | None = None, unique: bool = False) -> None:
    only = None if where is None else sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=only, postgresql_where=only)

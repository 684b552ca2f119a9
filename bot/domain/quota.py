"""What a job is charged to: the rules as pure functions; `storage.ledger` keeps them under contention."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from storage.ledger import Scope

PRICE_CNY = Decimal("0.12")  # of one successful image
UNLIMITED = 2**53  # a limit that is only there to be counted against


def day(now: float) -> str:
    """The period of free units: a day in UTC."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")


def month(now: float) -> str:
    """The period of the owner's budget: a month in UTC."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m")


def resets_at(now: float) -> float:
    """When the next day's free units come, seconds since the epoch."""
    tomorrow = datetime.fromtimestamp(now, UTC).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=UTC).timestamp()


def images_within(budget_cny: Decimal) -> int:
    """How many images a budget pays for. The free tier counts like the rest: a hard stop must not guess."""
    return int(budget_cny // PRICE_CNY)


def person_scope(person_id: int, daily: int, now: float) -> Scope:
    """A person's free units of today, across all their chats."""
    return Scope(f"person:{person_id}", day(now), daily)


def budget_scope(monthly_budget_cny: Decimal | None, now: float) -> Scope:
    """The images of this month that the owner pays for."""
    limit = UNLIMITED if monthly_budget_cny is None else images_within(monthly_budget_cny)
    return Scope("budget", month(now), limit)


def group_scope(chat_id: int, now: float) -> Scope:
    """What was painted for a group today; its admins' limit is asked at the door."""
    return Scope(f"group:{chat_id}", day(now), UNLIMITED)


def credits_scope(person_id: int) -> str:
    """The scope of a person's units on top of the day's."""
    return f"purse:{person_id}"


def group_credits_scope(chat_id: int) -> str:
    """The scope of the units that people gave to a group: those of a day go with it, the others last."""
    return f"pot:{chat_id}"


def account_scope(account_id: str, free_images: int) -> Scope:
    """The count of an account's images since ever, against which its free tier counts down."""
    return Scope(f"account:{account_id}", "ever", free_images)

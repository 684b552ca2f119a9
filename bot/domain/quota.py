"""The scopes that jobs are charged to, as pure functions; `storage.ledger` enforces their limits under contention."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from storage.ledger import Balance, Scope, ScopeKind

PRICE_CNY = Decimal("0.12")  # of one successful image, unless the settings say otherwise
UNITS_PER_CNY = 10_000  # the budget counts money in these
UNLIMITED = 2**53  # the limit of a scope that only counts
EVER = "ever"  # the period of units that do not expire


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


def to_units(cny: Decimal) -> int:
    """An amount of money in units of the budget, rounded down."""
    return int(cny * UNITS_PER_CNY)


def to_cny(units: int) -> Decimal:
    """Units of the budget as an amount of money."""
    return Decimal(units) / UNITS_PER_CNY


def person_scope(person_id: int, daily: int, now: float) -> Scope:
    """A person's free units of today, across all their chats."""
    return Scope(ScopeKind.PERSON, f"person:{person_id}", day(now), daily)


def budget_scope(monthly_budget_cny: Decimal | None, now: float, price_cny: Decimal = PRICE_CNY) -> Scope:
    """What the owner pays this month; a job takes the price of a picture. Free-tier images count too, because the
    budget is a hard limit and how much of the tier is left is not known for certain."""
    limit = UNLIMITED if monthly_budget_cny is None else min(to_units(monthly_budget_cny), UNLIMITED)
    return Scope(ScopeKind.BUDGET, "budget", month(now), limit, amount=to_units(price_cny))


def group_scope(chat_id: int, now: float) -> Scope:
    """What was requested in a group today; the limit that its admins set is checked by `bot.jobs.access`."""
    return Scope(ScopeKind.GROUP, f"group:{chat_id}", day(now), UNLIMITED)


def credits_scope(person_id: int) -> Balance:
    """A person's credits: units that are used after the day's."""
    return Balance(ScopeKind.CREDITS, f"purse:{person_id}", EVER)


def group_credits_scope(chat_id: int, period: str = EVER) -> Balance:
    """A group's credits. A day's free units that were given to it have that day as their period, and expire with it."""
    return Balance(ScopeKind.GROUP_CREDITS, f"pot:{chat_id}", period)


def kept_scopes(person_id: int, now: float) -> tuple[Scope, Balance]:
    """The units that outlive a person's data: those used today, and the credits that are left."""
    return person_scope(person_id, UNLIMITED, now), credits_scope(person_id)


def account_scope(account_id: str, free_images: int = UNLIMITED) -> Scope:
    """All images of an API account; the limit is its free tier."""
    return Scope(ScopeKind.ACCOUNT, f"account:{account_id}", EVER, free_images)


def free_images_left(free_images: int, used: int) -> int:
    """How many of the free images that came with an account are left after `used` images."""
    return max(0, free_images - used)

"""Credits: units on top of the daily quota, granted by the owner, bought, or given to a group.

A request is paid from the person's daily quota, then from their credits, then from the credits of the group where it
is made (`bot.jobs.admission`). Every movement carries an idempotency key: a payment reported twice is credited once.
"""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import quota
from bot.domain.error_codes import ErrorCode, UserError
from bot.jobs.access import RequestDenied
from bot.jobs.admission import AdmissionRules, named_person_row, person_and_chat_rows, person_row
from bot.jobs.queries import group_balance
from bot.messaging.platform import Chat, Person
from bot.runtime.clock import Clock
from storage import balances, ledger, people, purchases
from storage.database import Database
from storage.ledger import Balance, Scope

MAX_UNITS = 10_000  # in one grant or gift


@dataclass(frozen=True)
class CreditPackage:
    """An offer: this many units for this many Telegram Stars."""

    units: int
    stars: int


@dataclass(frozen=True)
class Purchase:
    """A purchase; `at`: epoch seconds. `repeated`: the charge had been credited before, so nothing was added now."""

    charge_id: str
    units: int
    stars: int
    at: float
    repeated: bool = False
    refunded: bool = False


@dataclass(frozen=True)
class Refund:
    """A refund to be paid out by the platform. `taken_back`: the unused units withdrawn from the person's credits."""

    charge_id: str
    person: Person
    stars: int
    taken_back: int


@dataclass(frozen=True)
class CreditService:
    """The credits of people and groups. `packages`: what is for sale."""

    database: Database
    clock: Clock
    rules: AdmissionRules
    packages: tuple[CreditPackage, ...] = ()

    async def balance(self, person: Person) -> int:
        """A person's credits, in units."""
        async with self.database.read() as connection:
            person_id = await people.find_person_id(
                connection, platform=person.platform, platform_id=person.platform_id
            )
            return 0 if person_id is None else await balances.get(connection, quota.credits_scope(person_id))

    async def group_balance(self, chat: Chat) -> int:
        """A group's credits, in units: lasting ones and those given from today's quota."""
        async with self.database.read() as connection:
            return await group_balance(connection, chat, self.clock.now()) or 0

    async def grant(self, person: Person, units: int, why: str, key: str) -> int | UserError:
        """Add units to a person's credits, once for each `key`; returns the new balance.

        Errors: UNITS_INVALID unless 1 <= units <= MAX_UNITS. `why` goes into the ledger.
        """
        if not 1 <= units <= MAX_UNITS:
            return UserError(ErrorCode.UNITS_INVALID)
        now = self.clock.now()
        async with self.database.write() as connection:
            own_scope = quota.credits_scope(await named_person_row(connection, person, now))
            await balances.deposit(connection, own_scope, units, key=f"grant:{key}", why=why, now=now)
            return await balances.get(connection, own_scope)

    async def check_purchase(self, person: Person, units: int, stars: int) -> UserError | None:
        """Why it can't be sold to this person: NOT_FOR_SALE, BANNED, or None. Checked just before payment."""
        if CreditPackage(units, stars) not in self.packages:
            return UserError(ErrorCode.NOT_FOR_SALE)
        async with self.database.read() as connection:
            person_id = await people.find_person_id(
                connection, platform=person.platform, platform_id=person.platform_id
            )
            is_banned = person_id is not None and (await people.get_status(connection, person_id)).is_banned
        return UserError(ErrorCode.BANNED) if is_banned else None

    async def add_purchase(self, charge_id: str, person: Person, units: int, stars: int) -> Purchase:
        """Credit a completed payment, once for each `charge_id` however often it is reported."""
        now = self.clock.now()
        async with self.database.write() as connection:
            person_id = await person_row(connection, person, now)
            is_new = await purchases.insert(
                connection, charge_id=charge_id, person_id=person_id, units=units, stars=stars, now=now
            )
            if is_new:
                key = f"charge:{charge_id}"
                await balances.deposit(
                    connection, quota.credits_scope(person_id), units, key=key, why="bought", now=now
                )
        return Purchase(charge_id, units, stars, now, repeated=not is_new)

    async def purchases(self, person: Person) -> tuple[Purchase, ...]:
        """A person's purchases, newest first."""
        async with self.database.read() as connection:
            person_id = await people.find_person_id(
                connection, platform=person.platform, platform_id=person.platform_id
            )
            bought = () if person_id is None else await purchases.list_of_person(connection, person_id)
        return tuple(
            Purchase(row.charge_id, row.units, row.stars, row.at, refunded=row.refunded_at is not None)
            for row in bought
        )

    async def begin_refund(self, charge_id: str) -> Refund | UserError:
        """Withdraw what is left of a purchase's units, once. The caller then has the platform pay the money back and
        calls `finish_refund`; until then this may be repeated with the same result.

        Errors: PAYMENT_UNKNOWN, REFUNDED.
        """
        now = self.clock.now()
        async with self.database.write() as connection:
            bought = await purchases.get(connection, charge_id)
            if bought is None or bought.person_id is None:
                return UserError(ErrorCode.PAYMENT_UNKNOWN)
            if bought.refunded_at is not None:
                return UserError(ErrorCode.REFUNDED)
            person = Person(*await people.get_identity(connection, bought.person_id))
            taken_back = bought.taken_back
            if taken_back is None:
                await people.lock_person(connection, bought.person_id)
                own_scope = quota.credits_scope(bought.person_id)
                taken_back = min(bought.units, await balances.get(connection, own_scope))
                if taken_back:
                    key = f"refund:{charge_id}"
                    await balances.withdraw(connection, own_scope, taken_back, key=key, why="refunded", now=now)
                await purchases.mark_taken_back(connection, charge_id, taken_back)
        return Refund(charge_id, person, bought.stars, taken_back)

    async def finish_refund(self, charge_id: str) -> None:
        """Record that the platform has paid the money back."""
        async with self.database.write() as connection:
            await purchases.mark_refunded(connection, charge_id, self.clock.now())

    async def give_to_group(self, person: Person, chat: Chat, units: int, key: str) -> int | UserError:
        """Move units from a person to a group's credits, once for each `key`; returns the group's new balance.

        Units of the giver's daily quota go first and expire with the day; then the giver's own credits, which don't.
        Errors: GROUPS_ONLY, UNITS_INVALID, TOO_FEW_UNITS, BANNED.
        """
        if not chat.is_group:
            return UserError(ErrorCode.GROUPS_ONLY)
        if not 1 <= units <= MAX_UNITS:
            return UserError(ErrorCode.UNITS_INVALID)
        try:
            async with self.database.write() as connection:
                await self._give(connection, person, chat, units, f"gift:{key}")
                return await group_balance(connection, chat, self.clock.now()) or 0
        except RequestDenied as denied:
            return denied.error

    async def _give(self, connection: AsyncConnection, person: Person, chat: Chat, units: int, key: str) -> None:
        now = self.clock.now()
        person_id, chat_id = await person_and_chat_rows(connection, person, chat, now)
        if (await people.get_status(connection, person_id)).is_banned:
            raise RequestDenied(UserError(ErrorCode.BANNED))
        if await balances.is_recorded(connection, [f"{key}:day", f"{key}:purse"]):
            return
        day = quota.person_scope(person_id, self.rules.daily_free_images, now)
        sums = await ledger.get_sums(connection, day)
        from_day = min(units, max(0, day.limit - sums.used - sums.reserved))
        own_scope = quota.credits_scope(person_id)
        own_credits = await balances.get(connection, own_scope)
        if units - from_day > own_credits:
            raise RequestDenied(UserError(ErrorCode.TOO_FEW_UNITS, {"left": from_day + own_credits}))
        if from_day:
            group_day = quota.group_credits_scope(chat_id, day.period)
            await _transfer(connection, day, group_day, _Gift(f"{key}:day", from_day, now))
        if units > from_day:
            group_credits = quota.group_credits_scope(chat_id)
            await _transfer(connection, own_scope, group_credits, _Gift(f"{key}:purse", units - from_day, now))


@dataclass(frozen=True)
class _Gift:
    key: str
    units: int
    now: float


async def _transfer(connection: AsyncConnection, giver: Scope | Balance, group_credits: Balance, gift: _Gift) -> None:
    key, units, now = gift.key, gift.units, gift.now
    if not await balances.withdraw(connection, giver, units, key=f"{key}:out", why="given", now=now):
        raise RequestDenied(UserError(ErrorCode.TOO_FEW_UNITS))
    await balances.deposit(connection, group_credits, units, key=key, why="given", now=now)

"""Units on top of the day's: granted by the owner, bought, or given to a group's pot.

A wish is paid by the person's day, then by their purse, then by the pot of the group where they ask
(`bot.jobs.admission`). Whatever moves carries a key, and the same key moves once: a payment that is told twice is
credited once.
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

MAX_UNITS = 10_000  # in one movement


@dataclass(frozen=True)
class CreditPackage:
    """What is for sale: so many units for so many Telegram Stars."""

    units: int
    stars: int


@dataclass(frozen=True)
class Purchase:
    """What was bought. `repeated`: this charge was credited before, and nothing was added now."""

    charge_id: str
    units: int
    stars: int
    at: float
    repeated: bool = False
    refunded: bool = False


@dataclass(frozen=True)
class Refund:
    """What is to be given back, to whom, and how many units their purse still had of it."""

    charge_id: str
    person: Person
    stars: int
    taken_back: int


@dataclass(frozen=True)
class CreditService:
    """Everybody's purses and every group's pot."""

    database: Database
    clock: Clock
    rules: AdmissionRules
    packages: tuple[CreditPackage, ...] = ()

    async def balance(self, person: Person) -> int:
        """What is in a person's purse."""
        async with self.database.read() as connection:
            person_id = await people.find_person_id(
                connection, platform=person.platform, platform_id=person.platform_id
            )
            return 0 if person_id is None else await balances.get(connection, quota.credits_scope(person_id))

    async def group_balance(self, chat: Chat) -> int:
        """What is in a group's pot now."""
        async with self.database.read() as connection:
            return await group_balance(connection, chat, self.clock.now()) or 0

    async def grant(self, person: Person, units: int, why: str, key: str) -> int | UserError:
        """Put units into a person's purse, once by this key; returns what is in it then."""
        if not 1 <= units <= MAX_UNITS:
            return UserError(ErrorCode.UNITS_INVALID)
        now = self.clock.now()
        async with self.database.write() as connection:
            own_scope = quota.credits_scope(await named_person_row(connection, person, now))
            await balances.deposit(connection, own_scope, units, key=f"grant:{key}", why=why, now=now)
            return await balances.get(connection, own_scope)

    async def check_purchase(self, person: Person, units: int, stars: int) -> UserError | None:
        """Why this can't be sold to them (any more), if so: asked just before they pay."""
        if CreditPackage(units, stars) not in self.packages:
            return UserError(ErrorCode.NOT_FOR_SALE)
        async with self.database.read() as connection:
            person_id = await people.find_person_id(
                connection, platform=person.platform, platform_id=person.platform_id
            )
            is_banned = person_id is not None and (await people.get_status(connection, person_id)).is_banned
        return UserError(ErrorCode.BANNED) if is_banned else None

    async def add_purchase(self, charge_id: str, person: Person, units: int, stars: int) -> Purchase:
        """They have paid: the units are in their purse, once for this charge, however often it is told."""
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
        """What they have bought, newest first."""
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
        """Begin to give a payment back: what is left of its units goes out of the purse, once. Then the platform gives
        the money back, and `refunded` is told; until then this may be asked again."""
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
        """The money is back with its person."""
        async with self.database.write() as connection:
            await purchases.mark_refunded(connection, charge_id, self.clock.now())

    async def give_to_group(self, person: Person, chat: Chat, units: int, key: str) -> int | UserError:
        """Give units to a group's pot, once by this key; returns what is in it then.

        Those of the giver's day go first, and go with it in the pot too; then those of the purse, which last.
        """
        if not chat.is_group:
            return UserError(ErrorCode.GROUPS_ONLY)
        if not 1 <= units <= MAX_UNITS:
            return UserError(ErrorCode.UNITS_INVALID)
        try:
            async with self.database.write() as connection:
                await self._give(connection, person, chat, units, f"gift:{key}")
                return await group_balance(connection, chat, self.clock.now()) or 0
        except RequestDenied as refused:
            return refused.error

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

"""Administration: the figures that owners see, and the actions that they may take."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.admin import cures
from bot.domain import quota
from bot.domain.error_codes import ErrorCode, UserError
from bot.jobs.admission import AdmissionRules, named_person_row, person_and_chat_rows
from bot.jobs.views import Capacity
from bot.messaging.platform import Chat, Person
from bot.runtime.clock import Clock
from bot.runtime.wakeups import Wakeups
from bot.worker.identity import display_names
from storage import accounts, admin_figures, attempts, broadcasts, findings, ledger, people, queue, statistics
from storage.accounts import PAUSED_BY_OWNER
from storage.admin_figures import DayFigures, Failure
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.findings import AccountFinding

MAX_BROADCAST_CHARS = 3_000
MAX_FAILURES = 10  # shown
MAX_BROADCASTS = 5  # shown
FINDING_SECONDS = 24 * 3600.0  # for which a finding about an account is shown


@dataclass(frozen=True)
class AccountFigures:
    """One API account: its name for the owner, why it is paused (None: it isn't), failures in a row, images
    ever, mean seconds per task, the codes of what was found out about it today, and how many free images are left
    (None: none came with it)."""

    account_id: str
    paused_reason: str | None
    failures: int
    images: int
    seconds: float
    found: tuple[str, ...] = ()
    free_left: int | None = None


@dataclass(frozen=True)
class AdminFigures:
    """A snapshot of the installation. Costs in CNY; `budget_cny` None: no limit.

    `declined`: people ("platform:id") whose photos the service declined for their content today, with counts, highest
    first. Days begin at midnight UTC.
    """

    accounts: tuple[AccountFigures, ...]
    waiting: int
    running: int
    people: int
    today: DayFigures
    declined: tuple[tuple[str, int], ...]
    today_cny: Decimal
    month_images: int
    month_cny: Decimal
    budget_cny: Decimal | None
    failures: tuple[Failure, ...]
    broadcasts: tuple[Broadcast, ...]

    @property
    def is_paused(self) -> bool:
        """Whether there are accounts and all of them are paused."""
        return bool(self.accounts) and all(account.paused_reason is not None for account in self.accounts)


@dataclass(frozen=True)
class AdminService:
    """The actions of owners, the people named in ADMINS. Callers check `is_admin` first."""

    database: Database
    wakeups: Wakeups
    clock: Clock
    capacity: Capacity
    rules: AdmissionRules
    admins: frozenset[str]

    def is_admin(self, person: Person) -> bool:
        """Whether this person is an owner: `platform:id` is in ADMINS."""
        return f"{person.platform}:{person.platform_id}" in self.admins

    async def remember_private_chat(self, person: Person, chat: Chat) -> None:
        """Record a private chat that has written to the bot, so that broadcasts reach it."""
        async with self.database.write() as connection:
            await person_and_chat_rows(connection, person, chat, self.clock.now())

    async def figures(self) -> AdminFigures:
        """The current figures."""
        now = self.clock.now()
        today = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        async with self.database.read() as connection:
            account_figures = await self._account_figures(connection)
            depth = await queue.get_depth(connection)
            budget = quota.budget_scope(self.rules.monthly_budget_cny, now)
            return AdminFigures(
                accounts=account_figures,
                waiting=depth.waiting,
                running=depth.running,
                people=await admin_figures.count_people(connection),
                today=await admin_figures.get_day_figures(connection, today),
                declined=await admin_figures.count_failures_by_person(connection, ErrorCode.CONTENT_REFUSED, today),
                today_cny=quota.to_cny(await admin_figures.sum_spending(connection, today)),
                month_images=(await ledger.count_jobs(connection, budget)).used,
                month_cny=quota.to_cny((await ledger.get_sums(connection, budget)).used),
                budget_cny=self.rules.monthly_budget_cny,
                failures=await admin_figures.list_failures(connection, MAX_FAILURES),
                broadcasts=await broadcasts.list_newest(connection, MAX_BROADCASTS),
            )

    async def _account_figures(self, connection: AsyncConnection) -> tuple[AccountFigures, ...]:
        found = await findings.list_since(connection, self.clock.now() - FINDING_SECONDS)
        figures = []
        rows = await accounts.list_all(connection)
        names = display_names(rows)
        for row in rows:
            if row.id in self.capacity.account_ids:
                images = (await ledger.get_sums(connection, quota.account_scope(row.id))).used
                codes = tuple(finding.code for finding in found if finding.account_id == row.id)
                left = _free_left(self.capacity.free_images, row.id, images)
                state = row.paused_reason, row.failures
                figures.append(AccountFigures(names[row.id], *state, images, row.mean_seconds, codes, left))
        return tuple(figures)

    async def pause(self) -> int:
        """Pause every account, also those that other processes drive: nothing more is submitted, and waiting jobs keep
        their places. Returns the number of accounts."""
        return await self._set_pause(PAUSED_BY_OWNER)

    async def resume(self) -> int:
        """Resume every account, whatever it was paused for. Returns their number."""
        return await self._set_pause(None)

    async def ban(self, person: Person) -> None:
        """Deny all further requests of this person."""
        await self._set_banned(person, self.clock.now())

    async def unban(self, person: Person) -> None:
        """Accept requests of this person again."""
        await self._set_banned(person, None)

    async def broadcast(self, text: str, *, held: bool = False) -> Broadcast | UserError:
        """Queue a message to everybody who ever wrote in private; each gets it at most once.

        `held`: nothing is sent before `resume_broadcast`. Errors: TEXT_INVALID unless the text has 1 to
        MAX_BROADCAST_CHARS characters.
        """
        text = text.strip()
        if not 1 <= len(text) <= MAX_BROADCAST_CHARS:
            return UserError(ErrorCode.TEXT_INVALID, {"limit": MAX_BROADCAST_CHARS})
        async with self.database.write() as connection:
            await broadcasts.insert(connection, text, self.clock.now())
            (newest,) = await broadcasts.list_newest(connection, 1)
            if held:
                await broadcasts.set_stopped(connection, newest.id, stopped=True)
        self.wakeups.notify()
        return newest

    async def broadcasts(self) -> tuple[Broadcast, ...]:
        """The last MAX_BROADCASTS broadcasts with their progress, newest first."""
        async with self.database.read() as connection:
            return await broadcasts.list_newest(connection, MAX_BROADCASTS)

    async def stop_broadcast(self, broadcast_id: int) -> bool:
        """Stop sending; False if there is no broadcast of this id."""
        return await self._set_broadcast_stopped(broadcast_id, stopped=True)

    async def resume_broadcast(self, broadcast_id: int) -> bool:
        """Continue where it was stopped; False if there is no broadcast of this id."""
        return await self._set_broadcast_stopped(broadcast_id, stopped=False)

    async def _set_pause(self, reason: str | None) -> int:
        number = await set_pause(self.database, reason)
        self.wakeups.notify()
        return number

    async def _set_banned(self, person: Person, at: float | None) -> None:
        async with self.database.write() as connection:
            await people.set_banned(connection, await named_person_row(connection, person, self.clock.now()), at)

    async def _set_broadcast_stopped(self, broadcast_id: int, *, stopped: bool) -> bool:
        async with self.database.write() as connection:
            found = await broadcasts.set_stopped(connection, broadcast_id, stopped=stopped)
        self.wakeups.notify()
        return found


async def set_pause(database: Database, reason: str | None) -> int:
    """Pause every API account for this reason, or resume every one (None). Returns the number of accounts."""
    async with database.write() as connection:
        return await (accounts.resume_all(connection) if reason is None else accounts.pause_all(connection, reason))


def finding_text(finding: AccountFinding) -> str:
    """A finding in a line for the command line."""
    at = f"{datetime.fromtimestamp(finding.at, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{finding.code} ({finding.detail}), {at}: {cures.FINDING_CURES.get(finding.code, cures.OTHER_CURE)}"


async def status_lines(
    database: Database,
    monthly_budget_cny: Decimal | None,
    now: float,
    free_images: Mapping[str, int] = MappingProxyType({}),
) -> list[str]:
    """What `repaint admin status` prints: API accounts, jobs by state, and the month's images and cost.

    `monthly_budget_cny`: CNY, None for no limit; `now`: epoch seconds; `free_images`: how many came with each account,
    by its id.
    """
    async with database.read() as connection:
        rows = await accounts.list_all(connection)
        by_state = await statistics.count_jobs_by_state(connection)
        budget = quota.budget_scope(monthly_budget_cny, now)
        paid, money = await ledger.count_jobs(connection, budget), await ledger.get_sums(connection, budget)
        found = await findings.list_since(connection, now - FINDING_SECONDS)
        images = {account.id: await ledger.get_sums(connection, quota.account_scope(account.id)) for account in rows}
        unproven = await attempts.count_unproven(connection, [account.id for account in rows])
    names = display_names(rows)
    lines = [f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC"]
    for account in rows:
        state = "running" if account.paused_reason is None else f"paused: {account.paused_reason}"
        if free_images and account.id not in free_images:
            state = "gone, its key is no longer set"
        used = images[account.id].used
        same = [other.id for other in rows if account.main_id is not None and other.main_id == account.main_id]
        left = _free_left(free_images, account.id, sum(images[name].used for name in same) if same else used)
        free = "" if left is None else f", {left} of {free_images[account.id]} free images left"
        lines.append(f"{names[account.id]}: {state}, {used} pictures, {account.mean_seconds:.1f} s each{free}")
        if others := ", ".join(names[name] for name in same if name != account.id):
            lines.append(f"  the same account as {others}: one key is used at a time, with one set of limits")
        if account.id in unproven:
            lines.append(f"  {unproven[account.id]} sent again: the task list did not prove whose task was whose")
        if account.paused_reason is not None:
            lines.append(f"  {cures.advice(account.paused_reason)}")
        lines += [f"  {finding_text(finding)}" for finding in found if finding.account_id == account.id]
    lines.append("jobs: " + (", ".join(f"{number} {state}" for state, number in sorted(by_state.items())) or "none"))
    spent = quota.to_cny(money.used + money.reserved)
    limit = "no limit" if monthly_budget_cny is None else f"of {monthly_budget_cny}"
    lines.append(f"this month: {paid.used} paid pictures, {paid.reserved} in progress, {spent:.2f} CNY, {limit}")
    return lines


def _free_left(free_images: Mapping[str, int], account_id: str, used: int) -> int | None:
    """How many of an account's free images are left; None if none came with it."""
    free = free_images.get(account_id, 0)
    return quota.free_images_left(free, used) if free > 0 else None

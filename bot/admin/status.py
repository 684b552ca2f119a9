"""The owner's commands: look at the lanes, stop them, let them go on. They work beside a running bot, on its rows."""

from datetime import UTC, datetime

from bot.cluster.bootstrap import open_shared_database
from bot.config.settings import Settings
from bot.domain import quota
from storage import accounts, ledger, statistics


async def status(settings: Settings, now: float) -> list[str]:
    """The state of lanes and queue, and what was spent this month."""
    async with open_shared_database(settings) as database, database.read() as connection:
        rows = await accounts.list_all(connection)
        by_state = await statistics.count_jobs_by_state(connection)
        budget = await ledger.get_sums(connection, quota.budget_scope(settings.monthly_budget_cny, now))
        images = {account.id: await ledger.get_sums(connection, quota.account_scope(account.id)) for account in rows}
    lines = [f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC"]
    for account in rows:
        state = "running" if account.paused_reason is None else f"paused: {account.paused_reason}"
        lines.append(f"{account.id}: {state}, {images[account.id].used} pictures, {account.mean_seconds:.1f} s each")
    lines.append("jobs: " + (", ".join(f"{number} {state}" for state, number in sorted(by_state.items())) or "none"))
    spent = quota.PRICE_CNY * (budget.used + budget.reserved)
    limit = "no limit" if settings.monthly_budget_cny is None else f"of {settings.monthly_budget_cny}"
    lines.append(f"this month: {budget.used} paid pictures, {budget.reserved} in progress, {spent} CNY, {limit}")
    return lines


async def set_pause(settings: Settings, reason: str | None) -> int:
    """Pause every lane for this reason, or (None) let every lane go on; returns how many there are."""
    async with open_shared_database(settings) as database, database.write() as connection:
        return await accounts.set_pause_of_all(connection, reason)

"""Metrics in Prometheus' text format, read from the rows at every scrape: they survive restarts and never drift."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import quota
from storage import accounts, ledger, statistics
from storage.database import Database


async def exposition(database: Database, account_ids: Iterable[str], now: float) -> bytes:
    """Everything an owner may want to watch."""
    registry = CollectorRegistry()
    async with database.read() as connection:
        await _jobs(connection, registry)
        await _lanes(connection, registry, frozenset(account_ids))
        await _money(connection, registry, now)
    return generate_latest(registry)


async def _jobs(connection: AsyncConnection, registry: CollectorRegistry) -> None:
    jobs = Gauge("repaint_jobs", "Jobs by state.", ["state"], registry=registry)
    for state, number in (await statistics.jobs_by_state(connection)).items():
        jobs.labels(state).set(number)
    failures = Gauge("repaint_failures", "Failed jobs by reason.", ["reason"], registry=registry)
    for reason, number in (await statistics.failures_by_reason(connection)).items():
        failures.labels(reason).set(number)
    owed = Gauge("repaint_outcomes_owed", "Outcomes that people have yet to see.", registry=registry)
    owed.set(await statistics.outcomes_owed(connection))


async def _lanes(connection: AsyncConnection, registry: CollectorRegistry, ours: frozenset[str]) -> None:
    paused = Gauge("repaint_lane_paused", "1 while a lane stands still.", ["account", "reason"], registry=registry)
    opens = Gauge("repaint_lane_failures", "Submits that failed in a row.", ["account"], registry=registry)
    seconds = Gauge("repaint_task_seconds", "How long a task takes, learned.", ["account"], registry=registry)
    images = Gauge("repaint_images", "Images since ever.", ["account"], registry=registry)
    for account in await accounts.all_accounts(connection):
        if account.id in ours:
            paused.labels(account.id, account.paused_reason or "").set(account.paused_reason is not None)
            opens.labels(account.id).set(account.failures)
            seconds.labels(account.id).set(account.mean_seconds)
            sums = await ledger.sums(connection, quota.account_scope(account.id))
            images.labels(account.id).set(sums.used)


async def _money(connection: AsyncConnection, registry: CollectorRegistry, now: float) -> None:
    spent = Gauge("repaint_month_images", "Images of this month that the owner pays for.", ["kind"], registry=registry)
    sums = await ledger.sums(connection, quota.budget_scope(None, now))
    spent.labels("used").set(sums.used)
    spent.labels("reserved").set(sums.reserved)

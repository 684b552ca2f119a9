"""Metrics in Prometheus' text format, and who may read them.

They are read from the rows at every scrape, so they survive restarts and never drift.
"""

import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import quota
from storage import accounts, ledger, statistics
from storage.database import Database

# A request with one of these headers comes through a proxy, so its caller is not local even if the proxy is.
_PROXY_HEADERS = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "cf-connecting-ip")


@dataclass(frozen=True)
class MetricsAccess:
    """Who may read the metrics: whoever has the `token`; without one, only programs on this machine. `is_public`: we
    are reachable from outside, so without a token nobody may, since callers behind a plain proxy look local."""

    token: SecretStr | None = None
    is_public: bool = False

    def allows(self, peer: str | None, headers: Mapping[str, str]) -> bool:
        """Whether this caller may read them. `peer`: their address; `headers` by lower-case name. The token is compared
        in constant time."""
        if self.token is not None:
            wanted = f"Bearer {self.token.get_secret_value()}"
            return hmac.compare_digest(headers.get("authorization", "").encode(), wanted.encode())
        return not self.is_public and _is_loopback(peer) and not any(name in headers for name in _PROXY_HEADERS)


async def exposition(
    database: Database, account_ids: Iterable[str], now: float, free_images: Mapping[str, int] = MappingProxyType({})
) -> bytes:
    """All metrics of the installation, ready to be served. `now`: epoch seconds; `free_images`: how many came with each
    account that is paid, by its id."""
    registry = CollectorRegistry()
    async with database.read() as connection:
        await _jobs(connection, registry)
        await _accounts(connection, registry, frozenset(account_ids), free_images)
        await _money(connection, registry, now)
    return generate_latest(registry)


async def _jobs(connection: AsyncConnection, registry: CollectorRegistry) -> None:
    jobs = Gauge("repaint_jobs", "Jobs by state.", ["state"], registry=registry)
    for state, number in (await statistics.count_jobs_by_state(connection)).items():
        jobs.labels(state).set(number)
    failures = Gauge("repaint_failures", "Failed jobs by reason.", ["reason"], registry=registry)
    for reason, number in (await statistics.count_failures_by_reason(connection)).items():
        failures.labels(reason).set(number)
    owed = Gauge("repaint_outcomes_owed", "Outcomes not yet shown to people.", registry=registry)
    owed.set(await statistics.count_outcomes_owed(connection))


async def _accounts(
    connection: AsyncConnection, registry: CollectorRegistry, ours: frozenset[str], free_images: Mapping[str, int]
) -> None:
    paused = Gauge("repaint_lane_paused", "1 while an API account is paused.", ["account", "reason"], registry=registry)
    opens = Gauge("repaint_lane_failures", "Consecutive failed submits.", ["account"], registry=registry)
    seconds = Gauge("repaint_task_seconds", "Measured seconds per task.", ["account"], registry=registry)
    images = Gauge("repaint_images", "Images made in total.", ["account"], registry=registry)
    left = Gauge("repaint_free_images_left", "Free images of an account that are left.", ["account"], registry=registry)
    for account in await accounts.list_all(connection):
        if account.id in ours:
            paused.labels(account.id, account.paused_reason or "").set(account.paused_reason is not None)
            opens.labels(account.id).set(account.failures)
            seconds.labels(account.id).set(account.mean_seconds)
            sums = await ledger.get_sums(connection, quota.account_scope(account.id))
            images.labels(account.id).set(sums.used)
            if (free := free_images.get(account.id, 0)) > 0:
                left.labels(account.id).set(quota.free_images_left(free, sums.used))


async def _money(connection: AsyncConnection, registry: CollectorRegistry, now: float) -> None:
    budget = quota.budget_scope(None, now)
    images = Gauge("repaint_month_images", "Paid images this month.", ["kind"], registry=registry)
    jobs = await ledger.count_jobs(connection, budget)
    images.labels("used").set(jobs.used)
    images.labels("reserved").set(jobs.reserved)
    spent = Gauge("repaint_month_cny", "Spent this month, in CNY.", ["kind"], registry=registry)
    sums = await ledger.get_sums(connection, budget)
    spent.labels("used").set(float(quota.to_cny(sums.used)))
    spent.labels("reserved").set(float(quota.to_cny(sums.reserved)))


def _is_loopback(peer: str | None) -> bool:
    try:
        return ipaddress.ip_address(peer or "").is_loopback
    except ValueError:
        return False

"""Faults of the whole machine while work is in progress. Each has a duration, and the bot has to recover from it."""

import asyncio
import resource
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing

from bot.admin.service import set_pause
from chaos import audit, call_faults
from chaos.bot_process import BotProcess
from chaos.http_proxy import Action, Policy, ProxiedCall
from chaos.testbed import SLOTS, Testbed
from storage.database import open_database

FILE_SIZE_LIMIT = 2048  # less than the database's log or a photo needs
DISK_FULL_SECONDS = 3.0
FLUSH_SECONDS, SLOW_DISK_SECONDS = 1.3, 300.0  # of the bot's time
LOCKED_SECONDS = 12.0  # longer than SQLite's busy timeout
OUTAGE_SECONDS = 600.0  # of the bot's time
MAX_SUBMITS = 12  # that an account may try meanwhile, with delays of 5, 10, 20 … 300 s
NO_RESPONSE_SECONDS = 12.0
JUMP_SECONDS = 2 * 3600.0
REFUSED_SECONDS = 60.0  # of the bot's time
FIREWALL_SECONDS = 180.0  # of the bot's time

MachineFault = Callable[[Testbed, BotProcess], Awaitable[list[str]]]


async def disk_full(_: Testbed, bot: BotProcess) -> list[str]:
    """For a while nothing can be written."""
    before = resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (FILE_SIZE_LIMIT, resource.RLIM_INFINITY))
    await asyncio.sleep(DISK_FULL_SECONDS)
    resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, before)
    return []


async def slow_disk(testbed: Testbed, _: BotProcess) -> list[str]:
    """Every write takes longer than a submit may be late. Photos must go on being submitted."""
    before = testbed.api_proxy.seen["create"]
    waiting = _count(testbed, _QUEUED)
    testbed.flush_seconds.value = FLUSH_SECONDS / testbed.time_scale.speed
    await asyncio.sleep(SLOW_DISK_SECONDS / testbed.time_scale.speed)
    testbed.flush_seconds.value = 0.0
    if waiting > SLOTS * testbed.accounts and testbed.api_proxy.seen["create"] == before:
        return [f"no photo was submitted in {SLOW_DISK_SECONDS:.0f} s on a slow disk"]
    return []


async def database_locked(testbed: Testbed, _: BotProcess) -> list[str]:
    """Another program, such as an owner's tool, holds the database's lock."""
    await asyncio.to_thread(_hold_lock, testbed)
    return []


def _hold_lock(testbed: Testbed) -> None:
    with closing(sqlite3.connect(testbed.database, isolation_level=None, timeout=30)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(LOCKED_SECONDS)
        connection.execute("ROLLBACK")


async def clock_forward(testbed: Testbed, _: BotProcess) -> list[str]:
    """The wall clock jumps forward, as after a laptop's sleep, and stays wrong."""
    testbed.clock_skew.value += JUMP_SECONDS
    return []


async def clock_back(testbed: Testbed, _: BotProcess) -> list[str]:
    """The wall clock jumps back, which corrects it."""
    testbed.clock_skew.value -= JUMP_SECONDS
    return []


async def outage(testbed: Testbed, _: BotProcess) -> list[str]:
    """The service answers only 503 for ten minutes, during which it must hardly be called."""
    before, policy = testbed.api_proxy.seen["create"], testbed.api_proxy.policy
    testbed.api_proxy.policy = _unavailable
    await asyncio.sleep(OUTAGE_SECONDS / testbed.time_scale.speed)
    submits = testbed.api_proxy.seen["create"] - before
    testbed.api_proxy.policy = policy
    if submits > MAX_SUBMITS * testbed.accounts:
        return [f"{submits} submits were attempted in {OUTAGE_SECONDS:.0f} s while the service was down"]
    return []


def refusals(status: int, code: str) -> MachineFault:
    """The service refuses every call of ours, in its own words, until the owner has mended it and resumes. Meanwhile
    the accounts pause and no request fails."""
    refusal = {"code": code, "message": "Mend it, please.", "request_id": "r"}

    async def fault(testbed: Testbed, _: BotProcess) -> list[str]:
        before, failed = testbed.api_proxy.seen["create"], _count(testbed, _FAILED)
        policy, testbed.api_proxy.policy = (
            testbed.api_proxy.policy,
            _answering(call_faults.error_response(status, refusal)),
        )
        await asyncio.sleep(REFUSED_SECONDS / testbed.time_scale.speed)
        paused, submits = _count(testbed, _PAUSED), testbed.api_proxy.seen["create"] - before
        testbed.api_proxy.policy = policy
        async with open_database(testbed.database) as database:
            await set_pause(database, None)
        return [
            *([f"no account was paused for {code}"] if not paused else []),
            *([f"{submits} submits were attempted in spite of {code}"] if submits > 2 * testbed.accounts else []),
            *([f"requests failed for {code}"] if _count(testbed, _FAILED) > failed else []),
        ]

    return fault


async def firewall(testbed: Testbed, _: BotProcess) -> list[str]:
    """A firewall answers every call with its page for some minutes. Nobody has to resume anything."""
    before, failed = testbed.api_proxy.seen["create"], _count(testbed, _FAILED)
    policy, testbed.api_proxy.policy = testbed.api_proxy.policy, _answering(call_faults.status_page(403))
    await asyncio.sleep(FIREWALL_SECONDS / testbed.time_scale.speed)
    submits, paused = testbed.api_proxy.seen["create"] - before, _count(testbed, _PAUSED)
    testbed.api_proxy.policy = policy
    return [
        *([f"{paused} accounts were paused for a firewall's page"] if paused else []),
        *([f"{submits} submits were attempted through a firewall"] if submits > MAX_SUBMITS * testbed.accounts else []),
        *(["requests failed for a firewall's page"] if _count(testbed, _FAILED) > failed else []),
    ]


_FAILED = "SELECT COUNT(*) FROM job WHERE state = 'failed'"
_QUEUED = "SELECT COUNT(*) FROM job WHERE state = 'queued'"
_PAUSED = "SELECT COUNT(*) FROM account WHERE paused_reason IS NOT NULL"


def _count(testbed: Testbed, sql: str) -> int:
    [(count,)] = audit.query(testbed.database, sql)
    return int(count)


def _answering(action: Action) -> Policy:
    return lambda _: action


async def no_responses(testbed: Testbed, _: BotProcess) -> list[str]:
    """Neither the service nor the chat platforms respond, and no connection is closed."""
    before = testbed.api_proxy.policy, testbed.telegram_proxy.policy, testbed.discord_proxy.policy
    testbed.set_policy(_no_response)
    await asyncio.sleep(NO_RESPONSE_SECONDS)
    testbed.api_proxy.policy, testbed.telegram_proxy.policy, testbed.discord_proxy.policy = before
    return []


def _no_response(_: ProxiedCall) -> Action:
    return call_faults.hang


def _unavailable(_: ProxiedCall) -> Action:
    return call_faults.status_page(503)


MACHINE_FAULTS: dict[str, MachineFault] = {
    "clock forward": clock_forward,
    "disk full": disk_full,
    "slow disk": slow_disk,
    "clock back": clock_back,
    "service outage": outage,
    "database locked": database_locked,
    "no responses": no_responses,
    "key revoked": refusals(401, "InvalidApiKey"),
    "firewall": firewall,
    "in arrears": refusals(400, "Arrearage"),
    "access denied": refusals(403, "AccessDenied"),
    "wrong address": refusals(404, "NotFound"),
}

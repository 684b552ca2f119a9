"""The dispatcher's peers: scripts that submit a task, poll at fixed intervals until it ends, and submit the next."""

import asyncio
from collections.abc import Callable

import httpx
from pydantic import SecretStr

from bench.slow_engine import photo
from bot.dashscope.client import DashScope
from bot.dashscope.photo_links import InlineLinks
from bot.dashscope.wire import TaskRequest, TaskStatus
from bot.runtime.clock import WallClock

TERMINAL = frozenset({TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.CANCELED, TaskStatus.UNKNOWN})
Rule = Callable[[int], float]  # seconds before the query of this number, from 0


def fixed_interval(_: int) -> float:
    """What many bots do."""
    return 3.0


def sdk_interval(query: int) -> float:
    """The official client's rule (`dashscope.client.base_api`, `wait`): at once, then after 1 s, doubled at every
    third query, at most 5 s."""
    wait = 1.0
    for step in range(1, query + 1):
        wait = min(wait * 2, 5.0) if step % 3 == 0 else wait
    return wait if query else 0.0


async def run_scripts(base_url: str, clock: WallClock, rule: Rule, *, api_accounts: int, photos: int) -> None:
    """Run one such script per account, concurrently, until every photo is done."""
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.TaskGroup() as group:
        for number in range(api_accounts):
            client = DashScope(http, base_url=base_url, api_key=SecretStr(f"sk-script-{number}"))
            group.create_task(_run_script(client, clock, rule, range(number, photos, api_accounts)))


async def _run_script(client: DashScope, clock: WallClock, rule: Rule, photos: range) -> None:
    for number in photos:
        link = await InlineLinks().expose("", photo(number), 0)
        task, query = (await client.create_task(TaskRequest(image_url=link, style_index=0))).task_id, 0
        await clock.sleep(rule(query))
        while (await client.query_task(task)).status not in TERMINAL:
            query += 1
            await clock.sleep(rule(query))

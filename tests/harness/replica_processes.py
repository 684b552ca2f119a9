"""Several real bots, each a process of its own, on one PostgreSQL and one folder of pictures.

async with replicas(tmp_path, postgres_url, gate.base_url) as replicas:
    one, two, three = replicas.bots
    job = await one.request(portrait_jpeg(), key="k")
    holder = await replicas.holder()          # the number of the bot that drives the API account
    await replicas.bots[holder].kill()
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr

from bot.worker.accounts import account_id
from chaos.tcp_proxy import TcpProxy, database_proxy
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.bot_process import Bot, bot_process

KEY = "sk-crash-test"  # what `bot_process` sets
SOON = 40.0  # seconds, on a machine that is busy with other tests


@dataclass
class Replicas:
    """`bots` all have the same visitor; `wires` are between each of them and the database."""

    url: str
    bots: list[Bot]
    wires: list[TcpProxy]

    async def request(self, by: int, number: int) -> int:
        """Request one more picture from this bot; afterwards all bots know the visitor."""
        asked = self.bots[by]
        job = await asked.request(portrait_jpeg(shade=20 * number), key=f"request-{number}")
        for bot in self.bots:
            bot.visitor.cookies.update(asked.visitor.cookies)
        return job

    async def rows(self, query: str) -> Sequence[Any]:
        """The rows of a query."""
        async with await psycopg.AsyncConnection.connect(self.url) as connection:
            return await (await connection.execute(query.encode())).fetchall()

    async def holder(self, *, but: int | None = None) -> int:
        """The number of the bot that drives the API account, once it is another than `but`."""
        pids = [bot.process.pid for bot in self.bots]
        api_account = f"dispatcher:{account_id_of(KEY)}"
        async with asyncio.timeout(SOON):
            while True:
                for (owner,) in await self.rows(f"SELECT owner FROM role WHERE name = '{api_account}'"):
                    number = pids.index(int(owner.partition("-")[0]))
                    if number != but:
                        return number
                await asyncio.sleep(0.1)  # other processes elect, and their rows are all that tells of it


def account_id_of(key: str) -> str:
    """The account's id."""
    return account_id(SecretStr(key))


@asynccontextmanager
async def replicas(
    folder: Path, url: str, base_url: str, *, count: int = 3, **settings: str
) -> AsyncIterator[Replicas]:
    """`count` bots, running until the block ends."""
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(database_proxy(url)) for _ in range(count)]
        started = [
            stack.enter_async_context(
                bot_process(
                    folder / f"bot-{number}",
                    log=folder / f"bot-{number}.log",
                    DATA_DIR=str(folder / "data"),
                    DATABASE_URL=through,
                    SECRET_KEY="s" * 40,
                    DASHSCOPE_BASE_URL=base_url,
                    DASHSCOPE_API_KEY=KEY,
                    **settings,
                )
            )
            for number, (_, through) in enumerate(lines)
        ]
        bots = await asyncio.gather(*started)
        yield Replicas(url, list(bots), [line for line, _ in lines])

"""Gets Discord to let us in, as often as it takes, and stays connected."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from discord import ConnectionClosed, DiscordException, LoginFailure
from pydantic import SecretStr

from bot.runtime.clock import Clock
from bot.runtime.event_loop import run_until
from handlers.discord import command_sync
from handlers.discord.client import Line, Wire, find_gateway
from handlers.discord.command_sync import Tree
from handlers.discord.errors import NETWORK, OWNER_PAUSE, TokenRefused

log = structlog.get_logger(__name__)

Planted = Callable[[], Awaitable[Tree]]

INTRODUCTION_PAUSE = 5.0  # seconds
MOST_PAUSE = 600.0
TOKEN_NO_MORE = 4004  # the gateway's word for it


@dataclass
class Connection:
    """One bot's connection: to the API in every process, to the gateway in one at a time. `line` is where the others
    find it. `by_webhook`: commands are brought to our HTTP server.
    """

    line: Line
    token: SecretStr
    api_url: str
    clock: Clock
    by_webhook: bool
    _tree: Tree | None = None
    _there: asyncio.Event = field(default_factory=asyncio.Event)
    _gone: asyncio.Event = field(default_factory=asyncio.Event)
    _spent: bool = False

    async def connect(self, planted: Planted) -> None:
        """Learn who we are. Without a network nothing happens, and `attend` tries again. Raises TokenRefused.

        `planted` makes a client and its commands: one that was closed is of no more use.
        """
        tree = await planted()
        client = tree.client
        try:
            await client.login(self.token.get_secret_value())
        except LoginFailure:
            log.error("Discord does not accept DISCORD_BOT_TOKEN")  # noqa: TRY400  # nothing of the token in a traceback
            await client.close()
            raise TokenRefused from None
        except (DiscordException, *NETWORK) as error:
            log.warning("Discord can't be reached yet", error=type(error).__name__)
            await client.close()
            return
        self._tree, self.line.client = tree, client

    async def run(self, planted: Planted) -> None:
        """Be known to Discord until cancelled, so that cards can be shown and what is brought can be answered."""
        while True:
            while self._tree is None:
                await self.clock.sleep(INTRODUCTION_PAUSE)
                try:
                    await self.connect(planted)
                except TokenRefused:
                    await self.clock.sleep(OWNER_PAUSE)
            await self._tell(self._tree)
            self._check_the_way(self._tree.client)
            self._gone.clear()
            self._there.set()
            await self._told_at_last(self._tree)
            await self._gone.wait()

    async def _told_at_last(self, tree: Tree) -> None:
        """Tell our commands as often as it takes, later each time: a connection may last for weeks. When it ends
        meanwhile, the telling does too: a client that was closed can't be asked."""
        pause = INTRODUCTION_PAUSE
        while not self.line.commands and not await self.clock.wait(self._gone, pause):
            await run_until(self._gone, self._tell(tree))
            pause = min(pause * 2, MOST_PAUSE)

    async def _tell(self, tree: Tree) -> None:
        self.line.commands = await command_sync.tell(tree)

    async def receive(self, stop: asyncio.Event) -> None:
        """Keep the gateway's line open until told to stop. The library resumes what was cut off; only what it gives up
        comes here."""
        if self._spent:
            await self.hang_up()
        while not stop.is_set():
            await run_until(stop, self._listen())
            if stop.is_set():
                break
            await self.hang_up()
            await self.clock.wait(stop, INTRODUCTION_PAUSE)
        await self._fall_silent()

    async def hang_up(self) -> None:
        """Nothing can be said any more, until we are introduced again."""
        client, self.line.client, self._tree, self._spent = self.line.client, None, None, False
        self._there.clear()
        self._gone.set()
        if client is not None:
            await client.close()

    async def _listen(self) -> None:
        await self._there.wait()
        if self.line.client is not None:
            await self._connected(self.line.client)

    async def _fall_silent(self) -> None:
        """Nothing is heard by the gateway any more; what has been asked is still answered."""
        if self.line.client is not None:
            self._spent = True
            for shard in self.line.client.shards.values():
                await shard.disconnect()

    async def _connected(self, client: Wire) -> None:
        try:
            await find_gateway(client, self.api_url)
            await client.connect()
        except ConnectionClosed as closed:
            log.error("Discord has closed the connection", code=closed.code)  # noqa: TRY400  # the code says it all
            if closed.code == TOKEN_NO_MORE:
                await self.clock.sleep(OWNER_PAUSE)
        except (DiscordException, *NETWORK) as error:
            log.warning("the connection to Discord was lost", error=type(error).__name__)

    def _check_the_way(self, client: Wire) -> None:
        """Discord sends commands one way only; which one is set in its developer portal."""
        is_set = client.application is not None and client.application.interactions_endpoint_url is not None
        if is_set and not self.by_webhook:
            log.error("Discord brings commands to an Interactions Endpoint URL: set DISCORD_WEBHOOK=on, or remove it")
        elif self.by_webhook and not is_set:
            log.warning("commands come by the gateway until the Interactions Endpoint URL is set at Discord")

"""Gets Discord to let us in, as often as it takes, and stays connected."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from discord import ConnectionClosed, DiscordException, LoginFailure
from pydantic import SecretStr

from bot.clock import Clock
from handlers.discord import syncing
from handlers.discord.errors import NETWORK, OWNER_PAUSE, TokenRefused
from handlers.discord.syncing import Tree
from handlers.discord.wire import Line, Wire, find_gateway

log = structlog.get_logger(__name__)

INTRODUCTION_PAUSE = 5.0  # seconds
TOKEN_NO_MORE = 4004  # the gateway's word for it


@dataclass
class Connection:
    """One bot's connection. `planted` makes a client and its commands: one that was closed is of no more use.

    `by_webhook`: commands are brought to our HTTP server.
    """

    line: Line
    planted: Callable[[], Awaitable[Tree]]
    token: SecretStr
    api_url: str
    clock: Clock
    by_webhook: bool
    _tree: Tree | None = None

    async def introduce(self) -> None:
        """Learn who we are. Without a network nothing happens, and `run` tries again. Raises TokenRefused."""
        tree = await self.planted()
        client = tree.client
        try:
            await client.login(self.token.get_secret_value())
            await find_gateway(client, self.api_url)
        except LoginFailure:
            log.error("Discord does not accept DISCORD_BOT_TOKEN")  # noqa: TRY400  # nothing of the token in a traceback
            await client.close()
            raise TokenRefused from None
        except (DiscordException, *NETWORK) as error:
            log.warning("Discord can't be reached yet", error=type(error).__name__)
            await client.close()
            return
        self._tree, self.line.client = tree, client

    async def run(self) -> None:
        """Stay connected until cancelled. The library resumes what was cut off; only what it gives up comes here."""
        while True:
            try:
                client = await self._introduced()
                await self._connected(client)
            finally:
                await self.hang_up()
            await self.clock.sleep(INTRODUCTION_PAUSE)

    async def hang_up(self) -> None:
        """Nothing can be said any more."""
        client, self.line.client, self._tree = self.line.client, None, None
        if client is not None:
            await client.close()

    async def _introduced(self) -> Wire:
        while self._tree is None:
            await self.clock.sleep(INTRODUCTION_PAUSE)
            try:
                await self.introduce()
            except TokenRefused:
                await self.clock.sleep(OWNER_PAUSE)
        self.line.commands = await syncing.tell(self._tree)
        self._check_the_way(self._tree.client)
        return self._tree.client

    async def _connected(self, client: Wire) -> None:
        try:
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

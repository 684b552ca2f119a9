"""Logs in to Discord, retries until that succeeds, and keeps the connection."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from discord import ConnectionClosed, DiscordException, LoginFailure
from pydantic import SecretStr

from bot.runtime.clock import Clock
from bot.runtime.event_loop import run_until
from handlers.discord import command_sync
from handlers.discord.client import ClientRef, DiscordClient, set_default_gateway
from handlers.discord.command_sync import BotCommandTree
from handlers.discord.errors import NETWORK_ERRORS, TOKEN_PAUSE, TokenRefused, requested_pause

log = structlog.get_logger(__name__)

TreeFactory = Callable[[], Awaitable[BotCommandTree]]

RETRY_PAUSE = 5.0  # seconds
MAX_RETRY_PAUSE = 600.0
# Gateway close code: https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway
AUTHENTICATION_FAILED = 4004


@dataclass
class Connection:
    """One bot's connection: to the API in every process, to the gateway in one process at a time. Others find the
    client in `client_ref`. `by_webhook`: interactions arrive over our HTTP server."""

    client_ref: ClientRef
    token: SecretStr
    api_url: str
    clock: Clock
    by_webhook: bool
    _tree: BotCommandTree | None = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: asyncio.Event = field(default_factory=asyncio.Event)
    _disconnected: bool = False
    _banned_until: float = 0.0

    async def connect(self, new_tree: TreeFactory) -> None:
        """Log in and fetch our application. Without a network nothing happens, and `run` tries again. Raises
        TokenRefused.

        `new_tree` creates a client with its commands; a closed client cannot be used again.
        """
        tree = await new_tree()
        client = tree.client
        try:
            await client.login(self.token.get_secret_value())
        except LoginFailure:
            log.error("Discord does not accept DISCORD_BOT_TOKEN")  # noqa: TRY400  # a traceback could show the token
            await client.close()
            raise TokenRefused from None
        except (DiscordException, *NETWORK_ERRORS) as error:
            log.warning("Discord can't be reached yet", error=type(error).__name__)
            self._note_ban(error)
            await client.close()
            return
        self._tree, self.client_ref.client = tree, client

    async def run(self, new_tree: TreeFactory) -> None:
        """Stay logged in until cancelled, so that cards can be shown and interactions over HTTP can be answered."""
        while True:
            while self._tree is None:
                await self.clock.sleep(max(RETRY_PAUSE, self._ban_left()))
                try:
                    await self.connect(new_tree)
                except TokenRefused:
                    await self.clock.sleep(TOKEN_PAUSE)
            await self._sync_commands(self._tree)
            self._check_interaction_delivery(self._tree.client)
            self._closed.clear()
            self._ready.set()
            await self._retry_command_sync(self._tree)
            await self._closed.wait()

    async def _retry_command_sync(self, tree: BotCommandTree) -> None:
        """Retry until the commands are registered, with growing pauses: a connection may last for weeks. Stops when the
        connection closes, because a closed client cannot be used."""
        pause = RETRY_PAUSE
        while not self.client_ref.command_ids and not await self.clock.wait(self._closed, pause):
            await run_until(self._closed, self._sync_commands(tree))
            pause = min(pause * 2, MAX_RETRY_PAUSE)

    async def _sync_commands(self, tree: BotCommandTree) -> None:
        self.client_ref.command_ids = await command_sync.sync_commands(tree)

    async def receive(self, stop: asyncio.Event) -> None:
        """Keep the gateway connection open until told to stop. The library resumes interrupted sessions by itself; only
        what it gives up on ends here."""
        if self._disconnected:
            await self.close()
        while not stop.is_set():
            await run_until(stop, self._run_gateway())
            if stop.is_set():
                break
            await self.close()
            await self.clock.wait(stop, RETRY_PAUSE)
        await self._disconnect_shards()

    async def close(self) -> None:
        """Close the client. Nothing can be sent until the next login."""
        client, self.client_ref.client, self._tree, self._disconnected = self.client_ref.client, None, None, False
        self._ready.clear()
        self._closed.set()
        if client is not None:
            await client.close()

    async def _run_gateway(self) -> None:
        await self._ready.wait()
        if self.client_ref.client is not None:
            await self._connect_gateway(self.client_ref.client)

    async def _disconnect_shards(self) -> None:
        """Stop receiving from the gateway. Requests in progress are still answered."""
        if self.client_ref.client is not None:
            self._disconnected = True
            for shard in self.client_ref.client.shards.values():
                await shard.disconnect()

    async def _connect_gateway(self, client: DiscordClient) -> None:
        try:
            await set_default_gateway(client, self.api_url)
            await client.connect()
        except ConnectionClosed as closed:
            log.error("Discord has closed the connection", code=closed.code)  # noqa: TRY400  # the close code is enough
            if closed.code == AUTHENTICATION_FAILED:
                await self.clock.sleep(TOKEN_PAUSE)
        except (DiscordException, *NETWORK_ERRORS) as error:
            log.warning("the connection to Discord was lost", error=type(error).__name__)
            self._note_ban(error)

    def _note_ban(self, error: BaseException) -> None:
        """Wait for as long as Discord's firewall demands before the next login."""
        if (pause := requested_pause(error)) is not None:
            self._banned_until = self.clock.now() + pause

    def _ban_left(self) -> float:
        return self._banned_until - self.clock.now()

    def _check_interaction_delivery(self, client: DiscordClient) -> None:
        """Warn about a mismatch: Discord delivers interactions one way only, chosen in its developer portal."""
        has_endpoint = client.application is not None and client.application.interactions_endpoint_url is not None
        if has_endpoint and not self.by_webhook:
            log.error(
                "Discord sends commands to an Interactions Endpoint URL: set DISCORD_WEBHOOK=on, or remove the URL"
            )
        elif self.by_webhook and not has_endpoint:
            log.warning(
                "commands arrive over the gateway until the Interactions Endpoint URL is set in the developer portal"
            )

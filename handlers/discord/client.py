"""discord.py's client, configured for this bot."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import structlog
from discord import AllowedMentions, AutoShardedClient, Intents, Interaction, Message, RawMessageUpdateEvent
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

if TYPE_CHECKING:
    from discord.app_commands import CommandTree

log = structlog.get_logger(__name__)

DISCORD_HOST = "discord.com"
API_VERSION = 10
MAX_RATE_LIMIT_WAIT = 30.0  # seconds the library may sleep for a rate limit; 30 is the minimum it accepts


@dataclass(frozen=True)
class EventHandlers:
    """Callbacks for gateway events. None of them may raise."""

    message: Callable[[Message], Awaitable[None]]
    edit: Callable[[Message], Awaitable[None]]
    interaction: Callable[["Interaction[DiscordClient]"], Awaitable[None]]


class DiscordClient(AutoShardedClient):
    """discord.py's client with the least intents: private messages only, since commands and component presses need
    none.

    It caches no messages and no members.
    """

    def __init__(self, handlers: EventHandlers) -> None:
        super().__init__(
            intents=Intents(dm_messages=True),
            allowed_mentions=AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            max_ratelimit_timeout=MAX_RATE_LIMIT_WAIT,
        )
        self.tree: CommandTree[DiscordClient] | None = None  # the usual name; simcord finds it there
        self._event_handlers = handlers

    async def on_message(self, message: Message) -> None:
        await self._event_handlers.message(message)

    async def on_raw_message_edit(self, change: RawMessageUpdateEvent) -> None:
        await self._event_handlers.edit(change.message)

    async def on_interaction(self, interaction: "Interaction[DiscordClient]") -> None:
        await self._event_handlers.interaction(interaction)

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """Replaces the library's own logging, which is silenced (see `install_redaction`)."""
        log.error("a Discord event could not be handled", gateway_event=event_method)

    def dispatch_interaction(self, payload: Any) -> None:
        """Handle an interaction that arrived over HTTP. Raises whatever the library raises for a payload it cannot
        parse."""
        self._connection.parse_interaction_create(payload)  # the library has no public entry point


BotInteraction = Interaction[DiscordClient]


class ClientRef:
    """Reference to the current client: None until we have logged in and while we are disconnected. `command_ids` are
    the ids that Discord assigned to our commands, by name."""

    def __init__(self) -> None:
        self.client: DiscordClient | None = None
        self.command_ids: Mapping[str, int] = {}


def is_official_api(api_url: str) -> bool:
    """Whether this is Discord's own API rather than a proxy or a test server."""
    return httpx.URL(api_url).host == DISCORD_HOST


def origin(url: str) -> str:
    """The URL's scheme, host and port."""
    return str(httpx.URL(url).copy_with(raw_path=b"/")).rstrip("/")


@contextmanager
def use_api_url(api_url: str) -> Iterator[None]:
    """Point discord.py at `api_url`. The library keeps its URLs in class attributes; they are restored on exit."""
    original = Route.BASE, Asset.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = f"{api_url.rstrip('/')}/v{API_VERSION}"
    if not is_official_api(api_url):
        Asset.BASE = origin(api_url)
    try:
        yield
    finally:
        Route.BASE, Asset.BASE, DiscordWebSocket.DEFAULT_GATEWAY = original


async def set_default_gateway(client: DiscordClient, api_url: str) -> None:
    """Set the gateway URL for new sessions: the library asks for it once and later falls back to Discord's own."""
    if not is_official_api(api_url):
        _, gateway, _ = await client.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)

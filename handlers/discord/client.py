"""The connection to Discord: its library, set up for this bot."""

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

DISCORD = "discord.com"
VERSION = 10
LONGEST_WAIT = 30.0  # seconds that the library may wait for a rate limit; the least that it takes


@dataclass(frozen=True)
class Ears:
    """Who is told what Discord says. None of them may raise."""

    message: Callable[[Message], Awaitable[None]]
    edit: Callable[[Message], Awaitable[None]]
    interaction: Callable[["Interaction[Wire]"], Awaitable[None]]


class Wire(AutoShardedClient):
    """The library's client with the least intents: what people write to us in private. Commands and presses need none.

    Nothing is cached of messages and members.
    """

    def __init__(self, ears: Ears) -> None:
        super().__init__(
            intents=Intents(dm_messages=True),
            allowed_mentions=AllowedMentions.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            max_ratelimit_timeout=LONGEST_WAIT,
        )
        self.tree: CommandTree[Wire] | None = None  # where others look for it, too
        self._ears = ears

    async def on_message(self, message: Message) -> None:
        await self._ears.message(message)

    async def on_raw_message_edit(self, change: RawMessageUpdateEvent) -> None:
        await self._ears.edit(change.message)

    async def on_interaction(self, interaction: "Interaction[Wire]") -> None:
        await self._ears.interaction(interaction)

    async def on_error(self, event_method: str, /, *_args: Any, **_kwargs: Any) -> None:
        """Instead of the library's: its own log is silent, see `quiet`."""
        log.error("something that Discord said could not be dealt with", about=event_method)

    def received(self, payload: Any) -> None:
        """An interaction that was brought to our HTTP server. Raises whatever the library stumbles over."""
        self._connection.parse_interaction_create(payload)  # the library has no public way in


Ask = Interaction[Wire]


class Line:
    """The connection as it is now: no client until Discord has let us in, and while we are away. `commands`: the ids
    that Discord has given them, by name."""

    def __init__(self) -> None:
        self.client: Wire | None = None
        self.commands: Mapping[str, int] = {}


def is_discord(api_url: str) -> bool:
    """Whether it is the real one, and not a proxy or a test."""
    return httpx.URL(api_url).host == DISCORD


def origin(url: str) -> str:
    """Scheme, host and port."""
    return str(httpx.URL(url).copy_with(raw_path=b"/")).rstrip("/")


@contextmanager
def talking_to(api_url: str) -> Iterator[None]:
    """The library keeps its addresses in its classes: for as long as it runs they lead to `api_url`."""
    before = Route.BASE, Asset.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = f"{api_url.rstrip('/')}/v{VERSION}"
    if not is_discord(api_url):
        Asset.BASE = origin(api_url)
    try:
        yield
    finally:
        Route.BASE, Asset.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


async def find_gateway(client: Wire, api_url: str) -> None:
    """Where a new session begins: the library asks for it only once, and later takes Discord's own."""
    if not is_discord(api_url):
        _, gateway, _ = await client.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway)

"""What each shard of a bot has been told by the gateway, and may be told again."""

import asyncio
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.discord_api.objects import User

Json = Any
GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 9, 1 << 12, 1 << 15
PRIVILEGED = 1 << 1 | 1 << 8 | MESSAGE_CONTENT


@dataclass(eq=False)
class GatewayConnection:
    """One connection. Text goes out compressed as one stream where that was asked for."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport
    compressor: Any = None
    received_at: list[float] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, op: int, data: Json = None, *, event: str | None = None, seq: int | None = None) -> None:
        text = json.dumps({"op": op, "d": data, "t": event, "s": seq})
        async with self._lock:
            try:
                if self.compressor is None:
                    await self.socket.send_str(text)
                else:
                    squeezed = self.compressor.compress(text.encode()) + self.compressor.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(squeezed)
            except ConnectionError:
                pass  # what they miss is kept for when they come back


@dataclass
class Session:
    """What one shard has been told; `connection` is None while it is away."""

    id: str
    intents: int
    shard: tuple[int, int]
    connection: GatewayConnection | None
    events: list[tuple[str, Json]] = field(default_factory=list)

    def receives(self, guild: int | None, needed: int) -> bool:
        number, count = self.shard
        return (guild or 0) // (1 << 22) % count == number and (not needed or bool(self.intents & needed))


def without_content(message: Json, intents: int, *, in_guild: bool, bot: User) -> Json:
    """A message as a session sees it that was not given the right to read everything."""
    mentioned = any(one["id"] == str(bot.id) for one in message["mentions"]) or message["author"]["id"] == str(bot.id)
    if not in_guild or mentioned or intents & MESSAGE_CONTENT:
        return message
    return message | {"content": "", "embeds": [], "attachments": [], "components": []}

"""What each shard of a bot has been told by the gateway, and may be told again."""

import asyncio
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.discord_api.objects import User

Json = Any
GUILDS, GUILD_MESSAGES, DM_MESSAGES, CONTENT = 1 << 0, 1 << 9, 1 << 12, 1 << 15
PRIVILEGED = 1 << 1 | 1 << 8 | CONTENT


@dataclass(eq=False)
class Line:
    """One connection. Text goes out compressed as one stream where that was asked for."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport
    squeeze: Any = None
    came: list[float] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def say(self, op: int, data: Json = None, *, event: str | None = None, seq: int | None = None) -> None:
        text = json.dumps({"op": op, "d": data, "t": event, "s": seq})
        async with self._lock:
            try:
                if self.squeeze is None:
                    await self.socket.send_str(text)
                else:
                    squeezed = self.squeeze.compress(text.encode()) + self.squeeze.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(squeezed)
            except ConnectionError:
                pass  # what they miss is kept for when they come back


@dataclass
class Session:
    """What one shard has been told; `line` is None while it is away."""

    id: str
    intents: int
    shard: tuple[int, int]
    line: Line | None
    told: list[tuple[str, Json]] = field(default_factory=list)

    def wants(self, guild: int | None, needed: int) -> bool:
        number, count = self.shard
        return (guild or 0) // (1 << 22) % count == number and (not needed or bool(self.intents & needed))


def redacted(message: Json, intents: int, *, in_guild: bool, bot: User) -> Json:
    """A message as a session sees it that was not given the right to read everything."""
    mentioned = any(one["id"] == str(bot.id) for one in message["mentions"]) or message["author"]["id"] == str(bot.id)
    if not in_guild or mentioned or intents & CONTENT:
        return message
    return message | {"content": "", "embeds": [], "attachments": [], "components": []}

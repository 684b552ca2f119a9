"""Gateway sessions: one per shard, with the events it was sent and may have replayed."""

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
    """One websocket. With a `compressor`, frames are sent as one zlib stream."""

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
                    compressed = self.compressor.compress(text.encode()) + self.compressor.flush(zlib.Z_SYNC_FLUSH)
                    await self.socket.send_bytes(compressed)
            except ConnectionError:
                pass  # missed events are replayed on resume


@dataclass
class Session:
    """One shard's session; `connection` is None while it is disconnected."""

    id: str
    intents: int
    shard: tuple[int, int]
    connection: GatewayConnection | None
    events: list[tuple[str, Json]] = field(default_factory=list)

    def receives(self, guild: int | None, needed: int) -> bool:
        number, count = self.shard
        return (guild or 0) // (1 << 22) % count == number and (not needed or bool(self.intents & needed))


def without_content(message: Json, intents: int, *, in_guild: bool, bot: User) -> Json:
    """A message as a session without the message content intent receives it."""
    mentioned = any(one["id"] == str(bot.id) for one in message["mentions"]) or message["author"]["id"] == str(bot.id)
    if not in_guild or mentioned or intents & MESSAGE_CONTENT:
        return message
    return message | {"content": "", "embeds": [], "attachments": [], "components": []}

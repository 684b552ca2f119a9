"""Discord's gateway: a websocket that tells sessions what happens; each may break off and be taken up again."""

import asyncio
import json
import secrets
import time
import zlib
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import WSCloseCode, WSMsgType, web

from tests.fakes.discord_api.objects import Guild, User
from tests.fakes.discord_api.sessions import GUILDS, PRIVILEGED, GatewayConnection, Session

Json = Any
DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 0, 1, 2, 6, 7, 9, 10, 11
DECODE_ERROR, AUTHENTICATION_FAILED, RATE_LIMITED, DISALLOWED_INTENTS = 4002, 4004, 4008, 4014
FRAME_BYTES, FRAMES_PER_MINUTE = 4096, 120
CLIENT_OPCODES = frozenset({HEARTBEAT, IDENTIFY, RESUME, 3, 4, 8})


@dataclass
class Gateway:
    """All sessions. `identified` are the first words of each; `resumed` counts those that were taken up again.

    `privileged`: intents that the bot's owner has switched on.
    """

    bot: User
    token: str
    guilds: dict[int, Guild]
    violations: list[str]
    changed: asyncio.Condition
    url: str = ""
    privileged: int = 0
    heartbeat: float = 41.25
    sessions: dict[str, Session] = field(default_factory=dict)
    identify_payloads: list[Json] = field(default_factory=list)
    resume_count: int = 0
    shards: int = 1
    _connections: set[GatewayConnection] = field(default_factory=set)

    @property
    def is_connected(self) -> bool:
        """Somebody listens now."""
        return any(session.connection for session in self.sessions.values())

    async def dispatch(self, event: str, data: Json, *, guild: int | None = None, needed: int = 0) -> None:
        """Tell everybody whom it concerns; who is away is told when they come back."""
        for session in list(self.sessions.values()):
            if session.receives(guild, needed):
                session.events.append((event, data))
                if session.connection:
                    await session.connection.send(DISPATCH, data, event=event, seq=len(session.events))

    async def drop_connections(self) -> None:
        """Every connection breaks off."""
        for session in self.sessions.values():
            session.connection = None
        for connection in list(self._connections):
            connection.transport.abort()

    async def request_reconnect(self) -> None:
        for connection in list(self._connections):
            await connection.send(RECONNECT)

    async def invalidate_sessions(self, *, resumable: bool = False) -> None:
        """Sessions are over, unless they may be resumed."""
        lines = list(self._connections)
        if not resumable:
            self.sessions.clear()
        for connection in lines:
            await connection.send(INVALID_SESSION, resumable)

    async def stop(self) -> None:
        for connection in list(self._connections):
            await connection.socket.close(code=WSCloseCode.GOING_AWAY)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, until either side has enough."""
        socket = web.WebSocketResponse(max_msg_size=64 * 1024)
        await socket.prepare(request)
        transport = cast("asyncio.Transport", request.transport)  # uvloop's is one in all but its base class
        compressor = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        connection = GatewayConnection(socket, transport, compressor)
        self._connections.add(connection)
        if (request.query.get("v"), request.query.get("encoding")) != ("10", "json"):
            self.violations.append(f"gateway: asked for {request.query_string}")
        try:
            await connection.send(HELLO, {"heartbeat_interval": int(self.heartbeat * 1000), "_trace": []})
            async for message in socket:
                if message.type is WSMsgType.TEXT and (code := await self._receive(connection, message.data)):
                    await socket.close(code=code)
        finally:
            self._connections.discard(connection)
            for session in self.sessions.values():
                session.connection = None if session.connection is connection else session.connection
            await self._notify()
        return socket

    async def _receive(self, connection: GatewayConnection, text: str) -> int | None:
        """Carry out what was said; the code to close with when it was wrong."""
        now = time.monotonic()
        connection.received_at = [at for at in connection.received_at if at > now - 60] + [now]
        if len(text.encode()) > FRAME_BYTES:
            return self._violation("a frame is longer than 4096 bytes", DECODE_ERROR)
        if len(connection.received_at) > FRAMES_PER_MINUTE:
            return self._violation("more than 120 frames in a minute", RATE_LIMITED)
        said = json.loads(text)
        match said["op"]:
            case 1:
                await connection.send(HEARTBEAT_ACK)
            case 2:
                return await self._identify(connection, said["d"])
            case 6:
                return await self._resume(connection, said["d"])
            case op if op not in CLIENT_OPCODES:
                return self._violation(f"nobody says {op}", 4001)
        return None

    async def _identify(self, connection: GatewayConnection, said: Json) -> int | None:
        self.identify_payloads.append(said)
        if said["token"] != self.token:
            return AUTHENTICATION_FAILED
        if missing := {"intents", "properties"} - set(said):
            return self._violation(f"identified without {missing}", DECODE_ERROR)
        if said["intents"] & PRIVILEGED & ~self.privileged:
            return DISALLOWED_INTENTS
        shard = tuple(said.get("shard", (0, 1)))
        session = Session(secrets.token_hex(16), said["intents"], (shard[0], shard[1]), connection)
        self.sessions[session.id] = session
        guilds = [guild for guild in self.guilds.values() if guild.has_bot and session.receives(guild.id, 0)]
        ready: Json = {"v": 10, "user": self.bot.as_json(), "session_id": session.id, "resume_gateway_url": self.url}
        ready |= {"guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds], "shard": list(shard)}
        ready |= {"application": {"id": str(self.bot.id), "flags": 0}}
        session.events.append(("READY", ready))
        await connection.send(DISPATCH, ready, event="READY", seq=1)
        for guild in guilds if session.intents & GUILDS else ():
            session.events.append(("GUILD_CREATE", guild.as_json()))
            await connection.send(DISPATCH, guild.as_json(), event="GUILD_CREATE", seq=len(session.events))
        await self._notify()
        return None

    async def _resume(self, connection: GatewayConnection, said: Json) -> int | None:
        session = self.sessions.get(said["session_id"])
        if said["token"] != self.token:
            return AUTHENTICATION_FAILED
        if session is None or not 0 <= said["seq"] <= len(session.events):
            await connection.send(INVALID_SESSION, data=False)
            return None
        self.resume_count += 1
        at = said["seq"]
        while at < len(session.events):  # more may happen meanwhile
            event, data = session.events[at]
            at += 1
            await connection.send(DISPATCH, data, event=event, seq=at)
        session.connection = connection
        session.events.append(("RESUMED", {}))
        await connection.send(DISPATCH, {}, event="RESUMED", seq=len(session.events))
        await self._notify()
        return None

    def _violation(self, words: str, code: int) -> int:
        self.violations.append(f"gateway: {words}")
        return code

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

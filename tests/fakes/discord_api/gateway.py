"""Discord's gateway: a websocket that sends events to sessions, which may disconnect and resume."""

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
MAX_FRAME_BYTES, MAX_FRAMES_PER_MINUTE = 4096, 120
CLIENT_OPCODES = frozenset({HEARTBEAT, IDENTIFY, RESUME, 3, 4, 8})


@dataclass
class Gateway:
    """All sessions. `identify_payloads` records every identify; `resume_count` counts resumed sessions.

    `privileged`: the privileged intents enabled in the developer portal.
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
        """Whether any session has a connection."""
        return any(session.connection for session in self.sessions.values())

    async def dispatch(self, event: str, data: Json, *, guild: int | None = None, needed: int = 0) -> None:
        """Send an event to all sessions that receive it; disconnected ones get it when they resume."""
        for session in list(self.sessions.values()):
            if session.receives(guild, needed):
                session.events.append((event, data))
                if session.connection:
                    await session.connection.send(DISPATCH, data, event=event, seq=len(session.events))

    async def drop_connections(self) -> None:
        """Abort every connection."""
        for session in self.sessions.values():
            session.connection = None
        for connection in list(self._connections):
            connection.transport.abort()

    async def request_reconnect(self) -> None:
        for connection in list(self._connections):
            await connection.send(RECONNECT)

    async def invalidate_sessions(self, *, resumable: bool = False) -> None:
        """Send "invalid session" to every connection; unless `resumable`, the sessions are gone."""
        connections = list(self._connections)
        if not resumable:
            self.sessions.clear()
        for connection in connections:
            await connection.send(INVALID_SESSION, resumable)

    async def stop(self) -> None:
        for connection in list(self._connections):
            await connection.socket.close(code=WSCloseCode.GOING_AWAY)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection until either side closes it."""
        socket = web.WebSocketResponse(max_msg_size=64 * 1024)
        await socket.prepare(request)
        transport = cast(
            "asyncio.Transport", request.transport
        )  # uvloop's transport has the same methods but another base class
        compressor = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        connection = GatewayConnection(socket, transport, compressor)
        self._connections.add(connection)
        if (request.query.get("v"), request.query.get("encoding")) != ("10", "json"):
            self.violations.append(f"gateway: connected with {request.query_string}")
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

    async def _receive(self, connection: GatewayConnection, frame: str) -> int | None:
        """Handle one frame. Returns the close code if it breaks a rule."""
        now = time.monotonic()
        connection.received_at = [at for at in connection.received_at if at > now - 60] + [now]
        if len(frame.encode()) > MAX_FRAME_BYTES:
            return self._violation("a frame is longer than 4096 bytes", DECODE_ERROR)
        if len(connection.received_at) > MAX_FRAMES_PER_MINUTE:
            return self._violation("more than 120 frames in a minute", RATE_LIMITED)
        payload = json.loads(frame)
        match payload["op"]:
            case 1:
                await connection.send(HEARTBEAT_ACK)
            case 2:
                return await self._identify(connection, payload["d"])
            case 6:
                return await self._resume(connection, payload["d"])
            case op if op not in CLIENT_OPCODES:
                return self._violation(f"unknown opcode {op}", 4001)
        return None

    async def _identify(self, connection: GatewayConnection, payload: Json) -> int | None:
        self.identify_payloads.append(payload)
        if payload["token"] != self.token:
            return AUTHENTICATION_FAILED
        if missing := {"intents", "properties"} - set(payload):
            return self._violation(f"identify without {missing}", DECODE_ERROR)
        if payload["intents"] & PRIVILEGED & ~self.privileged:
            return DISALLOWED_INTENTS
        shard = tuple(payload.get("shard", (0, 1)))
        session = Session(secrets.token_hex(16), payload["intents"], (shard[0], shard[1]), connection)
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

    async def _resume(self, connection: GatewayConnection, payload: Json) -> int | None:
        session = self.sessions.get(payload["session_id"])
        if payload["token"] != self.token:
            return AUTHENTICATION_FAILED
        if session is None or not 0 <= payload["seq"] <= len(session.events):
            await connection.send(INVALID_SESSION, data=False)
            return None
        self.resume_count += 1
        seq = payload["seq"]
        while seq < len(session.events):  # more events may arrive during the replay
            event, data = session.events[seq]
            seq += 1
            await connection.send(DISPATCH, data, event=event, seq=seq)
        session.connection = connection
        session.events.append(("RESUMED", {}))
        await connection.send(DISPATCH, {}, event="RESUMED", seq=len(session.events))
        await self._notify()
        return None

    def _violation(self, violation: str, code: int) -> int:
        self.violations.append(f"gateway: {violation}")
        return code

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

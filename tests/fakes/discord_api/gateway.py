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
from tests.fakes.discord_api.sessions import GUILDS, PRIVILEGED, Line, Session

Json = Any
DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, BEAT_BACK = 0, 1, 2, 6, 7, 9, 10, 11
UNDECODABLE, REFUSED, TOO_FAST, FORBIDDEN_INTENTS = 4002, 4004, 4008, 4014
FRAME_BYTES, FRAMES_PER_MINUTE = 4096, 120
SENT_BY_US = frozenset({HEARTBEAT, IDENTIFY, RESUME, 3, 4, 8})


@dataclass
class Gateway:
    """All sessions. `identified` are the first words of each; `resumed` counts those that were taken up again.

    `privileged`: intents that the bot's owner has switched on.
    """

    bot: User
    token: str
    guilds: dict[int, Guild]
    breaches: list[str]
    changed: asyncio.Condition
    url: str = ""
    privileged: int = 0
    heartbeat: float = 41.25
    sessions: dict[str, Session] = field(default_factory=dict)
    identified: list[Json] = field(default_factory=list)
    resumed: int = 0
    shards: int = 1
    _lines: set[Line] = field(default_factory=set)

    @property
    def is_heard(self) -> bool:
        """Somebody listens now."""
        return any(session.line for session in self.sessions.values())

    async def tell(self, event: str, data: Json, *, guild: int | None = None, needed: int = 0) -> None:
        """Tell everybody whom it concerns; who is away is told when they come back."""
        for session in list(self.sessions.values()):
            if session.wants(guild, needed):
                session.told.append((event, data))
                if session.line:
                    await session.line.say(DISPATCH, data, event=event, seq=len(session.told))

    async def drop(self) -> None:
        """Every connection breaks off."""
        for session in self.sessions.values():
            session.line = None
        for line in list(self._lines):
            line.transport.abort()

    async def ask_to_reconnect(self) -> None:
        for line in list(self._lines):
            await line.say(RECONNECT)

    async def invalidate(self, *, resumable: bool = False) -> None:
        """Sessions are over, unless they may be resumed."""
        lines = list(self._lines)
        if not resumable:
            self.sessions.clear()
        for line in lines:
            await line.say(INVALID, resumable)

    async def stop(self) -> None:
        for line in list(self._lines):
            await line.socket.close(code=WSCloseCode.GOING_AWAY)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, until either side has enough."""
        socket = web.WebSocketResponse(max_msg_size=64 * 1024)
        await socket.prepare(request)
        transport = cast("asyncio.Transport", request.transport)  # uvloop's is one in all but its base class
        squeeze = zlib.compressobj() if request.query.get("compress") == "zlib-stream" else None
        line = Line(socket, transport, squeeze)
        self._lines.add(line)
        if (request.query.get("v"), request.query.get("encoding")) != ("10", "json"):
            self.breaches.append(f"gateway: asked for {request.query_string}")
        try:
            await line.say(HELLO, {"heartbeat_interval": int(self.heartbeat * 1000), "_trace": []})
            async for message in socket:
                if message.type is WSMsgType.TEXT and (code := await self._heard(line, message.data)):
                    await socket.close(code=code)
        finally:
            self._lines.discard(line)
            for session in self.sessions.values():
                session.line = None if session.line is line else session.line
            await self._notify()
        return socket

    async def _heard(self, line: Line, text: str) -> int | None:
        """Carry out what was said; the code to close with when it was wrong."""
        now = time.monotonic()
        line.came = [at for at in line.came if at > now - 60] + [now]
        if len(text.encode()) > FRAME_BYTES:
            return self._breach("a frame is longer than 4096 bytes", UNDECODABLE)
        if len(line.came) > FRAMES_PER_MINUTE:
            return self._breach("more than 120 frames in a minute", TOO_FAST)
        said = json.loads(text)
        match said["op"]:
            case 1:
                await line.say(BEAT_BACK)
            case 2:
                return await self._identify(line, said["d"])
            case 6:
                return await self._resume(line, said["d"])
            case op if op not in SENT_BY_US:
                return self._breach(f"nobody says {op}", 4001)
        return None

    async def _identify(self, line: Line, said: Json) -> int | None:
        self.identified.append(said)
        if said["token"] != self.token:
            return REFUSED
        if missing := {"intents", "properties"} - set(said):
            return self._breach(f"identified without {missing}", UNDECODABLE)
        if said["intents"] & PRIVILEGED & ~self.privileged:
            return FORBIDDEN_INTENTS
        shard = tuple(said.get("shard", (0, 1)))
        session = Session(secrets.token_hex(16), said["intents"], (shard[0], shard[1]), line)
        self.sessions[session.id] = session
        guilds = [guild for guild in self.guilds.values() if guild.has_bot and session.wants(guild.id, 0)]
        ready: Json = {"v": 10, "user": self.bot.as_json(), "session_id": session.id, "resume_gateway_url": self.url}
        ready |= {"guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds], "shard": list(shard)}
        ready |= {"application": {"id": str(self.bot.id), "flags": 0}}
        session.told.append(("READY", ready))
        await line.say(DISPATCH, ready, event="READY", seq=1)
        for guild in guilds if session.intents & GUILDS else ():
            session.told.append(("GUILD_CREATE", guild.as_json()))
            await line.say(DISPATCH, guild.as_json(), event="GUILD_CREATE", seq=len(session.told))
        await self._notify()
        return None

    async def _resume(self, line: Line, said: Json) -> int | None:
        session = self.sessions.get(said["session_id"])
        if said["token"] != self.token:
            return REFUSED
        if session is None or not 0 <= said["seq"] <= len(session.told):
            await line.say(INVALID, data=False)
            return None
        self.resumed += 1
        at = said["seq"]
        while at < len(session.told):  # more may happen meanwhile
            event, data = session.told[at]
            at += 1
            await line.say(DISPATCH, data, event=event, seq=at)
        session.line = line
        session.told.append(("RESUMED", {}))
        await line.say(DISPATCH, {}, event="RESUMED", seq=len(session.told))
        await self._notify()
        return None

    def _breach(self, words: str, code: int) -> int:
        self.breaches.append(f"gateway: {words}")
        return code

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

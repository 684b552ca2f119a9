"""No secret is anywhere but where it belongs: not in logs, tracebacks, rows, files, pages or what commands print, also
when everything goes wrong.

The real bot runs as a process with tokens that can be recognised, through journeys on Telegram, Discord and the web,
while the services behind it drop, refuse, and say the secrets back to it.
"""

import asyncio
import base64
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests import ROOT
from tests.fakes.dashscope.proxy import ApiProxy, Forward, api_proxy, garbage_after
from tests.fakes.dashscope.service import portrait_jpeg, stand_in
from tests.fakes.discord_api.people import SimulatedUser
from tests.fakes.discord_api.server import TOKEN as DISCORD
from tests.fakes.discord_api.server import DiscordServer, discord_server
from tests.fakes.http_server import Reply, as_json
from tests.fakes.telegram_api.people import ChatUser
from tests.fakes.telegram_api.server import TOKEN, BotApi, Fault, bad_gateway, bot_api, flood
from tests.harness.bot_process import Bot, bot_process

KEY = "sk-0123456789abcdef-recognisable"
ODD_KEY = "recognisable.key.of.another.shape"
METRICS = "recognisable-word-for-metrics"
SETTINGS = {
    "TELEGRAM_BOT_TOKEN": TOKEN,
    "DISCORD_BOT_TOKEN": DISCORD,
    "DASHSCOPE_API_KEY": f"{KEY},{ODD_KEY}",
    "METRICS_TOKEN": METRICS,
    "LOG_LEVEL": "debug",
}


@dataclass
class Town:
    """Everything around the bot, and all that was ever seen of it."""

    api: BotApi
    discord: DiscordServer
    gate: ApiProxy
    folder: Path
    seen: dict[str, bytes] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        addresses = {"TELEGRAM_API_URL": self.api.url, "DISCORD_API_URL": self.discord.api_url}
        return {**SETTINGS, **addresses, "DASHSCOPE_BASE_URL": self.gate.base_url}

    async def looks(self, visitor: httpx.AsyncClient, *paths: str, **headers: str) -> None:
        """What a page says, with its headers; a visitor's own cookie is theirs to see."""
        for path in paths:
            answer = await visitor.get(path, headers=headers)
            kept = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
            self.seen[f"page {path}"] = f"{kept}".encode() + answer.content

    async def says(self, *words: str) -> None:
        """What a command prints."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *words),
            cwd=self.folder,
            env={**kept, "PYTHONPATH": str(ROOT), "DATA_DIR": str(self.folder / "data"), **self.settings},
            stdout=PIPE,
            stderr=STDOUT,
        )
        self.seen[f"repaint {words}"], _ = await process.communicate()

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Every file that the bot has written, but for the one that is a secret, and the visitor's cookies."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path.name not in {"secret.key", "cookies.json"}:
                yield str(path.relative_to(self.folder)), path.read_bytes()


async def said_back(forward: Forward) -> Reply:
    """A refusal, of which nothing was taken, that quotes what it refuses."""
    words = f"Not you: {forward.request.headers.get('authorization', KEY)} {forward.request.body[:200]!r}"
    return as_json({"code": "Throttling.RateQuota", "message": words, "request_id": KEY}, 429)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    folder = tmp_path / "bot"
    folder.mkdir()
    async with (
        stand_in(tmp_path / "service") as service,
        api_proxy(service) as front,
        bot_api() as api,
        discord_server() as discord,
    ):
        yield Town(api, discord, front, folder)


async def trouble(town: Town, bot: Bot) -> None:
    """One request on each platform while everything breaks once, and its end."""
    town.gate.next("create", said_back)
    town.gate.next("list", said_back)
    town.gate.next("query", said_back, garbage_after)
    town.gate.next("result", said_back)
    town.api.faults += [
        bad_gateway("sendMessage", 502),
        Fault("sendMessage"),
        flood("editMessageText", 1),
        Fault("editMessageMedia", as_json({"ok": True, "result": {"message_id": TOKEN}})),
        Fault("getUpdates", as_json({"ok": False, "error_code": 500, "description": f"No: {TOKEN}"}, 500)),
        Fault("getUpdates", as_json({"ok": True, "result": [{"update_id": TOKEN}]})),
    ]
    anna = ChatUser(town.api, 1, 1)
    await anna.sends(portrait_jpeg(), caption="/style 0")
    user = town.discord.state.user(2)
    await town.discord.wait_until(lambda: town.discord.gateway.is_connected and town.discord.commands.all)
    ben = SimulatedUser(town.discord, user, town.discord.state.dm_channel(user))
    await ben.send("/style 0", portrait_jpeg(shade=5))
    job = await bot.request(portrait_jpeg(shade=9), key="recognise-me")
    await bot.ended(job)
    await town.api.until(lambda: anna.pictures)
    await town.discord.wait_until(lambda: ben.pictures)
    await town.looks(bot.visitor, "/", "/api/jobs", f"/api/jobs/{job}", "/api/quota", "/healthz", "/readyz", "/nowhere")
    await town.looks(bot.visitor, "/photos/forged", "/metrics", "/static/main.js", f"/api/jobs/{job}/photo")
    await town.looks(bot.visitor, "/metrics?", Authorization=f"Bearer {METRICS}")
    await town.looks(bot.visitor, "/api/jobs?", Authorization=f"Bearer {KEY}", Cookie=f"visitor={TOKEN}")


async def test_no_secret_is_where_it_does_not_belong(town: Town) -> None:
    log = town.folder / "log"
    async with bot_process(town.folder, log=log, **town.settings) as bot:
        await trouble(town, bot)
        cookie = bot.visitor.cookies["visitor"]
        await asyncio.gather(town.says("doctor"), town.says("admin", "status"), town.says("run"))
        bot.process.terminate()
        await bot.process.wait()
    seen = {**town.seen, **dict(town.files())}
    key = (town.folder / "data" / "secret.key").read_bytes()
    spelt = [
        key,
        key.hex().encode(),
        base64.b64encode(key),
        base64.urlsafe_b64encode(key).rstrip(b"="),
        cookie.encode(),
    ]
    for secret in (TOKEN, TOKEN.partition(":")[2], DISCORD, DISCORD.partition(".")[2], KEY, ODD_KEY, METRICS):
        spelt += [secret.encode(), quote(secret, safe="").encode(), base64.b64encode(secret.encode())]
    found = [(where, secret) for where, data in seen.items() for secret in spelt if secret in data]
    assert found == []
    assert all(trouble in seen["log"] for trouble in (b"submit refused", b"no answer about a task"))
    assert {"data/repaint.db", "log", "page /", "page /metrics?"} <= seen.keys()
    assert b"repaint_jobs" in seen["page /metrics?"]

"""Everything round the bot: the service that paints, the chats, a proxy before each, and the bot's lives one by one."""

import multiprocessing
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.bot_process import BotConfig, BotProcess, bot_process
from chaos.crash_points import CrashPoint
from chaos.fast_clock import TimeScale, start_time_scale
from chaos.http_proxy import HttpProxy, http_proxy
from stylizer.engines import Engine
from stylizer.settings import BASE_PATH
from stylizer.tasks import Task
from tests.fakes.dashscope.proxy import kind_of as api_kind
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import StandIn, all_tasks, stand_in
from tests.fakes.discord_api.server import Discord, discord_server
from tests.fakes.http_server import Received
from tests.fakes.telegram_api.server import TOKEN, BotApi, bot_api

SLOTS, ACCOUNTS = 2, 2
LINKS = ("inline", "signed", "upload")


@dataclass
class Testbed:
    """`api`, `chat` and `guild` are the proxies before the service, Telegram and Discord (whose gateway has none);
    `clock_skew` the error of the bot's wall clock."""

    folder: Path
    time_scale: TimeScale
    service: StandIn
    telegram: BotApi
    discord: Discord
    api_proxy: HttpProxy
    telegram_proxy: HttpProxy
    discord_proxy: HttpProxy
    accounts: int  # none: the bot paints at home, in its own process
    port: int  # of the bot, the same in every life
    clock_skew: Any = field(default_factory=lambda: multiprocessing.get_context("forkserver").RawValue("d", 0.0))
    settings: dict[str, Any] = field(default_factory=dict)

    async def tasks(self) -> list[Task]:
        """Every task that was ever made; while no bot runs."""
        return await (self.service.tasks() if self.accounts else all_tasks(self.folder / "data" / "stylizer"))

    @property
    def database(self) -> Path:
        """The bot's rows."""
        return self.folder / "data" / "repaint.db"

    @asynccontextmanager
    async def bot(self, crash_point: CrashPoint | None = None, links: str = "inline") -> AsyncIterator[BotProcess]:
        """A life of the bot on its folder, until the block ends. `links`: how photos get to the API."""
        settings = {**self.base_settings(self.folder / "data", self.port), "photo_links": links, **self.settings}
        async with bot_process(
            BotConfig(settings, self.time_scale, self.folder / "bot.log", self.clock_skew, crash_point)
        ) as bot:
            yield bot
        self.discord.gateway.sessions.clear()  # the next life knows nothing of them

    def base_settings(self, data: Path, port: int) -> dict[str, Any]:
        """The settings of a bot on this stage."""
        return {
            "data_dir": data,
            "port": port,
            "public_url": f"http://127.0.0.1:{port}",
            "web_chat": "on",
            "telegram_bot_token": TOKEN,
            "telegram_api_url": self.telegram_proxy.url,
            "discord_bot_token": self.discord.token,
            "discord_api_url": f"{self.discord_proxy.url}/api",
            "dashscope_api_key": tuple(f"sk-chaos-of-lane-{number}" for number in range(self.accounts)),
            "dashscope_base_url": self.api_proxy.url + BASE_PATH,
            "dashscope_max_running": SLOTS,
            "daily_free_images": 10**6,
            "max_queued_per_person": 10**4,
            "messages_per_minute": 10**6,
        }


@asynccontextmanager
async def open_testbed(
    folder: Path, *, speed: float, accounts: int = ACCOUNTS, engine: Engine | None = None
) -> AsyncIterator[Testbed]:
    """The stage, with an empty folder and no bot yet. `engine`: what paints, where it is not to be quick."""
    async with AsyncExitStack() as stack:
        time = start_time_scale(speed)
        limits: dict[str, Any] = {"max_running": SLOTS, "max_pending": 1000}
        service = await stack.enter_async_context(
            stand_in(folder / "service", engine=engine or quick_engine(), clock=time.now, **limits)
        )
        telegram = await stack.enter_async_context(bot_api())
        api = await stack.enter_async_context(http_proxy(service.url, _kind_of_api_call))
        chat = await stack.enter_async_context(http_proxy(telegram.url, kind_of_chat_call))
        discord = await stack.enter_async_context(discord_server())
        guild = await stack.enter_async_context(http_proxy(discord.url, kind_of_guild_call))
        discord.cdn.url = guild.url
        yield Testbed(folder, time, service, telegram, discord, api, chat, guild, accounts, free_port())


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _kind_of_api_call(method: str, path: str) -> str:
    return api_kind(Received(method, path, {}, b""))


def kind_of_chat_call(_: str, path: str) -> str:
    """The method's name, or `file`."""
    return "file" if path.startswith("/file/") else path.partition("?")[0].rpartition("/")[2]


def kind_of_guild_call(method: str, path: str) -> str:
    """`callback`, `post`, `patch`, `hook` (an interaction's own messages), `attachment`, or `other`."""
    parts = path.partition("?")[0].split("/")
    match parts[1:]:
        case ["attachments" | "ephemeral-attachments" | "avatars", *_]:
            return "attachment"
        case ["api", _, "interactions", *_]:
            return "callback"
        case ["api", _, "webhooks", *_]:
            return "hook"
        case ["api", _, "channels", _, "messages", *_]:
            return method.lower()
    return "other"

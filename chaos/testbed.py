"""Everything around the bot: the service, the chat platforms, a proxy in front of each, and the bot's processes, one
after the other."""

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
from chaos.http_proxy import HttpProxy, Policy, http_proxy
from stylizer.engines import Engine
from stylizer.settings import BASE_PATH
from stylizer.tasks import Task
from tests.fakes.dashscope.proxy import kind_of as api_kind
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import StandIn, all_tasks, stand_in
from tests.fakes.discord_api.server import DiscordServer, discord_server
from tests.fakes.http_server import Received
from tests.fakes.telegram_api.server import TOKEN, BotApi, bot_api

SLOTS, ACCOUNTS = 2, 2
LINKS = ("inline", "signed", "upload")


@dataclass
class Testbed:
    """The proxies stand in front of the service, Telegram and Discord (whose gateway has none); `clock_skew` is the
    error of the bot's wall clock in shared memory, seconds."""

    folder: Path
    time_scale: TimeScale
    service: StandIn
    telegram: BotApi
    discord: DiscordServer
    api_proxy: HttpProxy
    telegram_proxy: HttpProxy
    discord_proxy: HttpProxy
    accounts: int  # 0: the bot runs its own stylizer, in its process
    port: int  # of the bot, the same for every process
    clock_skew: Any = field(default_factory=lambda: multiprocessing.get_context("forkserver").RawValue("d", 0.0))
    flush_seconds: Any = field(default_factory=lambda: multiprocessing.get_context("forkserver").RawValue("d", 0.0))
    settings: dict[str, Any] = field(default_factory=dict)

    async def tasks(self) -> list[Task]:
        """Every task ever created; only while no bot runs."""
        return await (self.service.tasks() if self.accounts else all_tasks(self.folder / "data" / "stylizer"))

    @property
    def database(self) -> Path:
        """The bot's SQLite file."""
        return self.folder / "data" / "repaint.db"

    @asynccontextmanager
    async def bot(self, crash_point: CrashPoint | None = None, links: str = "inline") -> AsyncIterator[BotProcess]:
        """A bot process on the testbed's folder, until the block ends. `links`: how photos reach the API."""
        settings = {**self.base_settings(self.folder / "data", self.port), "photo_links": links, **self.settings}
        log = self.folder / "bot.log"
        config = BotConfig(
            settings, self.time_scale, log, self.clock_skew, crash_point, flush_seconds=self.flush_seconds
        )
        async with bot_process(config) as bot:
            yield bot
        self.discord.gateway.sessions.clear()  # the next process knows nothing of them

    def set_policy(self, policy: Policy, *, api: Policy | None = None) -> None:
        """Apply a policy to the calls through all proxies; `api`: another one for the service's."""
        self.api_proxy.policy = api or policy
        self.telegram_proxy.policy = self.discord_proxy.policy = policy

    def base_settings(self, data: Path, port: int) -> dict[str, Any]:
        """The settings of any bot on this testbed."""
        return {
            "data_dir": data,
            "port": port,
            "public_url": f"http://127.0.0.1:{port}",
            "web_chat": "on",
            "telegram_bot_token": TOKEN,
            "telegram_api_url": self.telegram_proxy.url,
            "discord_bot_token": self.discord.token,
            "discord_api_url": f"{self.discord_proxy.url}/api",
            "dashscope_api_key": ",".join(f"sk-chaos-account-{number}" for number in range(self.accounts)),
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
    """A testbed with an empty folder and no bot yet. `engine`: the service's, unless it is to be quick."""
    async with AsyncExitStack() as stack:
        time_scale = start_time_scale(speed)
        limits: dict[str, Any] = {"max_running": SLOTS, "max_pending": 1000}
        service = await stack.enter_async_context(
            stand_in(
                folder / "service", engine=engine or quick_engine(in_processes=True), clock=time_scale.now, **limits
            )
        )
        telegram = await stack.enter_async_context(bot_api())
        api_proxy = await stack.enter_async_context(http_proxy(service.url, _api_call_kind))
        telegram_proxy = await stack.enter_async_context(http_proxy(telegram.url, telegram_call_kind))
        discord = await stack.enter_async_context(discord_server())
        discord_proxy = await stack.enter_async_context(http_proxy(discord.url, discord_call_kind))
        discord.cdn.url = discord_proxy.url
        proxies = api_proxy, telegram_proxy, discord_proxy
        yield Testbed(folder, time_scale, service, telegram, discord, *proxies, accounts, free_port())


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _api_call_kind(method: str, path: str) -> str:
    return api_kind(Received(method, path, {}, b""))


def telegram_call_kind(_: str, path: str) -> str:
    """The method's name, or `file`."""
    return "file" if path.startswith("/file/") else path.partition("?")[0].rpartition("/")[2]


def discord_call_kind(method: str, path: str) -> str:
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

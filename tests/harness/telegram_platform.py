"""Telegram's platform with a database but without the rest of the app, for tests of how cards are shown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import SecretStr

from bot.messaging.platform import Chat, Person, Picture
from bot.runtime.clock import WallClock
from handlers.telegram.api_writer import ApiWriter
from handlers.telegram.bot_client import MESSAGES_PER_SECOND, create_bot
from handlers.telegram.chat_state import ChatState
from handlers.telegram.platform import TelegramPlatform
from handlers.telegram.send_limits import SendLimits
from storage import results
from storage.database import Database, open_database
from storage.jobs import State
from storage.results import Result
from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.telegram_api.chats import ChatMessage
from tests.fakes.telegram_api.server import TOKEN, BotApi, bot_api
from tests.harness.rows import NOON, insert_job
from tests.harness.telegram import SPEEDUP

ANNA = Person("telegram", "5")
CHAT = Chat("telegram", "5")
GROUP = Chat("telegram", "-1001", is_group=True)
ACCOUNT = "telegram:7654321"


@dataclass
class PlatformHarness:
    """The platform, Telegram as people see it, and the group migrations it reported."""

    platform: TelegramPlatform
    api: BotApi
    database: Database
    migrations: list[tuple[str, str]] = field(default_factory=list)

    def only_message(self, chat: int = 5) -> ChatMessage:
        """The bot's only message in a chat."""
        [message] = self.api.chats.bot_messages(chat)
        return message

    async def finished_picture(self, source: str = "test:1") -> Picture:
        """The picture of a finished job with stored result."""
        async with self.database.write() as connection:
            job = await insert_job(connection, source, state=State.DELIVERED, style=2, platform="telegram", who="5")
            await results.insert(connection, job.id, Result(f"result/{source}", 9, 8, 8, NOON, NOON + 1e9))
        return Picture(portrait_jpeg(), "repaint-anime.jpg", "Anime", job=job.id)


@asynccontextmanager
async def platform_harness() -> AsyncIterator[PlatformHarness]:
    """Connected until the block ends; no call may violate the Bot API's specification."""
    with TemporaryDirectory() as folder:
        async with (
            bot_api() as api,
            create_bot(SecretStr(TOKEN), api.url, MESSAGES_PER_SECOND * SPEEDUP) as bot,
            open_database(Path(folder) / "rows.db") as database,
        ):
            clock = WallClock(SPEEDUP)
            migrations: list[tuple[str, str]] = []

            async def migrate_group(old: Chat, new: Chat) -> None:
                migrations.append((old.platform_id, new.platform_id))

            writer = ApiWriter(bot, ChatState(database, ACCOUNT, clock))
            writer.bot_user = bot.bot
            yield PlatformHarness(
                TelegramPlatform(writer, SendLimits(clock.now), clock, migrate_group), api, database, migrations
            )
            assert api.breaches == []

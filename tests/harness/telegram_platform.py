"""A platform of Telegram's with nothing behind it but a database: for tests of what it shows and how."""

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
from tests.fakes.telegram_api.chats import Shown
from tests.fakes.telegram_api.server import TOKEN, BotApi, bot_api
from tests.harness.rows import NOON, insert_job
from tests.harness.telegram import HASTE

ANNA = Person("telegram", "5")
CHAT = Chat("telegram", "5")
GROUP = Chat("telegram", "-1001", is_group=True)
ACCOUNT = "telegram:7654321"


@dataclass
class Wall:
    """The platform, Telegram as people see it, and where groups were said to have moved."""

    platform: TelegramPlatform
    api: BotApi
    database: Database
    moves: list[tuple[str, str]] = field(default_factory=list)

    def only(self, chat: int = 5) -> Shown:
        [shown] = self.api.chats.of_bot(chat)
        return shown

    async def picture(self, source: str = "test:1") -> Picture:
        """The finished picture of a job that is in store."""
        async with self.database.write() as connection:
            job = await insert_job(connection, source, state=State.DELIVERED, style=2, platform="telegram", who="5")
            await results.insert(connection, job.id, Result(f"result/{source}", 9, 8, 8, NOON, NOON + 1e9))
        return Picture(portrait_jpeg(), "repaint-anime.jpg", "Anime", job=job.id)


@asynccontextmanager
async def wall() -> AsyncIterator[Wall]:
    """Connected until the block ends; nothing that was said to Telegram may break the specification."""
    with TemporaryDirectory() as folder:
        async with (
            bot_api() as api,
            create_bot(SecretStr(TOKEN), api.url, MESSAGES_PER_SECOND * HASTE) as bot,
            open_database(Path(folder) / "rows.db") as database,
        ):
            clock = WallClock(HASTE)
            moves: list[tuple[str, str]] = []

            async def follow(old: Chat, new: Chat) -> None:
                moves.append((old.platform_id, new.platform_id))

            pen = ApiWriter(bot, ChatState(database, ACCOUNT, clock))
            pen.bot_user = bot.bot
            yield Wall(TelegramPlatform(pen, SendLimits(clock.now), clock, follow), api, database, moves)
            assert api.breaches == []

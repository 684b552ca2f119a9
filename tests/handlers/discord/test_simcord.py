"""The real library against simcord, an in-process Discord with its own view of what clients may do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import discord
import httpx
import simcord
from pydantic import SecretStr

from bot.app import Installation, open_installation, running
from bot.runtime.clock import WallClock
from handlers.discord.client import ClientRef
from handlers.discord.components import build_components
from handlers.discord.connection import Connection
from handlers.discord.files import FileDownloader
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import settings_for

CDN = "https://cdn.simcord.invalid"
LOOP = asyncio.new_event_loop  # simcord reads the timers of asyncio's own event loop
WAIT_SECONDS, POLL_SECONDS = 60.0, 0.05
CONFIRM = "🗑 Yes, delete it"
T = TypeVar("T")


@dataclass(frozen=True)
class SimulatedApp:
    """simcord's Discord and the app connected to it."""

    env: simcord.Env
    app: Installation

    async def until(self, condition: Callable[[], T | None]) -> T:
        """The condition's value once it is truthy; it is checked at every wake-up of the app."""
        clock = WallClock()
        async with asyncio.timeout(WAIT_SECONDS):
            while not (found := condition()):
                await clock.wait(self.app.deps.wakeups.subscribe(), POLL_SECONDS)
            return found

    async def picture(self, channel: simcord.ChannelHandle) -> discord.Message:
        """The channel's message with a picture, once there is one."""
        return await self.until(
            lambda: next((message for message in channel.history() if shows_picture(message)), None)
        )

    async def menu(self, channel: simcord.ChannelHandle) -> tuple[discord.Message, list[discord.SelectOption]]:
        """The message that asks for a style, with its options."""

        def find_menu() -> tuple[discord.Message, list[discord.SelectOption]] | None:
            for message in channel.history():
                for row in message.components:
                    for part in row.children if isinstance(row, discord.ActionRow) else ():
                        if isinstance(part, discord.SelectMenu):
                            return message, part.options
            return None

        return await self.until(find_menu)


def shows_picture(message: discord.Message) -> bool:
    """Whether it shows a picture, other than the samples that come with a question."""
    return any("samples" not in file.filename for file in message.attachments)


@asynccontextmanager
async def simulated_app(data_dir: Path) -> AsyncIterator[SimulatedApp]:
    """The app, running until the block ends."""
    files: dict[str, simcord.Env] = {}

    def cdn(request: httpx.Request) -> httpx.Response:
        blob = files["env"].backend.cdn.get(str(request.url))
        return httpx.Response(404) if blob is None else httpx.Response(200, content=blob)

    async with (
        open_installation(settings_for(data_dir), clock=WallClock(), engine=quick_engine()) as app,
        httpx.AsyncClient(transport=httpx.MockTransport(cdn)) as http,
    ):
        connection = Connection(ClientRef(), SecretStr("simcord.x"), "", app.deps.clock, by_webhook=False)
        downloader = FileDownloader(http, frozenset({CDN}))
        components = build_components(app.services, connection, downloader, app.http_deps.secret)
        tree = await components.new_command_tree()
        async with simcord.run(tree.client, shard_count=1) as env:
            files["env"] = env
            connection.client_ref.client = tree.client
            await tree.sync()
            async with running(app, [components.platform]):
                yield SimulatedApp(env, app)
                await components.executor.finish(10)


async def test_a_commands_response_becomes_the_picture(tmp_path: Path) -> None:
    async with simulated_app(tmp_path) as sim:
        env = sim.env
        channel = env.create_guild().create_text_channel("portraits")
        anna = env.guild.add_member(env.create_user("anna"))
        result = await anna.slash(channel, "style", photo=("me.jpg", portrait_jpeg()), style="2", spoiler=True)
        assert result.acknowledged
        card = await sim.picture(channel)
        assert result.response is not None
        assert card.id == result.response.id
        assert (card.content, card.attachments[0].description) == ("🎨 Anime", "Anime")
        assert card.attachments[0].is_spoiler()


async def test_a_reference_picture_is_uploaded_in_a_modal(tmp_path: Path) -> None:
    async with simulated_app(tmp_path) as sim:
        env = sim.env
        channel = env.create_guild().create_text_channel("portraits")
        anna = env.guild.add_member(env.create_user("anna"))
        await anna.slash(channel, "style", photo=("me.jpg", portrait_jpeg()))
        card, options = await sim.menu(channel)
        bring = next(option.value for option in options if "A picture of mine" in option.label)
        form = await anna.select(card, [bring])
        await anna.submit_modal(form, {"picture": ("style.jpg", portrait_jpeg(shade=90))})
        card = await sim.picture(channel)
        assert card.content == "🎨 Your own style picture"


async def test_only_the_requester_or_a_manager_can_delete_a_picture(tmp_path: Path) -> None:
    async with simulated_app(tmp_path) as sim:
        env = sim.env
        guild = env.create_guild()
        channel = guild.create_text_channel("portraits")
        managers = guild.create_role("managers", permissions=discord.Permissions(manage_guild=True))
        anna, ben = (guild.add_member(env.create_user(name)) for name in ("anna", "ben"))
        manager = guild.add_member(env.create_user("manager"), roles=[managers])
        await anna.slash(channel, "style", photo=("me.jpg", portrait_jpeg()), style="0")
        card = await sim.picture(channel)
        refused = await ben.click(card, label="🗑 Delete")
        assert "belongs to somebody else" in refused.followups[0].content
        await manager.click(card, label="🗑 Delete")
        question = await sim.until(
            lambda: next((message for message in channel.history() if CONFIRM in str(message.components)), None)
        )
        await manager.click(question, label=CONFIRM)
        await sim.until(lambda: not channel.history())


async def test_style_names_are_suggested_and_settings_are_for_managers(tmp_path: Path) -> None:
    async with simulated_app(tmp_path) as sim:
        env = sim.env
        channel = env.create_guild().create_text_channel("portraits")
        anna = env.guild.add_member(env.create_user("anna"))
        found = await anna.autocomplete(channel, "style", "style", "ani")
        assert [(choice["name"], choice["value"]) for choice in found] == [("2 · Anime", "2")]
        assert "style" in anna.available_commands(channel)
        assert "settings" not in anna.available_commands(channel)


async def test_a_consent_question_notifies_the_owner_in_a_new_message(tmp_path: Path) -> None:
    async with simulated_app(tmp_path) as sim:
        env = sim.env
        channel = env.create_guild().create_text_channel("portraits")
        anna, ben = (env.guild.add_member(env.create_user(name)) for name in ("anna", "ben"))
        photo = await ben.send(channel, "me", attachments=[("me.jpg", portrait_jpeg())])
        await anna.context_menu(channel, "Repaint this photo", photo)
        call = await sim.until(
            lambda: next((message for message in channel.history() if message.content == ben.mention), None)
        )
        question = next(message for message in channel.history() if "May they?" in message.content)
        assert call.created_at >= question.created_at
        assert question.content.startswith(f"{ben.mention} (ben): anna would like to paint your photo. May they?")

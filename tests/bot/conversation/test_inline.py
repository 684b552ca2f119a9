"""Chats where the bot is not a member (inline results, guest messages), and the command menus."""

from pathlib import Path

import pytest

from bot.conversation.help import about, menu
from bot.i18n import LANGUAGES, texts_for
from bot.messaging.incoming import IncomingMessage
from bot.messaging.registry import Menu
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.chat import ChatHarness, chat_harness, file


async def test_inline_search_finds_own_pictures_and_styles(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben, talk = harness.person("anna"), harness.person("ben"), harness.conversation.messages
        await anna.sends(portrait_jpeg(), "/style anime")
        await anna.picture()
        [view] = await harness.app.services.queries.history(anna.person)
        page = await talk.inline(anna.person, "")
        assert [page.results[0].job, page.results[0].text] == [view.id, "🎨 Anime"]
        assert page.results[1].style == 0
        assert all(len(result.id.encode()) <= 64 for result in page.results)
        assert [result.job for result in (await talk.inline(anna.person, f"#{view.id}")).results] == [view.id]
        assert (await talk.inline(ben.person, f"#{view.id}")).results == ()
        found = (await talk.inline(ben.person, "ANI")).results
        assert [result.title for result in found] == ["Anime"]
        [[button]] = found[0].buttons
        assert button.link is not None
        assert button.link.endswith("?start=look_anime")
        assert (await talk.inline(ben.person, "", "999")).results == ()
        assert (await talk.inline(ben.person, "", "nonsense")).results


async def test_a_guest_message_is_answered_at_once(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.member("anna")
        photo = await _guest(anna.person.platform_id, harness, "/style 0", with_photo=True)
        assert photo == "One moment: I'm looking at the photo…"
        assert (await _guest("anna", harness, "/style 0", with_photo=False)).startswith("Which photo?")
        assert (await _guest("anna", harness, "/help", with_photo=True)).startswith("Which photo?")


async def _guest(name: str, harness: ChatHarness, text: str, *, with_photo: bool) -> str:
    someone = harness.member(name)
    own = (file(portrait_jpeg()),) if with_photo else ()
    message = IncomingMessage(someone.person, someone.chat, "test:guest", "1", text, addressed=True, attachments=own)
    return (await harness.conversation.messages.guest(message)).text


async def test_menus_list_the_commands_of_their_chats_and_people(tmp_path: Path) -> None:
    async with chat_harness(tmp_path / "free") as free, chat_harness(tmp_path / "shop", stars_packages="10:50") as shop:

        def names(which: Menu, harness: ChatHarness = free) -> list[str]:
            commands = harness.conversation.messages.registry.commands.values()
            for language in LANGUAGES:
                assert all(1 <= len(summary) <= 256 for _, summary in menu(commands, texts_for(language), which))
            return [name for name, _ in menu(commands, texts_for("en"), which)]

        assert names(Menu.PRIVATE)[:5] == ["style", "styles", "ref", "again", "history"]
        assert names(Menu.PRIVATE)[-3:] == ["forget", "optout", "help"]
        assert {"history", "forget", "export"} <= set(names(Menu.PRIVATE))
        assert "export" not in names(Menu.GROUP)
        assert names(Menu.GROUP_ADMIN) == ["settings", *names(Menu.GROUP)]
        assert names(Menu.OWNER) == ["admin", *names(Menu.PRIVATE)]
        assert set(names(Menu.PRIVATE, shop)) - set(names(Menu.PRIVATE)) == {"buy"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_bots_descriptions_fit(language: str) -> None:
    texts = about(texts_for(language))
    assert len(texts.short) <= 120
    assert len(texts.long) <= 512

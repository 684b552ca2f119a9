"""Where we are no member: inline results, guests; and the menus that name our commands."""

from pathlib import Path

import pytest

from bot.conversation.command_menu import Scope, about, menu
from bot.i18n import LANGUAGES, texts_for
from bot.messaging.commands import CommandName, parse_text
from bot.messaging.incoming import IncomingMessage
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.chat import ChatHarness, chat_harness, file


async def test_inline_finds_own_pictures_and_looks(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben, talk = harness.person("anna"), harness.person("ben"), harness.conversation
        await anna.sends(portrait_jpeg(), "/style anime")
        await anna.picture()
        [view] = await harness.app.job_service.history(anna.person)
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


async def test_a_guest_is_told_at_once(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.member("anna")
        photo = await _guest(anna.person.platform_id, harness, "/style 0", with_photo=True)
        assert photo == "One moment: I'm looking at the photo…"
        assert (await _guest("anna", harness, "/style 0", with_photo=False)).startswith("Which photo?")
        assert (await _guest("anna", harness, "/help", with_photo=True)).startswith("Which photo?")


async def _guest(name: str, harness: ChatHarness, words: str, *, with_photo: bool) -> str:
    someone = harness.member(name)
    own = (file(portrait_jpeg()),) if with_photo else ()
    message = IncomingMessage(someone.person, someone.chat, "test:guest", "1", words, addressed=True, attachments=own)
    return (await harness.conversation.guest(message)).text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scope", Scope)
def test_every_command_of_a_menu_is_one_that_we_know(scope: Scope, language: str) -> None:
    for name, words in menu(texts_for(language), scope, for_sale=True):
        assert parse_text(f"/{name}").command not in {None, CommandName.UNKNOWN}
        assert 1 <= len(words) <= 256


def test_menus_name_what_can_be_done_there_and_by_whom() -> None:
    def names(scope: Scope, *, for_sale: bool = False) -> set[str]:
        return {name for name, _ in menu(texts_for("en"), scope, for_sale=for_sale)}

    assert {"history", "forget", "export"} <= names(Scope.PRIVATE)
    assert "export" not in names(Scope.GROUP)
    assert names(Scope.GROUP_ADMIN) - names(Scope.GROUP) == {"settings"}
    assert names(Scope.OWNER) - names(Scope.PRIVATE) == {"admin"}
    assert names(Scope.PRIVATE, for_sale=True) - names(Scope.PRIVATE) == {"buy"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_introduction_fits(language: str) -> None:
    words = about(texts_for(language))
    assert len(words.short) <= 120
    assert len(words.long) <= 512

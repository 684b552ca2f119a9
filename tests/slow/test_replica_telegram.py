"""Telegram before two installations on one PostgreSQL: whoever is brought an update, people notice nothing of it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.postgres import Server
from tests.fakes.telegram_api.chats import ChatMessage
from tests.fakes.telegram_api.people import ChatUser
from tests.harness.replica_apps import TelegramReplicas, telegram_replicas

TOGETHER = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replicas(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TelegramReplicas]:
    """Both are brought updates, in turn unless a test says otherwise; each test comes with people of its own."""
    async with telegram_replicas(tmp_path_factory.mktemp("towns"), postgres.new_database()) as opened:
        yield opened


def photos(number: int) -> list[bytes]:
    return [portrait_jpeg(600 + 10 * nth, 700, shade=25 * nth) for nth in range(number)]


async def units(replicas: TelegramReplicas, someone: ChatUser) -> tuple[int, int]:
    quota = await replicas.apps[0].services.queries.quota(someone.person)
    return quota.used, quota.reserved


async def the_picture(replicas: TelegramReplicas, someone: ChatUser) -> ChatMessage:
    """The one card of this chat, once it is a picture."""
    await replicas.api.until(lambda: someone.pictures)
    await replicas.api.handled()
    [card] = someone.sees
    return card


@TOGETHER
async def test_an_update_that_two_are_handed_at_one_moment_is_one_job_and_one_answer(
    replicas: TelegramReplicas,
) -> None:
    anna, ben, before = replicas.person(1), replicas.person(2), len(replicas.mail.brought)
    replicas.mail.everywhere = True
    await anna.sends(portrait_jpeg(), caption="/style 2")
    await ben.says("/quota")
    await the_picture(replicas, anna)
    await replicas.api.until(lambda: ben.sees)
    replicas.mail.everywhere = False
    assert len(ben.sees) == 1
    assert await units(replicas, anna) == (1, 0)
    assert len(await replicas.apps[1].services.queries.history(anna.person)) == 1
    assert sorted(replicas.mail.brought[before:]) == [0, 0, 1, 1]


@TOGETHER
async def test_an_album_whose_parts_come_to_two_of_us_is_one_request_with_one_card(replicas: TelegramReplicas) -> None:
    anna, before = replicas.person(3), len(replicas.mail.brought)
    first = (await anna.sends_album(photos(4), caption="/style 4"))[0]["message"]["message_id"]
    await replicas.api.until(lambda: len(anna.pictures) == 4 and any("ready" in shown.text for shown in anna.sees))
    assert set(replicas.mail.brought[before:]) == {0, 1}
    [card] = [shown for shown in anna.sees if shown.photo is None]
    assert card.text == "🎨 Futuristic tech · 4 photos\nAll 4 pictures are ready."
    assert {shown.reply_to for shown in anna.sees} == {first}
    assert await units(replicas, anna) == (4, 0)


@TOGETHER
async def test_what_is_said_after_something_is_dealt_with_after_it(replicas: TelegramReplicas) -> None:
    """A style picture, and the photo for it, each brought to another of us."""
    anna, before = replicas.person(4), len(replicas.mail.brought)
    await anna.sends(portrait_jpeg(shade=9), caption="/ref")
    await anna.sends(portrait_jpeg())
    await replicas.api.until(lambda: anna.pictures)
    assert set(replicas.mail.brought[before:]) == {0, 1}
    [view] = await replicas.apps[0].services.queries.history(anna.person)
    assert view.has_reference


@TOGETHER
@pytest.mark.parametrize("number", [0, 1])
async def test_a_button_works_whoever_is_told_of_it_and_whoever_shows_the_card(
    replicas: TelegramReplicas, number: int
) -> None:
    anna = replicas.person(5 + number)
    replicas.mail.pinned = 1 - number
    await anna.sends(portrait_jpeg(shade=number))
    await replicas.api.until(lambda: anna.sees)
    replicas.mail.pinned = number
    [card] = anna.sees
    await anna.presses(card, "Anime")
    assert (await the_picture(replicas, anna)).id == card.id
    replicas.mail.pinned = None

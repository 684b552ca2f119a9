"""Which pictures "Repaint this photo" finds on a message, and what it says where there is none."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.faults import Fault, Response
from tests.fakes.discord_api.interactions import Interaction
from tests.fakes.discord_api.people import SimulatedUser
from tests.fakes.discord_api.shown_messages import StoredFile
from tests.harness.discord import CLOCK_SPEED, DiscordApp, discord_app
from tests.harness.pictures import encoded
from tests.journeys.test_discord import engine_comment

Json = Any
REPAINT_PHOTO, REPAINT_AVATAR = "Repaint this photo", "Repaint avatar"
ELSEWHERE = "https://elsewhere.example/art.jpg"
COMPONENTS_V2 = 1 << 15
PNG_STICKER, APNG_STICKER, LOTTIE_STICKER, GIF_STICKER = 1, 2, 3, 4


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DiscordApp]:
    async with discord_app(tmp_path_factory.mktemp("discord")) as opened:
        yield opened


pytestmark = pytest.mark.asyncio(loop_scope="module")


def media(url: str) -> Json:
    return {"url": ELSEWHERE, "proxy_url": url, "width": 512, "height": 512, "content_type": "image/jpeg"}


def gallery(url: str) -> Json:
    return {"type": 12, "id": 2, "items": [{"media": media(url), "description": None, "spoiler": False}]}


def v2(*components: Json) -> Json:
    return {"components": list(components), "flags": COMPONENTS_V2}


def embed(url: str, kind: str = "rich", shows: str = "image") -> Json:
    return {"embeds": [{"type": kind, "title": "Art", "url": ELSEWHERE, shows: media(url)}]}


def attachment(url: str) -> Json:
    return {"id": "7", "filename": "art.jpg", "size": 100, "url": url, "proxy_url": url, "content_type": "image/jpeg"}


def forwarded(**shown: Json) -> Json:
    message = {"type": 0, "content": "", "embeds": [], "attachments": [], "components": [], "flags": 0} | shown
    message |= {"timestamp": "2026-11-30T18:15:51.000000+00:00", "edited_timestamp": None}
    message |= {"mentions": [], "mention_roles": []}
    reference = {"type": 1, "channel_id": "1240000000000000000", "message_id": "123456789012345678"}
    return {"message_reference": reference, "message_snapshots": [{"message": message}]}


SHOWN: dict[str, Callable[[str], Json]] = {
    "attachment": lambda url: {"attachments": [attachment(url)]},
    "gallery": lambda url: v2(gallery(url)),
    "gallery in a container": lambda url: v2({"type": 17, "id": 1, "components": [gallery(url)]}),
    "file": lambda url: v2({"type": 13, "id": 2, "file": media(url), "name": "art.jpg", "size": 9}),
    "thumbnail": lambda url: v2(
        {
            "type": 9,
            "id": 1,
            "components": [{"type": 10, "id": 2, "content": "Art"}],
            "accessory": {"type": 11, "id": 3, "media": media(url)},
        }
    ),
    "embed": embed,
    "embed with a thumbnail": lambda url: embed(url, shows="thumbnail"),
    "link preview": lambda url: embed(url, "image", "thumbnail"),
    "forwarded attachment": lambda url: forwarded(attachments=[attachment(url)]),
    "forwarded embed": lambda url: forwarded(**embed(url)),
    "forwarded gallery": lambda url: forwarded(**v2(gallery(url))),
    "a text file and an embed": lambda url: (
        embed(url) | {"attachments": [attachment(url) | {"filename": "a.txt", "content_type": "text/plain"}]}
    ),
}
_people = iter(range(10, 1000))


def someone(app: DiscordApp) -> SimulatedUser:
    return app.member(next(_people))


def stored_picture(app: DiscordApp, shade: int) -> StoredFile:
    anna = app.member(1)
    return app.discord.state.store_file(anna.channel.id, "art.jpg", portrait_jpeg(512, 512, shade=shade))


async def repaint(app: DiscordApp, person: SimulatedUser, shown: Json) -> Interaction:
    return await person.use_message_command(REPAINT_PHOTO, await person.send("look"), **shown)


async def answered_in_private(app: DiscordApp, person: SimulatedUser, interaction: Interaction) -> str:
    """The one answer to an interaction, which nobody else sees."""
    await app.discord.wait_until(lambda: answers(app, interaction))
    [answer] = answers(app, interaction)
    assert answer.visible_to == person.user.id
    return str(answer.text)


def answers(app: DiscordApp, interaction: Interaction) -> list[Any]:
    messages = app.discord.state.messages.values()
    return [one for one in messages if one.interaction_id == interaction.id and one.text]


@pytest.mark.parametrize("kind", SHOWN)
async def test_a_message_shows_its_picture_in_many_ways(app: DiscordApp, kind: str) -> None:
    file, person = stored_picture(app, list(SHOWN).index(kind)), someone(app)
    interaction = await repaint(app, person, SHOWN[kind](app.discord.cdn.signed_url(file)))
    question = await person.wait_for_answer(interaction)
    assert "Anime" in "".join(question.options)
    assert file.path in app.discord.cdn.requested_paths


@pytest.mark.parametrize(
    ("kind", "name", "encoding"),
    [(PNG_STICKER, "71.png", "PNG"), (APNG_STICKER, "72.png", "PNG"), (GIF_STICKER, "74.gif", "GIF")],
)
async def test_a_sticker_that_is_a_picture_is_one(app: DiscordApp, kind: int, name: str, encoding: str) -> None:
    face = Image.effect_noise((320, 320), 40 + kind).convert("RGB")
    frames = {"save_all": True, "append_images": [face.rotate(90)]} if kind != PNG_STICKER else {}
    app.discord.state.stickers[name] = encoded(face, encoding, **frames)
    person = someone(app)
    sticker = {"id": name.partition(".")[0], "name": "Wave", "format_type": kind}
    question = await person.wait_for_answer(await repaint(app, person, {"sticker_items": [sticker]}))
    assert "Anime" in "".join(question.options)


@pytest.mark.parametrize(
    "shown",
    [
        {"sticker_items": [{"id": "749054660769218631", "name": "Wave", "format_type": LOTTIE_STICKER}]},
        {},
        {"embeds": [{"type": "rich", "title": "Art", "image": {"url": ELSEWHERE, "width": 5, "height": 5}}]},
        embed(ELSEWHERE),
        embed("http://169.254.169.254/latest"),
    ],
)
@pytest.mark.parametrize("locale", ["en-US", "zh-CN", "zh-TW"])
async def test_what_a_menu_refuses_only_that_person_sees(app: DiscordApp, shown: Json, locale: str) -> None:
    person = app.member(next(_people), locale)
    text = await answered_in_private(app, person, await repaint(app, person, shown))
    assert not any(word in text for word in ("caption", "说明", "說明", "reply", "回复", "回覆"))
    assert {"en-US": "hoto", "zh-CN": "照片", "zh-TW": "照片"}[locale] in text


async def test_an_avatar_that_is_missing_is_refused_in_private(app: DiscordApp) -> None:
    person = someone(app)
    interaction = await person.use_user_command(REPAINT_AVATAR, app.discord.state.user(next(_people)))
    assert "photo" in await answered_in_private(app, person, interaction)


async def test_an_answer_that_came_late_to_a_menu_is_private_as_well(app: DiscordApp) -> None:
    """Only after the public placeholder it turns out that the picture is gone."""
    person, file = someone(app), stored_picture(app, 99)
    app.discord.faults.append(Fault(f"GET {file.path}", Response(404)))
    interaction = await repaint(app, person, SHOWN["attachment"](app.discord.cdn.signed_url(file)))
    assert await answered_in_private(app, person, interaction)
    assert interaction.response_message not in app.discord.state.messages, "nobody sees a placeholder for ever"


async def test_a_link_preview_in_private_is_a_picture(app: DiscordApp) -> None:
    anna, file = app.person(next(_people)), stored_picture(app, 98)
    message = await anna.send(ELSEWHERE)
    await anna.show_previews(message, embed(app.discord.cdn.signed_url(file), "image", "thumbnail")["embeds"][0])
    await app.discord.wait_until(lambda: any(one.options for one in anna.messages))
    [question] = [one for one in anna.messages if one.options]
    await anna.select(question, "Anime")
    assert "look=2" in engine_comment((await anna.wait_for_pictures())[0])


async def test_photos_sent_in_a_row_in_private_get_one_question(app: DiscordApp) -> None:
    anna = app.person(next(_people))
    for width in (600, 620, 640):
        await anna.send("", portrait_jpeg(width, 700, shade=width % 100))
    await app.discord.wait_until(lambda: anna.messages)
    [question] = anna.messages
    assert "3 photos" in question.text
    await anna.select(question, "Anime")
    await app.discord.wait_until(lambda: any(len(one.files) == 3 for one in anna.messages))
    assert await app.units(anna) == (3, 0)
    await anna.send("", portrait_jpeg(660, 700, shade=94))
    await anna.send("/quota")
    await anna.send("", portrait_jpeg(680, 700, shade=9))
    await app.discord.wait_until(lambda: len(anna.messages) == 4)
    assert sum(bool(one.options) for one in anna.messages) == 2


async def test_the_api_url_may_end_in_its_version(tmp_path: Path) -> None:
    async with discord_app(tmp_path, api_suffix="/v10/") as opened:
        anna = opened.person(1)
        await anna.use_command("style", photo=portrait_jpeg(), style="2")
        await anna.wait_for_pictures()


async def test_a_ban_by_the_firewall_is_waited_out(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as opened:
        anna, page = opened.person(1), Response(429, "<html>1015</html>", {"Retry-After": "30"})
        opened.discord.faults.append(Fault(r"PATCH /webhooks/.*|POST /channels/.*", page))
        await anna.use_command("quota")
        await opened.discord.wait_until(lambda: any("left today" in one.text for one in anna.messages))
        banned, answered = [one for one in opened.discord.calls if one.name.startswith(("PATCH", "POST /ch"))][:2]
        assert answered.at - banned.at >= 30 / CLOCK_SPEED, "the clock of the test runs twenty times as fast"

"""Discord end to end: the real library, the real core, the painting service, and a fake Discord on loopback."""

import io
from pathlib import Path

from PIL import Image

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.shown_messages import Message
from tests.harness.discord import DiscordApp, discord_app


def engine_comment(message: Message) -> str:
    """The quick engine's request, which it stores in the picture's comment."""
    assert message.picture is not None
    with Image.open(io.BytesIO(message.picture)) as picture:
        return str(picture.info["comment"], "utf-8")


async def test_a_private_photo_with_a_style_gets_one_card_that_becomes_the_picture(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with discord_app(tmp_path, until=go) as app:
        anna = app.person(1)
        interaction = await anna.send("/style 0", portrait_jpeg())
        await app.discord.wait_until(lambda: anna.messages)
        assert anna.messages[0].picture is None
        go.touch()
        await anna.wait_for_pictures()
        [card] = anna.messages
        assert ("Retro comic" in card.text, card.reply_to) == (True, interaction.id)
        assert card.files[0].alt
        assert "look=0" in engine_comment(card)
        assert await app.units(anna) == (1, 0)


async def test_a_server_command_is_answered_at_once_and_its_card_becomes_the_picture(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.member(1)
        [offered] = await anna.autocomplete("style", "style", "anim", photo=portrait_jpeg())
        interaction = await anna.use_command("style", photo=portrait_jpeg(), style=offered["value"])
        await anna.wait_for_pictures()
        [card] = anna.messages
        assert (card.id, card.is_ephemeral) == (interaction.response_message, False)
        assert "look=2" in engine_comment(card)
        assert await app.units(anna) == (1, 0)


async def test_a_photo_without_a_style_gets_a_menu_and_the_choice_repaints_it(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.person(1)
        await anna.send("", portrait_jpeg())
        await app.discord.wait_until(lambda: anna.messages)
        assert await app.units(anna) == (0, 0)
        await anna.select(anna.messages[0], "Chinese ink")
        await anna.wait_for_pictures()
        [card] = anna.messages
        assert "look=5" in engine_comment(card)


async def test_everything_is_in_chinese_for_a_chinese_user(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.member(1, "zh-CN")
        [style] = [one for one in app.discord.commands.all if one["name"] == "style"]
        assert style["description_localizations"]["zh-CN"]
        [offered] = await anna.autocomplete("style", "style", "国画", photo=portrait_jpeg())
        assert "国画古风" in offered["name"]
        await anna.use_command("style", photo=portrait_jpeg(), style="国画古风")
        await anna.wait_for_pictures()
        assert "国画古风" in anna.messages[0].text
        assert "look=5" in engine_comment(anna.messages[0])
        await anna.in_dm.send("/quota")  # messages do not tell the user's locale
        await app.discord.wait_until(lambda: anna.in_dm.messages)
        assert "今天" in anna.in_dm.messages[0].text


async def test_a_reference_picture_sets_the_style_and_spoilers_stay_hidden(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.member(1, thread=True)
        reference = portrait_jpeg(500, 500, shade=9)
        await anna.use_command("style", photo=("SPOILER_me.jpg", portrait_jpeg()), reference=reference)
        await anna.wait_for_pictures()
        [card] = anna.messages
        assert "look=-1 reference=True" in engine_comment(card)
        assert card.files[0].is_spoiler
        await anna.use_command("style", photo=portrait_jpeg(), style="2", spoiler=True)
        await anna.wait_for_pictures(2)
        assert anna.pictures[1].files[0].is_spoiler


async def test_a_reference_picture_is_uploaded_in_a_modal(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.member(1)
        question = await anna.wait_for_answer(await anna.use_command("style", photo=portrait_jpeg()))
        form = await anna.select(question, "A picture of mine")
        await anna.submit_modal(form, picture=portrait_jpeg(500, 500, shade=9))
        [card] = await anna.wait_for_pictures()
        assert "look=-1 reference=True" in engine_comment(card)
        assert await app.units(anna) == (1, 0)


async def test_several_photos_are_one_request(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.person(1)
        await anna.send("/style 4", *(portrait_jpeg(shade=shade) for shade in (1, 90, 200)))
        await app.discord.wait_until(lambda: sum(len(card.files) for card in anna.messages) == 3)
        assert await app.units(anna) == (3, 0)


async def test_all_buttons_of_a_finished_picture_work(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna, discord = app.member(1), app.discord
        await anna.use_command("style", photo=portrait_jpeg(), style="0")
        await anna.wait_for_pictures()
        [first] = anna.pictures

        await anna.press(first, "As file")
        await anna.wait_for_pictures(2)
        await anna.press(first, "Again")
        await anna.wait_for_pictures(3)
        assert engine_comment(anna.pictures[2]) != engine_comment(first)
        assert anna.pictures[2].reply_to == first.id

        await anna.press(first, "Another style")
        await discord.wait_until(lambda: any(card.options for card in anna.messages))
        await anna.select(next(card for card in anna.messages if card.options), "Anime")
        await anna.wait_for_pictures(4)
        assert "look=2" in engine_comment(anna.pictures[3])
        assert await app.units(anna) == (3, 0)
        await _delete_card(app, anna.pictures[3])


async def _delete_card(app: DiscordApp, card: Message) -> None:
    """Deleting needs confirmation, and only the card's owner can do it."""
    anna, ben = app.member(1), app.member(2)
    await ben.press(card, "Delete")
    await app.discord.wait_until(lambda: any(one.is_ephemeral for one in ben.messages))
    [refusal] = [one for one in ben.messages if one.is_ephemeral]
    assert "belongs to somebody else" in refusal.text
    await anna.press(card, "Delete")
    await app.discord.wait_until(lambda: app.discord.state.messages[card.id].labels != card.labels)
    await anna.press(app.discord.state.messages[card.id], "Yes")
    await app.discord.wait_until(lambda: card.id not in app.discord.state.messages)

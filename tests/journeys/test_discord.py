"""Discord from end to end: the real library, the real core, the stand-in service, and a Discord on loopback."""

import io
from pathlib import Path

from PIL import Image

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.shown_messages import Shown
from tests.harness.discord import Town, discord_house


def painted(shown: Shown) -> str:
    """What the quick engine was asked for, kept in the picture's comment."""
    assert shown.picture is not None
    with Image.open(io.BytesIO(shown.picture)) as picture:
        return str(picture.info["comment"], "utf-8")


async def test_a_photo_in_private_with_a_style_becomes_one_card_that_turns_into_the_picture(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with discord_house(tmp_path, until=go) as town:
        anna = town.person(1)
        asked = await anna.writes("/style 0", portrait_jpeg())
        await town.discord.until(lambda: anna.sees)
        assert anna.sees[0].picture is None
        go.touch()
        await anna.gets()
        [card] = anna.sees
        assert ("Retro comic" in card.text, card.answers) == (True, asked.id)
        assert card.files[0].alt
        assert "look=0" in painted(card)
        assert await town.units(anna) == (1, 0)


async def test_a_command_in_a_server_is_answered_at_once_and_its_card_becomes_the_picture(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna = town.member(1)
        [offered] = await anna.suggests("style", "style", "anim", photo=portrait_jpeg())
        asked = await anna.types("style", photo=portrait_jpeg(), style=offered["value"])
        await anna.gets()
        [card] = anna.sees
        assert (card.id, card.is_ephemeral) == (asked.original, False)
        assert "look=2" in painted(card)
        assert await town.units(anna) == (1, 0)


async def test_a_bare_photo_is_asked_for_its_style_and_a_pick_from_the_menu_paints_it(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna = town.person(1)
        await anna.writes("", portrait_jpeg())
        await town.discord.until(lambda: anna.sees)
        assert await town.units(anna) == (0, 0)
        await anna.chooses(anna.sees[0], "Chinese ink")
        await anna.gets()
        [card] = anna.sees
        assert "look=5" in painted(card)


async def test_in_chinese_everything_is_chinese(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna = town.member(1, "zh-CN")
        [style] = [one for one in town.discord.commands.all if one["name"] == "style"]
        assert style["description_localizations"]["zh-CN"]
        [offered] = await anna.suggests("style", "style", "国画", photo=portrait_jpeg())
        assert "国画古风" in offered["name"]
        await anna.types("style", photo=portrait_jpeg(), style="国画古风")
        await anna.gets()
        assert "国画古风" in anna.sees[0].text
        assert "look=5" in painted(anna.sees[0])
        await anna.dms.writes("/quota")  # a message does not say which language its writer's app speaks
        await town.discord.until(lambda: anna.dms.sees)
        assert "今天" in anna.dms.sees[0].text


async def test_a_reference_lends_its_style_and_a_spoiler_stays_covered(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna = town.member(1, thread=True)
        reference = portrait_jpeg(500, 500, shade=9)
        await anna.types("style", photo=("SPOILER_me.jpg", portrait_jpeg()), reference=reference)
        await anna.gets()
        [card] = anna.sees
        assert "look=-1 reference=True" in painted(card)
        assert card.files[0].is_spoiler
        await anna.types("style", photo=portrait_jpeg(), style="2", spoiler=True)
        await anna.gets(2)
        assert anna.pictures[1].files[0].is_spoiler


async def test_a_picture_of_ones_own_comes_in_a_form(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna = town.member(1)
        question = await anna.reads(await anna.types("style", photo=portrait_jpeg()))
        form = await anna.chooses(question, "A picture of mine")
        await anna.submits(form, picture=portrait_jpeg(500, 500, shade=9))
        [card] = await anna.gets()
        assert "look=-1 reference=True" in painted(card)
        assert await town.units(anna) == (1, 0)


async def test_several_photos_are_one_request(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna = town.person(1)
        await anna.writes("/style 4", *(portrait_jpeg(shade=shade) for shade in (1, 90, 200)))
        await town.discord.until(lambda: sum(len(card.files) for card in anna.sees) == 3)
        assert await town.units(anna) == (3, 0)


async def test_after_the_picture_everything_on_its_buttons_works(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna, discord = town.member(1), town.discord
        await anna.types("style", photo=portrait_jpeg(), style="0")
        await anna.gets()
        [first] = anna.pictures

        await anna.presses(first, "As file")
        await anna.gets(2)
        await anna.presses(first, "Again")
        await anna.gets(3)
        assert painted(anna.pictures[2]) != painted(first)
        assert anna.pictures[2].answers == first.id

        await anna.presses(first, "Another style")
        await discord.until(lambda: any(card.options for card in anna.sees))
        await anna.chooses(next(card for card in anna.sees if card.options), "Anime")
        await anna.gets(4)
        assert "look=2" in painted(anna.pictures[3])
        assert await town.units(anna) == (3, 0)
        await _delete(town, anna.pictures[3])


async def _delete(town: Town, card: Shown) -> None:
    """Deleting asks first, and somebody else's card is nobody else's business."""
    anna, ben = town.member(1), town.member(2)
    await ben.presses(card, "Delete")
    await town.discord.until(lambda: any(one.is_ephemeral for one in ben.sees))
    [no] = [one for one in ben.sees if one.is_ephemeral]
    assert "belongs to somebody else" in no.text
    await anna.presses(card, "Delete")
    await town.discord.until(lambda: town.discord.world.messages[card.id].labels != card.labels)
    await anna.presses(town.discord.world.messages[card.id], "Yes")
    await town.discord.until(lambda: card.id not in town.discord.world.messages)

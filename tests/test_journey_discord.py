"""Discord from end to end: the real library, the real core, the stand-in service, and a Discord on loopback."""

import io
from pathlib import Path

from PIL import Image

from tests.discord_house import discord_house
from tests.discord_things import Shown
from tests.stand_in import portrait_jpeg


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
        await town.discord.until(lambda: anna.pictures)
        [card] = anna.sees
        assert ("Retro comic" in card.text, card.answers) == (True, asked.id)
        assert card.files[0].alt
        assert "look=0" in painted(card)
        assert await town.units(anna) == (1, 0)


async def test_a_command_in_a_server_is_answered_at_once_and_its_card_becomes_the_picture(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna = town.member(1)
        asked = await anna.types("style", photo=portrait_jpeg(), style="2")
        await town.discord.until(lambda: anna.pictures)
        [card] = anna.sees
        assert card.id == asked.original
        assert "look=2" in painted(card)
        assert await town.units(anna) == (1, 0)

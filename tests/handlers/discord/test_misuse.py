"""People on Discord who change their minds, forge buttons, send what is no picture, and ask for what is theirs."""

import io
import zipfile
from pathlib import Path

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.server import discord_server
from tests.harness.discord import discord_house
from tests.journeys.test_discord import painted


async def test_words_that_are_changed_are_read_again_and_words_that_are_gone_are_still_answered(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with discord_house(tmp_path, until=go) as town:
        anna, ben = town.person(1), town.person(2)
        photo = await anna.writes("/style nonsense that no style is called", portrait_jpeg())
        await town.discord.until(lambda: anna.sees)
        await anna.changes(photo, "/style 2")
        gone = await ben.writes("/style 5", portrait_jpeg())
        town.discord.world.delete(gone)
        go.touch()
        assert "look=2" in painted((await anna.gets())[0])
        assert "look=5" in painted((await ben.gets())[0])
        assert await town.units(anna) == (1, 0)


async def test_what_is_no_picture_is_said_to_be_none_and_costs_nothing(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna = town.member(1)
        for photo in (("notes.txt", b"hello"), ("photo.jpg", b"not really"), ("tiny.jpg", portrait_jpeg(8, 8))):
            answer = await anna.reads(await anna.types("style", photo=photo, style="2"))
            assert answer.text
            assert not answer.picture
        assert await town.units(anna) == (0, 0)


async def test_a_forged_or_foreign_press_does_nothing(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna, ben = town.member(1), town.member(2)
        await anna.types("style", photo=portrait_jpeg(), style="2")
        [card] = await anna.gets()
        for data in ("nonsense", "delete:1:1", "again:999999999", "owner:1:1", "page:1:99999", "x" * 100, "bring:1"):
            await ben.presses_data(card, data)
        await anna.presses_data(card, "nonsense")
        await ben.reads(await ben.types("quota"))  # whatever was asked before it has been dealt with
        assert [one.id for one in anna.pictures] == [card.id]
        assert (await town.units(anna), await town.units(ben)) == ((1, 0), (0, 0))


async def test_a_button_that_only_one_person_sees_works_after_an_hour_and_a_restart(tmp_path: Path) -> None:
    async with discord_server() as server:
        async with discord_house(tmp_path, server=server) as town:
            anna = town.member(1)
            await anna.types("style", photo=portrait_jpeg(), style="2", private=True)
            [card] = await anna.gets()
        server.ahead += 3600
        async with discord_house(tmp_path, server=server):
            await anna.presses(card, "Again")
            await server.until(lambda: len(anna.pictures) + len(anna.dms.pictures) == 2)
            assert all(one.is_ephemeral for one in anna.pictures)


async def test_what_is_kept_of_somebody_is_given_to_them_and_then_forgotten(tmp_path: Path) -> None:
    async with discord_house(tmp_path) as town:
        anna, ben = town.member(1), town.member(2)
        await anna.types("style", photo=portrait_jpeg(), style="2")
        await anna.gets()
        await anna.types("export")
        await town.discord.until(lambda: [file for card in anna.sees for file in card.files if "zip" in file.filename])
        [packed] = [file for card in anna.sees for file in card.files if "zip" in file.filename]
        with zipfile.ZipFile(io.BytesIO(packed.data)) as archive:
            assert any(name.endswith(".jpg") for name in archive.namelist())
        assert not [card for card in ben.sees if card.files and not card.picture]

        question = await anna.reads(await anna.types("forget"))
        await anna.presses(question, "Yes")
        await town.discord.until(lambda: town.discord.world.messages[question.id].edits > question.edits)
        assert (await anna.reads(await anna.types("history"))).labels == []

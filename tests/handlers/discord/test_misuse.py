"""Edited and deleted messages, forged buttons, files that are not pictures, and requests for one's own data."""

import io
import zipfile
from pathlib import Path

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.server import discord_server
from tests.harness.discord import discord_app
from tests.journeys.test_discord import engine_comment


async def test_an_edited_message_is_read_again_and_a_deleted_one_is_still_answered(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with discord_app(tmp_path, until=go) as app:
        anna, ben = app.person(1), app.person(2)
        photo = await anna.send("/style not-a-style", portrait_jpeg())
        await app.discord.wait_until(lambda: anna.messages)
        await anna.edit(photo, "/style 2")
        deleted = await ben.send("/style 5", portrait_jpeg())
        app.discord.state.delete_message(deleted)
        go.touch()
        assert "look=2" in engine_comment((await anna.wait_for_pictures())[0])
        assert "look=5" in engine_comment((await ben.wait_for_pictures())[0])
        assert await app.units(anna) == (1, 0)


async def test_a_file_that_is_not_a_picture_gets_an_explanation_and_costs_nothing(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.member(1)
        for photo in (("notes.txt", b"hello"), ("photo.jpg", b"not really"), ("tiny.jpg", portrait_jpeg(8, 8))):
            answer = await anna.wait_for_answer(await anna.use_command("style", photo=photo, style="2"))
            assert answer.text
            assert not answer.picture
        assert await app.units(anna) == (0, 0)


async def test_a_forged_press_or_another_users_button_does_nothing(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna, ben = app.member(1), app.member(2)
        await anna.use_command("style", photo=portrait_jpeg(), style="2")
        [card] = await anna.wait_for_pictures()
        for data in ("nonsense", "delete:1:1", "again:999999999", "owner:1:1", "page:1:99999", "x" * 100, "bring:1"):
            await ben.press_data(card, data)
        await anna.press_data(card, "nonsense")
        await ben.wait_for_answer(await ben.use_command("quota"))  # everything sent before it has been handled
        assert [one.id for one in anna.pictures] == [card.id]
        assert (await app.units(anna), await app.units(ben)) == ((1, 0), (0, 0))


async def test_a_button_on_an_ephemeral_card_works_after_an_hour_and_a_restart(tmp_path: Path) -> None:
    async with discord_server() as server:
        async with discord_app(tmp_path, server=server) as app:
            anna = app.member(1)
            await anna.use_command("style", photo=portrait_jpeg(), style="2", private=True)
            [card] = await anna.wait_for_pictures()
        server.clock_offset += 3600
        async with discord_app(tmp_path, server=server):
            await anna.press(card, "Again")
            await server.wait_until(lambda: len(anna.pictures) + len(anna.in_dm.pictures) == 2)
            assert all(one.is_ephemeral for one in anna.pictures)


async def test_export_sends_the_users_data_and_forget_deletes_it(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna, ben = app.member(1), app.member(2)
        await anna.use_command("style", photo=portrait_jpeg(), style="2")
        await anna.wait_for_pictures()
        await anna.use_command("export")
        await app.discord.wait_until(
            lambda: [file for card in anna.messages for file in card.files if "zip" in file.filename]
        )
        [packed] = [file for card in anna.messages for file in card.files if "zip" in file.filename]
        with zipfile.ZipFile(io.BytesIO(packed.data)) as archive:
            assert any(name.endswith(".jpg") for name in archive.namelist())
        assert not [card for card in ben.messages if card.files and not card.picture]

        question = await anna.wait_for_answer(await anna.use_command("forget"))
        await anna.press(question, "Yes")
        await app.discord.wait_until(lambda: app.discord.state.messages[question.id].edit_count > question.edit_count)
        assert (await anna.wait_for_answer(await anna.use_command("history"))).labels == []

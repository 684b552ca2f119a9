"""Where people use the bot on Discord: ephemerally, by user install, and from context menus."""

from pathlib import Path

from tests.fakes.dashscope.service import portrait_jpeg
from tests.fakes.discord_api.objects import MANAGE_GUILD
from tests.harness.discord import discord_app
from tests.journeys.test_discord import engine_comment

REPAINT_PHOTO, REPAINT_AVATAR = "Repaint this photo", "Repaint avatar"


async def test_a_private_request_in_a_server_is_seen_by_nobody_else(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna, ben = app.member(1), app.member(2)
        await anna.use_command("style", photo=portrait_jpeg(), style="2", private=True)
        await anna.wait_for_pictures()
        [card] = anna.messages
        assert card.is_ephemeral
        assert ben.messages == []
        await anna.press(card, "Again")
        await anna.wait_for_pictures(2)
        assert ben.messages == []


async def test_a_user_install_works_where_the_bot_is_not_a_member(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        for user in (app.user_install(1), app.user_install(2, in_group_dm=True)):
            await user.use_command("style", photo=portrait_jpeg(), style="2")
            await user.wait_for_pictures()
            [card] = user.messages
            assert "look=2" in engine_comment(card)
            await user.press(card, "Again")
            await user.wait_for_pictures(2)


async def test_presses_are_answered_where_the_bot_is_not_a_member(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.user_install(1)
        await anna.use_command("style", photo=portrait_jpeg(), style="2")
        [card] = await anna.wait_for_pictures()
        for number, label in enumerate(("As file", "Before and after", "Again"), start=2):
            await anna.press(card, label)
            await anna.wait_for_pictures(number)
        assert anna.in_dm.messages == []


async def test_only_server_managers_can_change_settings(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        [settings] = [one for one in app.discord.commands.all if one["name"] == "settings"]
        assert int(settings["default_member_permissions"]) == MANAGE_GUILD
        assert (settings["contexts"], settings["integration_types"]) == ([0], [0])
        anna = app.member(1, permissions=MANAGE_GUILD)
        interaction = await anna.use_command("settings", change="limit 1")
        assert (await anna.wait_for_answer(interaction)).text
        ben = app.member(2)
        for _ in range(2):
            interaction = await ben.use_command("style", photo=portrait_jpeg(), style="2")
            await anna.wait_for_answer(interaction)
        await ben.wait_for_pictures()
        assert await app.units(ben) == (1, 0)


async def test_a_users_own_photo_is_repainted_from_its_context_menu(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.member(1)
        photo = await anna.send("my new hat", portrait_jpeg())
        interaction = await anna.use_message_command(REPAINT_PHOTO, photo)
        question = await anna.wait_for_answer(interaction)
        await anna.select(question, "Anime")
        await anna.wait_for_pictures()
        assert "look=2" in engine_comment(anna.pictures[0])


async def test_another_users_photo_needs_their_consent(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna, ben = app.member(1), app.member(2)
        photo = await anna.send("my new hat", portrait_jpeg())
        await ben.use_message_command(REPAINT_PHOTO, photo)
        await app.discord.wait_until(lambda: any("May they?" in card.text for card in anna.messages))
        [question] = [card for card in anna.messages if "May they?" in card.text]
        await anna.press_data(question, question.buttons[0]["custom_id"])
        await app.discord.wait_until(lambda: any(card.options for card in anna.messages))
        await ben.select(next(card for card in anna.messages if card.options), "Anime")
        await ben.wait_for_pictures()
        assert (await app.units(ben), await app.units(anna)) == ((1, 0), (0, 0))


async def test_an_avatar_is_repainted_unless_its_owner_opted_out(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        state = app.discord.state
        me, other = (
            state.with_avatar(1, portrait_jpeg(512, 512)),
            state.with_avatar(2, portrait_jpeg(512, 512, shade=9)),
        )
        anna, ben = app.member(1), app.member(2)
        interaction = await anna.use_user_command(REPAINT_AVATAR, me)
        await anna.select(await anna.wait_for_answer(interaction), "Anime")
        await anna.wait_for_pictures()
        out = await ben.use_command("optout")
        await anna.wait_for_answer(out)
        interaction = await anna.use_user_command(REPAINT_AVATAR, other)
        refusal = await anna.wait_for_answer(interaction)
        assert not refusal.options
        assert await app.units(anna) == (1, 0)


async def test_the_greeting_offers_to_try_ones_own_avatar(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        state = app.discord.state
        state.with_avatar(1, portrait_jpeg(512, 512))
        anna, ben = app.person(1), app.person(2)
        for user in (anna, ben):
            await user.send("/start")
        await app.discord.wait_until(lambda: anna.messages and ben.messages)
        assert (ben.messages[0].labels, anna.messages[0].labels) == (
            ["🎨 See the looks"],
            ["🎨 See the looks", "🙂 Try my profile photo"],
        )
        await anna.press(anna.messages[0], "Try my profile photo")
        await app.discord.wait_until(lambda: any(message.options for message in anna.messages))
        await anna.select(next(message for message in anna.messages if message.options), "Anime")
        await app.discord.wait_until(lambda: "Anime" in anna.pictures[-1].text)
        assert await app.units(anna) == (1, 0)


async def test_a_user_without_an_avatar_gets_an_explanation(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna = app.person(1)
        interaction = await anna.use_user_command(REPAINT_AVATAR, anna.user)
        assert "photo" in (await anna.wait_for_answer(interaction)).text
        assert await app.units(anna) == (0, 0)


async def test_a_picture_too_large_for_the_channel_is_sent_smaller(tmp_path: Path) -> None:
    async with discord_app(tmp_path) as app:
        anna, ben = app.member(1), app.person(2)
        for user in (anna, ben):
            user.channel.max_file_bytes = 1000  # a command tells the bot this limit, a private message does not
        await anna.use_command("style", photo=portrait_jpeg(), style="2")
        await ben.send("/style 2", portrait_jpeg())
        for user in (anna, ben):
            [card] = await user.wait_for_pictures()
            assert 0 < len(card.picture or b"") <= 1000

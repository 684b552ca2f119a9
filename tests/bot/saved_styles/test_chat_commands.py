"""Saved styles in a chat: saved, used, shared by a link, removed; and a group's library."""

from pathlib import Path

from bot.domain.styles import REFERENCE
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.chat import chat_harness, file, labels, said

STYLE = portrait_jpeg(500, 500, shade=9)


async def test_a_saved_picture_is_used_by_name_or_button(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        assert "Reply to any picture with /savestyle" in said(await anna.says("/savestyle quilt")).text
        kept = said(await anna.says("/savestyle Grandma's quilt", replied=file(STYLE)))
        assert "Saved as “Grandma's quilt”." in kept.text
        assert labels(kept) == ["🔗 Link to share", "🗑 Remove"]
        assert "a saved style with that name" in said(await anna.sends(STYLE, "/savestyle grandma's QUILT")).text

        await anna.sends(portrait_jpeg(), "/style grandma's quilt")
        assert (await anna.picture()).text == "🎨 Grandma's quilt"

        await anna.sends(portrait_jpeg(shade=200))
        draft = await anna.sees("Which style")
        await anna.presses(draft, "⭐ Grandma's quilt")
        await anna.picture(2)
        views = await harness.app.services.queries.history(anna.person)
        assert {(view.style, view.reference_name) for view in views} == {(REFERENCE, "Grandma's quilt")}


async def test_my_styles_open_and_can_be_removed_after_asking(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.person("anna"), harness.person("ben")
        assert "You have no saved styles yet." in said(await anna.says("/mystyles")).text
        for number in range(12):
            await anna.sends(portrait_jpeg(shade=number), f"/savestyle style {number:02}")
        page = said(await anna.says("/mystyles"))
        assert page.text.startswith("You can use 12 saved styles.")
        assert labels(page)[0] == "⭐ style 00"
        next_page = (await anna.presses(page, "▶")).edit
        assert next_page is not None
        assert labels(next_page)[:2] == ["⭐ style 10", "⭐ style 11"]
        assert (await ben.presses(next_page, "▶")).alert

        opened = (await anna.presses(next_page, "style 11")).card
        assert opened is not None
        assert opened.picture
        assert "removed, or it belongs to somebody else" in (await ben.presses(opened, "Remove")).notice
        asked = (await anna.presses(opened, "Remove")).rows
        assert asked is not None
        [yes, no] = asked[0]
        assert (await anna.presses_data(opened, no.data)).rows == opened.buttons
        assert (await anna.presses_data(opened, yes.data)).notice == "I removed “style 11”."
        assert "removed" in (await anna.presses_data(opened, yes.data)).notice
        assert len(await harness.app.services.saved_styles.of_person(anna.person)) == 11


async def test_a_link_gives_others_a_copy(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.person("anna"), harness.person("ben", "zh")
        kept = said(await anna.sends(STYLE, "/savestyle quilt"))
        shared = (await anna.presses(kept, "Link")).card
        assert shared is not None
        link = shared.text.splitlines()[-1]
        payload = link.partition("?start=")[2]
        assert 1 <= len(payload) <= 64
        started = said(await ben.says(f"/start {payload}"))
        assert started.picture
        assert started.text == "风格“quilt”已收藏。发一张照片给我，然后选它就行。"
        await anna.presses_data(kept, kept.buttons[0][1].data.replace(":2", ":3"))
        assert [style.name for style in await harness.app.services.saved_styles.of_person(ben.person)] == ["quilt"]
        assert "找不到" in said(await ben.says("/start style_nonsense")).text
        assert "你好" in said(await ben.says("/start something else")).text


async def test_a_link_to_a_built_in_style_shows_it(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        card = said(await harness.person("anna").says("/start look_anime"))
        assert card.text == "Anime: send me a photo with 2 as its caption."
        assert card.picture


async def test_a_groups_library_is_kept_by_its_admins_and_used_by_everybody(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        admin, ben = harness.member("admin", admin=True), harness.member("ben")
        assert "This group has no styles of its own yet." in said(await ben.says("/shelf")).text
        assert "Only admins can" in said(await ben.says("/shelf quilt", replied=file(STYLE))).text
        assert "is now one of this group's styles" in said(await admin.says("/shelf quilt", replied=file(STYLE))).text
        library = said(await ben.says("/shelf"))
        assert labels(library) == ["👥 quilt"]
        opened = (await ben.presses(library, "quilt")).card
        assert opened is not None
        asked = (await ben.presses(opened, "Remove")).rows
        assert asked is not None
        assert "Only admins can" in (await ben.presses_data(opened, asked[0][0].data)).notice
        await ben.says("/style quilt", attachments=(file(portrait_jpeg()),))
        assert (await ben.picture()).text == "⭐ quilt"
        assert (await ben.picture(2)).text == "🎨 quilt"
        assert (await admin.presses_data(opened, asked[0][0].data)).notice == "I removed “quilt”."
        assert "/shelf shows the styles of a group" in said(await harness.person("ben").says("/shelf")).text


async def test_a_saved_style_can_be_renamed(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, admin, ben = harness.member("anna"), harness.member("admin", admin=True), harness.member("ben", "zh")
        await anna.sends(STYLE, "/savestyle Old quilt")
        assert said(await anna.says("/renamestyle old quilt The blanket")).text == (
            "“Old quilt” is now called “The blanket”."
        )
        await anna.sends(portrait_jpeg(), "/style the blanket")
        assert (await anna.picture()).text == "🎨 The blanket"
        assert "already" in said(await anna.says("/renamestyle The blanket = anime")).text
        for invalid in ("", "The blanket", "quilt new", "= new", "The blanket ="):
            assert said(await anna.says(f"/renamestyle {invalid}")).text.startswith("Write /renamestyle")
        await admin.says("/shelf ours", replied=file(STYLE))
        assert "管理员" in said(await ben.says("/renamestyle ours theirs")).text
        assert said(await admin.says("/renamestyle ours → everybody's")).text == "“ours” is now called “everybody's”."

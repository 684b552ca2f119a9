"""Groups in a chat: the greeting, settings by buttons and text, consent, gifts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.job_view import State
from bot.domain.styles import REFERENCE, SHEET, STYLES
from bot.groups.settings import GroupSettings, GroupSettingsPatch, is_valid
from bot.groups.settings_commands import (
    NONE,
    ChangeSetting,
    SettingField,
    SwitchStyle,
    page_of,
    patch_of_press,
    patch_of_text,
    settings_card,
    styles_card,
    toggle_style,
)
from bot.i18n import LANGUAGES
from bot.messaging.platform import Card
from storage import jobs
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.app import ANNA
from tests.harness.buttons import presses
from tests.harness.chat import US, ChatUser, chat_harness, file, labels, said


async def test_the_greeting_says_if_the_bot_receives_only_commands(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.person("anna").person, harness.person("ben", "zh").person
        greeting = (await harness.conversation.messages.joined(anna, hears_all=True)).text
        commands_only = (await harness.conversation.messages.joined(anna, hears_all=False)).text
        assert f"/style@{US} 3" in greeting
        assert "I only see" not in greeting
        assert "I only see commands and replies to my messages" in commands_only
        assert "看不到普通照片" in (await harness.conversation.messages.joined(ben, hears_all=False)).text


async def test_only_admins_see_and_change_the_settings(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        admin, ben = harness.member("admin", admin=True), harness.member("ben")
        assert said(await ben.says("/settings")).text == "Only admins can do that in this group."
        assert "/settings is for groups" in said(await harness.person("ben").says("/settings")).text
        card = said(await admin.says("/settings"))
        assert "• Everyone can use me." in card.text
        assert (await ben.presses(card, "Only admins")).notice == "Only admins can do that in this group."
        card = await _pressed(admin, card, "Only admins")
        assert "• Only admins can use me." in card.text
        assert said(await ben.sends(portrait_jpeg(), "/style 0")).text == "Only admins can do that in this group."
        assert await admin.sends(portrait_jpeg(), "/style 0") is None
        card = await _pressed(admin, card, "👥 Everyone")
        assert await ben.sends(portrait_jpeg(shade=7), "/style 0") is None
        card = await _pressed(admin, card, "Switch off")
        assert "switched off" in card.text
        assert "switched me off here" in said(await ben.sends(portrait_jpeg(shade=9), "/style 0")).text


async def _pressed(user: ChatUser, card: Card, label: str) -> Card:
    """The edited card after a press."""
    return said((await user.presses(card, label)).edit)


async def test_a_cooldown_allows_a_whole_album_and_denies_the_next_request(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        admin, ben = harness.member("admin", admin=True), harness.member("ben")
        assert "At least 2 minutes between" in said(await admin.says("/settings cooldown 120")).text
        album = tuple(file(portrait_jpeg(shade=shade)) for shade in (1, 90))
        assert await ben.says("/style 0", attachments=album) is None
        assert (
            "before your next picture in this group" in said(await ben.sends(portrait_jpeg(shade=50), "/style 0")).text
        )


async def test_admins_switch_the_styles_of_a_group_one_by_one(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        admin, ben = harness.member("admin", admin=True), harness.member("ben")
        styles = await _pressed(admin, said(await admin.says("/settings")), "🎨 Styles")
        assert labels(styles)[0] == "✅ 0 · Retro comic"
        styles = await _pressed(admin, styles, "Retro comic")
        assert labels(styles)[0] == "⬜ 0 · Retro comic"
        assert "doesn't use that style" in said(await ben.sends(portrait_jpeg(), "/style 0")).text
        styles = await _pressed(admin, styles, "Style pictures")
        await ben.sends(portrait_jpeg(), "/style")
        draft = await ben.sees("Which style would")
        assert labels(draft)[0] == "Anime"
        styles = await _pressed(admin, await _pressed(admin, styles, "Retro comic"), "Style pictures")
        back = await _pressed(admin, styles, "Back")
        assert "• All styles can be used." in back.text


async def test_a_photo_of_somebody_else_waits_for_their_consent(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.member("anna"), harness.member("ben")
        await anna.says("/style 0", replied=file(portrait_jpeg(), ben.person))
        card = await anna.sees("may I repaint it?")
        assert card.mention is not None
        assert card.mention.platform_id == "ben"
        assert (await harness.app.services.queries.quota(anna.person)).reserved == 0
        denied = await harness.member("cleo").presses(card, "Yes")
        assert denied.notice == "Only the person whose photo this is can answer that."
        assert (await anna.presses(card, "Yes")).alert
        assert (await ben.presses(card, "Yes")).notice == "Thank you! It goes into the queue."
        assert (await anna.picture()).text == "🎨 Retro comic"
        assert (await harness.app.services.queries.quota(anna.person)).used == 1
        assert "already moved on" in (await ben.presses(card, "No")).notice


async def test_consent_names_both_people_and_comes_before_the_style(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.member("anna"), harness.member("ben")
        named = [
            replace(one, person=replace(one.person, name=name)) for one, name in ((anna, "Anna"), (ben, "Ber\ntil"))
        ]
        await named[0].says("/style", replied=file(portrait_jpeg(), named[1].person))
        card = await anna.sees("Ber til: Anna would like to paint your photo. May they?")
        assert card.mention is not None
        assert (card.mention.text, card.mention.platform_id) == ("Ber til", "ben")
        assert labels(card) == ["👍 Yes, paint it", "👎 No", "✖ Cancel"]
        assert (await ben.presses(card, "Yes")).notice == "Thank you! Now they can choose a style."
        await anna.presses(await anna.sees("Which style"), "Anime")
        assert (await anna.picture()).text == "🎨 Anime"
        async with harness.app.services.database.read() as connection:
            job = await jobs.get(connection, 1)
        assert job is not None
        assert (job.consent, job.asker_name, job.subject_name) == ("given", None, None)


async def test_refused_consent_deletes_the_photo_and_costs_nothing(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.member("anna"), harness.member("ben", "zh")
        await anna.says("/style 0", replied=file(portrait_jpeg(), ben.person))
        card = await anna.sees("may I repaint it?")
        assert (await ben.presses(card, "No")).notice == "好的，照片已删除。"
        ended = await anna.sees("said no")
        assert "quota" not in ended.text
        [view] = await harness.app.services.queries.history(anna.person)
        assert (view.state, view.has_photo) == (State.FAILED, False)


async def test_no_consent_is_asked_for_when_the_setting_is_off(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        admin, anna, ben = harness.member("admin", admin=True), harness.member("anna"), harness.member("ben")
        await _pressed(admin, said(await admin.says("/settings")), "Don't ask for consent")
        await anna.says("/style 0", replied=file(portrait_jpeg(), ben.person))
        await anna.picture()


async def test_units_can_be_given_to_the_group_and_quota_shows_them(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, daily_free_images=3) as harness:
        anna, ben = harness.member("anna"), harness.member("ben")
        assert said(await anna.says("/give")).text == "How many? Please send a whole number, one or more."
        assert "You don't have that many" in said(await anna.says("/give 9")).text
        thanks = said(await anna.says("/give 2", source="test:gift"))
        assert thanks.text.startswith("Thank you for 2 pictures!\nThis group now has 2 credits")
        assert said(await anna.says("/give 2", source="test:gift")).text == thanks.text
        quota = said(await anna.says("/quota")).text
        assert "You have 1 of 3 pictures left today." in quota
        assert "2 given to groups." in quota
        assert "This group has 2 credits." in quota
        for shade in range(5):
            await ben.sends(portrait_jpeg(shade=shade * 40), "/style 0")
        await ben.picture(5)
        assert "credit" not in said(await ben.says("/quota")).text  # all are used up
        assert "group" in said(await harness.person("anna").says("/give 1")).text


_STYLES_BUTTON = 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_settings_button_sets_a_valid_value(language: str) -> None:
    """Pressing a button repeatedly cycles through its values and returns to the first."""
    person = replace(ANNA, language=language)
    for place in range(8):
        seen, settings = set(), GroupSettings()
        for _ in range(20):
            card = settings_card(settings, person)
            assert len(card.text) <= 1024
            button = [button for row in card.buttons for button in row][place]
            assert len(button.label) <= 40
            press = ChangeSetting.unpack(button.data)
            assert press is not None
            if place == _STYLES_BUTTON:
                assert press.field is SettingField.PAGE
                break
            settings = patch_of_press(press).apply(settings)
            assert is_valid(settings)
            seen.add(settings)
        assert place == _STYLES_BUTTON or (GroupSettings() in seen and len(seen) >= 2)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("off", {"enabled": False}),
        ("limit 35", {"daily_limit": 35}),
        ("limit off", {"daily_limit": None}),
        ("cooldown 90", {"cooldown_seconds": 90}),
        ("quiet 22:30-06:45", {"quiet_from": 22 * 60 + 30, "quiet_to": 6 * 60 + 45}),
        ("quiet off", {"quiet_from": None, "quiet_to": None}),
        ("delete 12", {"delete_cards_after_hours": 12.0}),
        ("who admins", {"who": "admins"}),
        ("consent off", {"ask_consent": False}),
        ("styles all", {"styles": None}),
        ("styles 0, anime,ref", {"styles": frozenset({0, 2, REFERENCE})}),
    ],
)
def test_settings_can_be_written_as_text(text: str, changes: dict[str, Any]) -> None:
    assert patch_of_text(text, STYLES) == GroupSettingsPatch(**changes)


@pytest.mark.parametrize("text", ["limit", "limit many", "quiet late", "styles nonsense", "dance", "limit 9999999999"])
def test_text_that_cannot_be_parsed_changes_nothing(text: str) -> None:
    assert patch_of_text(text, STYLES) is None


async def test_values_out_of_bounds_are_refused(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        admin = harness.member("admin", admin=True)
        for text in ("delete 100", "cooldown 999999", "quiet 25:00-26:00", "dance"):
            assert said(await admin.says(f"/settings {text}")).text == (
                "That isn't a valid setting. Please try another value."
            )
        unknown_setting = "rule:99:1"
        card = said(await admin.says("/settings"))
        assert (await admin.presses_data(card, unknown_setting)).alert
        assert (await admin.presses_data(card, ChangeSetting(SettingField.COOLDOWN, 10**9).pack())).alert


def test_switching_a_style_off_and_on_again_allows_all() -> None:
    some = toggle_style(None, 0, STYLES, on=False)
    assert some is not None
    assert 0 not in some
    assert REFERENCE in some
    assert SHEET.index not in some
    assert toggle_style(some, 0, STYLES, on=True) is None
    assert toggle_style(None, 99, STYLES, on=True) is None


def test_every_style_has_a_switch_on_its_page() -> None:
    shown = []
    for page in range(1 + page_of(REFERENCE, STYLES)):
        card = styles_card(GroupSettings(), STYLES, ANNA, page=page)
        here = [press.style for press in presses(card) if isinstance(press, SwitchStyle)]
        assert all(page_of(index, STYLES) == page for index in here)
        shown += here
    assert set(shown) == {*(style.index for style in STYLES), REFERENCE}
    assert NONE < 0

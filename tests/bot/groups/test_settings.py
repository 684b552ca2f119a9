"""Group settings: which requests they allow, exact limits, and moving a group to a new id."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.app import Installation
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.domain.styles import REFERENCE
from bot.groups.settings import GroupSettings, GroupSettingsPatch, check_group_request, is_valid, quiet_until
from bot.jobs.request import JobRequest, StyleChoice
from bot.messaging.platform import Chat
from tests.conftest import SHARED_LOOP
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.harness.app import ANNA, BEN, accepted, ended, private, running_app
from tests.harness.requests import (
    a_group,
    a_person,
    a_photo,
    access_error,
    audit,
    reason,
    rows,
    stored_keys,
    submit_request,
)
from tests.harness.rows import NOON

DEFAULTS = GroupSettings()
MIDNIGHT = NOON - 12 * 3600
MINUTE = 60.0


def denial(settings: GroupSettings, **how: object) -> UserError | None:
    arguments = {"style": 0, "by_admin": False, "last_request_at": None, "requests_today": 0, "now": NOON, **how}
    return check_group_request(settings, **arguments)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("settings", "how", "refused"),
    [
        (DEFAULTS, {}, None),
        (replace(DEFAULTS, enabled=False), {"by_admin": True}, ErrorCode.GROUP_OFF),
        (replace(DEFAULTS, enabled=False), {"style": None}, ErrorCode.GROUP_OFF),
        (replace(DEFAULTS, who="admins"), {}, ErrorCode.GROUP_ADMINS_ONLY),
        (replace(DEFAULTS, who="admins"), {"by_admin": True}, None),
        (replace(DEFAULTS, styles=frozenset({2, 5})), {}, ErrorCode.GROUP_STYLE),
        (replace(DEFAULTS, styles=frozenset({2, 5})), {"style": 5}, None),
        (replace(DEFAULTS, styles=frozenset({2, 5})), {"style": REFERENCE}, ErrorCode.GROUP_STYLE),
        (replace(DEFAULTS, styles=frozenset({2, 5})), {"style": None}, None),
        (replace(DEFAULTS, cooldown_seconds=60), {"last_request_at": NOON - 59}, ErrorCode.GROUP_COOLDOWN),
        (replace(DEFAULTS, cooldown_seconds=60), {"last_request_at": NOON - 60}, None),
        (replace(DEFAULTS, cooldown_seconds=60), {"last_request_at": NOON + 9999}, None),  # the clock was set back
        (replace(DEFAULTS, cooldown_seconds=60), {"last_request_at": NOON - 1, "style": None}, None),
        (replace(DEFAULTS, daily_limit=3), {"requests_today": 2}, None),
        (replace(DEFAULTS, daily_limit=3), {"requests_today": 3}, ErrorCode.GROUP_LIMIT),
        (replace(DEFAULTS, daily_limit=0), {"by_admin": True}, ErrorCode.GROUP_LIMIT),
        (replace(DEFAULTS, quiet_from=11 * 60, quiet_to=13 * 60), {}, ErrorCode.GROUP_QUIET),
        (replace(DEFAULTS, quiet_from=13 * 60, quiet_to=11 * 60), {}, None),
        (replace(DEFAULTS, quiet_from=13 * 60, quiet_to=None), {}, None),
    ],
)
def test_a_request_is_checked_against_the_groups_settings(
    settings: GroupSettings, how: dict[str, object], refused: ErrorCode | None
) -> None:
    error = denial(settings, **how)
    assert (None if error is None else error.code) == refused


def test_denials_say_when_they_end() -> None:
    cooldown = denial(replace(DEFAULTS, cooldown_seconds=60), last_request_at=NOON - 20)
    limit = denial(replace(DEFAULTS, daily_limit=3), requests_today=3)
    quiet = denial(replace(DEFAULTS, quiet_from=11 * 60, quiet_to=12 * 60 + 30))
    assert cooldown == UserError(ErrorCode.GROUP_COOLDOWN, {"seconds": 40})
    assert limit == UserError(ErrorCode.GROUP_LIMIT, {"limit": 3, "until": MIDNIGHT + 86_400})
    assert quiet == UserError(ErrorCode.GROUP_QUIET, {"until": NOON + 30 * MINUTE})


@pytest.mark.parametrize(
    ("starts", "ends", "minute", "minutes_left"),
    [
        (60, 120, 59, None),
        (60, 120, 60, 60),
        (60, 120, 119, 1),
        (60, 120, 120, None),
        (22 * 60, 7 * 60, 21 * 60 + 59, None),
        (22 * 60, 7 * 60, 22 * 60, 9 * 60),
        (22 * 60, 7 * 60, 0, 7 * 60),
        (22 * 60, 7 * 60, 6 * 60 + 59, 1),
        (22 * 60, 7 * 60, 7 * 60, None),
        (0, 0, 0, None),
    ],
)
def test_quiet_hours_may_cross_midnight(starts: int, ends: int, minute: int, minutes_left: int | None) -> None:
    now = MIDNIGHT + minute * MINUTE
    until = quiet_until(replace(DEFAULTS, quiet_from=starts, quiet_to=ends), now)
    assert until == (None if minutes_left is None else pytest.approx(now + minutes_left * MINUTE))


@pytest.mark.parametrize(
    "changes",
    [
        {"cooldown_seconds": -1},
        {"cooldown_seconds": 86_401},
        {"daily_limit": -1},
        {"daily_limit": 10**9},
        {"styles": frozenset({99})},
        {"who": "nobody"},
        {"quiet_from": 1440, "quiet_to": 0},
        {"quiet_from": 60},
        {"delete_cards_after_hours": 0},
        {"delete_cards_after_hours": 48},
    ],
)
def test_values_out_of_bounds_are_invalid(changes: dict[str, object]) -> None:
    assert is_valid(DEFAULTS)
    assert not is_valid(replace(DEFAULTS, **changes))  # type: ignore[arg-type]  # by name


async def change(app: Installation, group: Chat, **changes: Any) -> GroupSettings:
    settings = await app.services.groups.change(group, GroupSettingsPatch(**changes), by_admin=True)
    assert isinstance(settings, GroupSettings), settings
    return settings


@SHARED_LOOP
async def test_only_admins_change_settings_and_a_patch_leaves_the_rest(app: Installation) -> None:
    group, groups = a_group(), app.services.groups
    assert await groups.settings(group) == DEFAULTS
    first = await change(app, group, styles=frozenset({2, 5}), quiet_from=0, quiet_to=420)
    second = await change(app, group, daily_limit=9, delete_cards_after_hours=1.5, ask_consent=False)
    assert second == replace(first, daily_limit=9, delete_cards_after_hours=1.5, ask_consent=False)
    assert await groups.settings(group) == second
    assert (
        reason(await groups.change(group, GroupSettingsPatch(enabled=False), by_admin=False))
        == ErrorCode.GROUP_ADMINS_ONLY
    )
    assert (
        reason(await groups.change(group, GroupSettingsPatch(cooldown_seconds=-5), by_admin=True))
        == ErrorCode.SETTING_INVALID
    )
    assert await groups.settings(group) == second
    assert (await change(app, group, styles=None)).styles is None


@SHARED_LOOP
async def test_settings_belong_to_the_groups_platform_id(app: Installation) -> None:
    group = a_group()
    await change(app, Chat("test", group.platform_id), enabled=False)
    assert reason(await submit_request(app, a_person(), group)) == ErrorCode.GROUP_OFF


@SHARED_LOOP
async def test_concurrent_requests_are_accepted_exactly_up_to_the_daily_limit(app: Installation) -> None:
    group = a_group()
    await change(app, group, daily_limit=7)
    crowd = [a_person() for _ in range(25)] * 2
    answers = await asyncio.gather(*(submit_request(app, person, group) for person in crowd))
    accepted_views = [answer for answer in answers if isinstance(answer, JobView)]
    assert len(accepted_views) == 7
    assert {reason(answer) for answer in answers if isinstance(answer, UserError)} == {ErrorCode.GROUP_LIMIT}
    assert (await rows(app, "SELECT used + reserved FROM quota WHERE scope LIKE 'group:%'"))[-1] == (7,)
    await audit(app)


async def test_cancelled_and_repeated_requests_do_not_count_towards_the_limit(tmp_path: Path) -> None:
    go, group = tmp_path / "go", a_group()
    async with running_app(tmp_path, engine=quick_engine(until=go)) as app:
        await change(app, group, daily_limit=1)
        photo = a_photo()
        first = accepted(await submit_request(app, ANNA, group, photo=photo))
        assert reason(await submit_request(app, BEN, group)) == ErrorCode.GROUP_LIMIT
        await app.services.jobs.cancel(ANNA, first.id)
        second = accepted(await submit_request(app, BEN, group, photo=photo))
        go.touch()
        await ended(app, BEN, second.id)
        assert reason(await submit_request(app, BEN, group)) == ErrorCode.GROUP_LIMIT
        await change(app, group, daily_limit=2)
        again = accepted(await submit_request(app, BEN, group, photo=photo))
        assert again.state is State.STORED
        accepted(await submit_request(app, BEN, group))  # the free repeat did not use the second unit
        await audit(app)


@SHARED_LOOP
async def test_a_cooldown_is_per_person_and_an_album_is_one_request(app: Installation) -> None:
    group, anna, ben = a_group(), a_person(), a_person()
    await change(app, group, cooldown_seconds=3600)
    accepted(await submit_request(app, anna, group))
    accepted(await submit_request(app, anna, group, in_album=True))
    refused = await submit_request(app, anna, group)
    assert reason(refused) == ErrorCode.GROUP_COOLDOWN
    accepted(await submit_request(app, ben, group))
    accepted(await submit_request(app, anna, a_group()))


@SHARED_LOOP
async def test_a_group_that_is_off_accepts_no_photo(app: Installation) -> None:
    group, anna, services = a_group(), a_person(), app.services
    draft = accepted(await services.jobs.draft(JobRequest(anna, group, f"{group.platform_id}:1", photo=a_photo())))
    kept = await stored_keys(app, anna)
    await change(app, group, enabled=False)
    assert reason(await access_error(services, anna, group)) == ErrorCode.GROUP_OFF
    assert reason(await submit_request(app, anna, group)) == ErrorCode.GROUP_OFF
    refused = await services.jobs.draft(JobRequest(anna, group, f"{group.platform_id}:2", photo=a_photo()))
    assert reason(refused) == ErrorCode.GROUP_OFF
    assert (
        reason(
            await services.jobs.choose_style(
                JobRequest(anna, private(anna), "test:press", style=StyleChoice(0)), draft.id
            )
        )
        == ErrorCode.GROUP_OFF
    )
    assert await stored_keys(app, anna) == kept
    await change(app, group, enabled=True)
    assert (
        accepted(
            await services.jobs.choose_style(
                JobRequest(anna, private(anna), "test:press", style=StyleChoice(0)), draft.id
            )
        ).state
        is State.QUEUED
    )


@SHARED_LOOP
async def test_others_are_denied_where_only_admins_may_make_requests(app: Installation) -> None:
    group, anna = a_group(), a_person()
    await change(app, group, who="admins")
    assert reason(await submit_request(app, anna, group)) == ErrorCode.GROUP_ADMINS_ONLY
    assert reason(await access_error(app.services, anna, group)) == ErrorCode.GROUP_ADMINS_ONLY
    assert await access_error(app.services, anna, group, by_admin=True) is None
    first = accepted(await submit_request(app, anna, group, by_admin=True))
    again = await app.services.jobs.repeat(
        JobRequest(anna, group, f"{group.platform_id}:again", style=StyleChoice(2)), first.id
    )
    assert reason(again) == ErrorCode.GROUP_ADMINS_ONLY


@SHARED_LOOP
async def test_group_settings_do_not_apply_in_private_chats(app: Installation) -> None:
    anna = a_person()
    private = Chat("test", anna.platform_id)
    assert await access_error(app.services, anna, private) is None
    accepted(await submit_request(app, anna, private, style=9))
    counted = "SELECT 1 FROM quota q JOIN chat c ON q.scope = 'group:' || c.id WHERE c.platform_id = :chat"
    assert await rows(app, counted, chat=anna.platform_id) == []


@SHARED_LOOP
async def test_a_group_that_moves_keeps_all_its_data(app: Installation) -> None:
    old, new, anna = a_group(), a_group(), a_person()
    service = app.services
    settings = await change(app, old, daily_limit=5, who="admins")
    await service.credits.grant(anna, 10, "a gift", f"grant {old.platform_id}")
    assert await service.credits.give_to_group(anna, old, 24, f"gift {old.platform_id}") == 24
    saved = await service.saved_styles.save(anna, "Waves", a_photo(), library=old, by_admin=True)
    job = accepted(await submit_request(app, anna, old, by_admin=True))
    await service.groups.migrate(old, new)
    await service.groups.migrate(old, new)
    assert await service.groups.settings(new) == settings
    assert await service.groups.settings(old) == DEFAULTS
    assert await service.credits.group_balance(new) == 24
    assert await service.saved_styles.of_group(new) == (saved,)
    (card,) = await rows(
        app,
        "SELECT c.platform_id, j.message_id FROM job j JOIN chat c ON c.id = j.chat_id WHERE j.id = :id",
        id=job.id,
    )
    assert card == (new.platform_id, None)
    await audit(app)


@SHARED_LOOP
async def test_data_stored_under_the_new_id_before_the_move_is_merged(
    app: Installation,
) -> None:
    old, new, anna, ben = a_group(), a_group(), a_person(), a_person()
    service = app.services
    for group, person in ((old, anna), (new, ben)):
        accepted(await submit_request(app, person, group))
        assert await service.credits.give_to_group(person, group, 3, f"gift {group.platform_id}") == 3
        await service.saved_styles.save(person, "Waves", a_photo(), library=group, by_admin=True)
    settings = await change(app, new, daily_limit=8)
    await service.groups.migrate(old, new)
    assert await service.groups.settings(new) == settings
    assert await service.credits.group_balance(new) == 6
    assert [style.name for style in await service.saved_styles.of_group(new)] == ["Waves", "Waves"]
    jobs = "SELECT COUNT(*) FROM job j JOIN chat c ON c.id = j.chat_id WHERE c.platform_id = :group"
    assert await rows(app, jobs, group=new.platform_id) == [(2,)]
    await audit(app)

"""Requests with other people's photos: consent, refusal and opting out."""

import asyncio
from pathlib import Path
from typing import Any

from bot.app import Installation
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.groups.settings import GroupSettingsPatch
from bot.jobs.request import JobRequest, StyleChoice
from bot.messaging.platform import Chat, Person
from tests.conftest import SHARED_LOOP
from tests.fakes.dashscope.quick_engine import quick_engine
from tests.harness.app import ANNA, BEN, accepted, ended, private, running_app
from tests.harness.requests import a_group, a_person, a_photo, audit, reason, stored_keys, submit_request


async def waiting_for_consent(
    app: Installation, requester: Person, group: Chat, subject: Person, **how: Any
) -> JobView:
    """Submit a request that waits for the consent of the person in the photo."""
    view = accepted(await submit_request(app, requester, group, subject=subject, **how))
    assert (view.state, view.consent, view.style, view.subject) == (State.DRAFT, "asked", 0, subject.platform_id)
    return view


async def units_taken(app: Installation, person: Person) -> int:
    quota = await app.services.queries.quota(person)
    return quota.used + quota.reserved


@SHARED_LOOP
async def test_somebody_elses_photo_is_painted_only_with_their_consent(app: Installation) -> None:
    anna, ben, group, services = a_person(), a_person(), a_group(), app.services
    view = await waiting_for_consent(app, anna, group, ben)
    assert await units_taken(app, anna) == 0
    assert reason(await services.consent.answer(anna, view.id, allow=True)) == ErrorCode.NOT_FOUND
    assert (
        reason(await services.consent.answer(Person("other", ben.platform_id), view.id, allow=True))
        == ErrorCode.NOT_FOUND
    )
    allowed = accepted(await services.consent.answer(ben, view.id, allow=True))
    assert (allowed.state, allowed.consent) == (State.QUEUED, "given")
    assert (await ended(app, anna, view.id)).state is State.STORED
    assert await units_taken(app, anna) == 1
    assert await units_taken(app, ben) == 0
    assert reason(await services.consent.answer(ben, view.id, allow=False)) == ErrorCode.NOT_NOW
    again = accepted(
        await services.jobs.repeat(JobRequest(anna, private(anna), f"again {view.id}", style=StyleChoice(2)), view.id)
    )
    assert (again.state, again.consent) == (State.QUEUED, "given")  # they have agreed to this photo
    await audit(app)


@SHARED_LOOP
async def test_after_a_refusal_the_photo_is_deleted_and_nothing_is_charged(app: Installation) -> None:
    anna, ben, group, services = a_person(), a_person(), a_group(), app.services
    view = await waiting_for_consent(app, anna, group, ben)
    assert len(await stored_keys(app, anna)) == 1
    refused = accepted(await services.consent.answer(ben, view.id, allow=False))
    assert refused.state is State.FAILED
    assert refused.error == UserError(ErrorCode.CONSENT_REFUSED)
    assert await stored_keys(app, anna) == set()
    assert await units_taken(app, anna) == 0
    assert (
        reason(
            await services.jobs.repeat(
                JobRequest(anna, private(anna), f"again {view.id}", style=StyleChoice(2)), view.id
            )
        )
        == ErrorCode.NOT_NOW
    )
    await audit(app)


@SHARED_LOOP
async def test_consent_is_asked_before_the_style_which_can_still_change(app: Installation) -> None:
    anna, ben, group, services = a_person(), a_person(), a_group(), app.services
    source = f"{group.platform_id}:draft"
    draft = accepted(await services.jobs.draft(JobRequest(anna, group, source, photo=a_photo(), subject=ben)))
    assert (draft.consent, draft.style) == ("asked", None)
    assert (
        accepted(
            await services.jobs.choose_style(
                JobRequest(anna, private(anna), "test:press", style=StyleChoice(4)), draft.id
            )
        ).consent
        == "asked"
    )
    view = accepted(
        await services.jobs.choose_style(JobRequest(anna, private(anna), "test:press", style=StyleChoice(0)), draft.id)
    )
    assert (view.consent, view.style) == ("asked", 0)
    assert (
        reason(await services.jobs.redraft(JobRequest(anna, private(anna), f"{source}:2"), draft.id))
        == ErrorCode.NOT_NOW
    )
    accepted(await services.consent.answer(ben, draft.id, allow=True))
    assert (await ended(app, anna, draft.id)).style == 0


@SHARED_LOOP
async def test_nobody_is_asked_about_their_own_photo_or_where_the_group_has_turned_it_off(
    app: Installation,
) -> None:
    anna, ben, group = a_person(), a_person(), a_group()
    assert accepted(await submit_request(app, anna, group, subject=anna)).state is State.QUEUED
    await app.services.groups.change(group, GroupSettingsPatch(ask_consent=False), by_admin=True)
    assert accepted(await submit_request(app, anna, group, subject=ben)).state is State.QUEUED
    private = Chat("test", anna.platform_id)
    assert accepted(await submit_request(app, anna, private, subject=ben)).state is State.QUEUED


@SHARED_LOOP
async def test_people_who_opted_out_are_not_asked(app: Installation) -> None:
    anna, ben, group, privacy = a_person(), a_person(), a_group(), app.services.privacy
    await app.services.groups.change(group, GroupSettingsPatch(ask_consent=False), by_admin=True)
    assert not await privacy.has_opted_out("test", ben.platform_id)
    await privacy.opt_out(ben, out=True)
    assert await privacy.has_opted_out("test", ben.platform_id)
    for chat in (group, a_group(), Chat("test", anna.platform_id)):
        assert reason(await submit_request(app, anna, chat, subject=ben)) == ErrorCode.OPTED_OUT
    assert await stored_keys(app, anna) == set()
    assert accepted(await submit_request(app, ben, group, subject=ben)).state is State.QUEUED
    await privacy.opt_out(ben, out=False)
    assert accepted(await submit_request(app, anna, group, subject=ben)).state is State.QUEUED


@SHARED_LOOP
async def test_an_opt_out_after_the_question_still_counts(app: Installation) -> None:
    anna, ben, group, services = a_person(), a_person(), a_group(), app.services
    view = await waiting_for_consent(app, anna, group, ben)
    await app.services.privacy.opt_out(ben, out=True)
    assert accepted(await services.consent.answer(ben, view.id, allow=True)).error == UserError(ErrorCode.OPTED_OUT)


@SHARED_LOOP
async def test_of_concurrent_answers_one_counts(app: Installation) -> None:
    anna, ben, group, services = a_person(), a_person(), a_group(), app.services
    view = await waiting_for_consent(app, anna, group, ben)
    answers = await asyncio.gather(
        *(services.consent.answer(ben, view.id, allow=number % 2 == 0) for number in range(8))
    )
    assert len([answer for answer in answers if isinstance(answer, JobView)]) == 1
    assert {reason(answer) for answer in answers if isinstance(answer, UserError)} == {ErrorCode.NOT_NOW}
    await audit(app)


async def test_consent_after_the_units_are_used_up_fails_the_job_with_that_reason(tmp_path: Path) -> None:
    go, group = tmp_path / "go", a_group()
    async with running_app(tmp_path, engine=quick_engine(until=go), daily_free_images=1) as app:
        view = await waiting_for_consent(app, ANNA, group, BEN)
        accepted(await submit_request(app, ANNA, group))
        answer = accepted(await app.services.consent.answer(BEN, view.id, allow=True))
        assert (answer.state, answer.error) == (State.FAILED, UserError(ErrorCode.QUOTA_USED_UP))
        await audit(app)


async def test_group_rules_are_checked_again_after_consent_except_admin_and_cooldown(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        group, change = a_group(), app.services.groups.change
        await change(group, GroupSettingsPatch(who="admins", cooldown_seconds=3600), by_admin=True)
        first = await waiting_for_consent(app, ANNA, group, BEN, by_admin=True)
        second = await waiting_for_consent(app, ANNA, group, BEN, by_admin=True)
        assert accepted(await app.services.consent.answer(BEN, first.id, allow=True)).state is State.QUEUED
        await change(group, GroupSettingsPatch(enabled=False), by_admin=True)
        assert accepted(await app.services.consent.answer(BEN, second.id, allow=True)).error == UserError(
            ErrorCode.GROUP_OFF
        )

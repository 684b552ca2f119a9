"""Saved styles: kept until removed, found by name, used by jobs, shared by a link, limited in number."""

import asyncio
import io
from pathlib import Path

from PIL import Image

from bot.app import Installation
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import State
from bot.domain.styles import REFERENCE, SavedStyle
from bot.jobs.request import JobRequest, StyleChoice, like_saved
from bot.jobs.retention import Retention
from bot.messaging.platform import Person
from bot.saved_styles.service import MAX_OWN
from tests.conftest import SHARED_LOOP
from tests.harness.app import ANNA, accepted, ended, private, running_app
from tests.harness.requests import ManualClock, a_group, a_person, a_photo, audit, reason, stored_keys, submit_request
from tests.harness.rows import NOON


async def saved(app: Installation, person: Person, name: str, picture: bytes | None = None) -> SavedStyle:
    style = await app.services.saved_styles.save(person, name, picture or a_photo())
    assert isinstance(style, SavedStyle), style
    return style


def comment(jpeg: bytes) -> str:
    """What the quick engine was asked for."""
    return str(Image.open(io.BytesIO(jpeg)).info["comment"])


@SHARED_LOOP
async def test_a_saved_style_paints_and_its_name_is_on_the_job(app: Installation) -> None:
    anna, services = a_person(), app.services
    style = await saved(app, anna, "  Great\tWave ")
    assert style.name == "Great Wave"
    assert await app.services.saved_styles.find(anna, private(anna), "great wave") == style
    view = accepted(await submit_request(app, anna, private(anna), REFERENCE, saved=style.id))
    assert view.reference_name == "Great Wave"
    assert (await ended(app, anna, view.id)).state is State.STORED
    painted = await services.queries.result(anna, view.id)
    assert painted is not None
    assert "reference=True" in comment(painted)
    assert reason(await submit_request(app, anna, private(anna), 0, saved=style.id)) == ErrorCode.STYLE_INVALID


@SHARED_LOOP
async def test_a_draft_takes_a_saved_style_and_a_saved_style_waits_for_its_photo(app: Installation) -> None:
    anna, services = a_person(), app.services
    style = await saved(app, anna, "Waves")
    draft = accepted(
        await services.jobs.draft(JobRequest(anna, private(anna), f"{anna.platform_id}:1", photo=a_photo()))
    )
    chosen = accepted(
        await services.jobs.choose_style(
            JobRequest(anna, private(anna), "test:press", style=like_saved(style.id)), draft.id
        )
    )
    assert (chosen.state, chosen.style, chosen.reference_name) == (State.QUEUED, REFERENCE, "Waves")
    waits = accepted(
        await services.jobs.draft(JobRequest(anna, private(anna), f"{anna.platform_id}:2", style=like_saved(style.id)))
    )
    assert (waits.state, waits.has_photo, waits.reference_name) == (State.DRAFT, False, "Waves")
    met = accepted(await services.jobs.draft(JobRequest(anna, private(anna), f"{anna.platform_id}:3", photo=a_photo())))
    assert (met.state, met.reference_name) == (State.QUEUED, "Waves")
    await ended(app, anna, met.id)
    other = accepted(
        await services.jobs.repeat(
            JobRequest(anna, private(anna), f"{anna.platform_id}:4", style=StyleChoice(2)), met.id
        )
    )
    assert (other.style, other.reference_name) == (2, None)
    back = accepted(
        await services.jobs.repeat(
            JobRequest(anna, private(anna), f"{anna.platform_id}:5", style=like_saved(style.id)), met.id
        )
    )
    assert (back.style, back.reference_name) == (REFERENCE, "Waves")


@SHARED_LOOP
async def test_styles_of_other_people_are_not_found(app: Installation) -> None:
    anna, ben, service = a_person(), a_person(), app.services.saved_styles
    style = await saved(app, anna, "Waves")
    assert await service.of_person(ben) == ()
    assert await service.picture(ben, private(ben), style.id) is None
    assert await service.find(ben, private(ben), "Waves") is None
    kept = await stored_keys(app, ben)
    assert reason(await submit_request(app, ben, private(ben), REFERENCE, saved=style.id)) == ErrorCode.STYLE_GONE
    assert await stored_keys(app, ben) == kept
    assert reason(await service.rename(ben, style.id, "Mine")) == ErrorCode.STYLE_GONE
    assert reason(await service.remove(ben, style.id)) == ErrorCode.STYLE_GONE
    assert reason(await service.share_token(ben, style.id)) == ErrorCode.STYLE_GONE
    assert await service.of_person(anna) == (style,)


@SHARED_LOOP
async def test_names_are_unique_for_each_person_however_they_are_written(app: Installation) -> None:
    anna, ben, service = a_person(), a_person(), app.services.saved_styles
    waves = await saved(app, anna, "Great Wave")
    fuji = await saved(app, anna, "Fuji")
    kept = await stored_keys(app, anna)
    assert reason(await service.save(anna, "great-wave", a_photo())) == ErrorCode.NAME_TAKEN
    assert reason(await service.rename(anna, fuji.id, "GREATWAVE")) == ErrorCode.NAME_TAKEN
    assert reason(await service.rename(anna, fuji.id, "Comic")) == ErrorCode.NAME_TAKEN
    assert reason(await service.save(anna, "Not a picture", b"not a picture")) == ErrorCode.NOT_A_PICTURE
    assert await stored_keys(app, anna) == kept
    renamed = await service.rename(anna, waves.id, "the Great Wave")
    assert isinstance(renamed, SavedStyle)
    assert [style.name for style in await service.of_person(anna)] == ["Fuji", "the Great Wave"]
    await saved(app, ben, "Fuji")


@SHARED_LOOP
async def test_a_removed_style_is_gone_with_its_bytes_but_not_from_jobs_that_use_it(app: Installation) -> None:
    anna, service = a_person(), app.services.saved_styles
    style = await saved(app, anna, "Waves")
    view = accepted(await submit_request(app, anna, private(anna), REFERENCE, saved=style.id))
    assert await service.remove(anna, style.id) is None
    assert not {key for key in await stored_keys(app, anna) if key.startswith("style/")}
    assert reason(await service.remove(anna, style.id)) == ErrorCode.STYLE_GONE
    assert (await ended(app, anna, view.id)).state is State.STORED


@SHARED_LOOP
async def test_the_same_picture_under_two_names_stays_until_both_are_removed(app: Installation) -> None:
    anna, service, picture = a_person(), app.services.saved_styles, a_photo()
    first, second = await saved(app, anna, "One", picture), await saved(app, anna, "Two", picture)
    await service.remove(anna, first.id)
    assert await service.picture(anna, None, second.id) is not None
    await service.remove(anna, second.id)
    assert await stored_keys(app, anna) == set()


@SHARED_LOOP
async def test_forty_concurrent_saves_keep_exactly_the_limit(app: Installation) -> None:
    anna, service, picture = a_person(), app.services.saved_styles, a_photo()
    answers = await asyncio.gather(*(service.save(anna, f"Style {n} of mine", picture) for n in range(40)))
    assert len([answer for answer in answers if isinstance(answer, SavedStyle)]) == MAX_OWN
    refused = [answer for answer in answers if isinstance(answer, UserError)]
    assert refused == [UserError(ErrorCode.SAVED_STYLES_FULL, {"limit": MAX_OWN})] * 10
    assert len(await service.of_person(anna)) == MAX_OWN


@SHARED_LOOP
async def test_a_library_is_kept_by_admins_and_used_by_everybody_in_the_group(app: Installation) -> None:
    anna, ben, group, service = a_person(), a_person(), a_group(), app.services.saved_styles
    assert reason(await service.save(anna, "House", a_photo(), library=group)) == ErrorCode.GROUP_ADMINS_ONLY
    style = await service.save(anna, "House", a_photo(), library=group, by_admin=True)
    assert isinstance(style, SavedStyle)
    assert style.in_library
    assert await service.of_group(group) == (style,)
    assert await service.of_person(anna) == ()
    assert await service.find(ben, group, "house") == style
    assert await service.picture(ben, group, style.id) is not None
    view = accepted(await submit_request(app, ben, group, REFERENCE, saved=style.id))
    assert view.reference_name == "House"
    elsewhere = a_group()
    assert reason(await submit_request(app, ben, elsewhere, REFERENCE, saved=style.id)) == ErrorCode.STYLE_GONE
    assert reason(await submit_request(app, ben, private(ben), REFERENCE, saved=style.id)) == ErrorCode.STYLE_GONE
    assert reason(await service.remove(ben, style.id, chat=group)) == ErrorCode.STYLE_GONE
    assert reason(await service.remove(ben, style.id, chat=elsewhere, by_admin=True)) == ErrorCode.STYLE_GONE
    assert await service.remove(ben, style.id, chat=group, by_admin=True) is None
    assert await service.of_group(group) == ()
    await ended(app, ben, view.id)
    await audit(app)


@SHARED_LOOP
async def test_an_own_style_comes_before_a_library_style_of_the_same_name(app: Installation) -> None:
    anna, group, service = a_person(), a_group(), app.services.saved_styles
    await service.save(anna, "Waves", a_photo(), library=group, by_admin=True)
    own = await saved(app, anna, "Waves")
    assert await service.find(anna, group, "waves") == own


@SHARED_LOOP
async def test_a_link_gives_others_a_copy_of_their_own(app: Installation) -> None:
    anna, ben, service = a_person(), a_person(), app.services.saved_styles
    style = await saved(app, anna, "Waves")
    token = await service.share_token(anna, style.id)
    assert isinstance(token, str)
    assert await service.share_token(anna, style.id) == token
    assert len(token) == 22
    shared = await service.by_token(token)
    assert shared is not None
    assert (shared.name, shared.is_shared) == ("Waves", True)
    assert await service.picture_by_token(token) == await service.picture(anna, None, style.id)
    copy = await service.adopt(ben, token)
    assert isinstance(copy, SavedStyle)
    assert await service.adopt(ben, token) == copy
    assert await service.adopt(anna, token) == shared
    await service.remove(anna, style.id)
    assert await service.picture(ben, None, copy.id) is not None
    assert await service.by_token(token) is None
    assert reason(await service.adopt(ben, token)) == ErrorCode.STYLE_GONE


@SHARED_LOOP
async def test_a_copy_gets_a_numbered_name_when_its_name_is_taken(app: Installation) -> None:
    ben, service = a_person(), app.services.saved_styles
    for giver in (a_person(), a_person(), a_person()):
        token = await service.share_token(giver, (await saved(app, giver, "Waves")).id)
        assert isinstance(token, str)
        await service.adopt(ben, token)
    assert [style.name for style in await service.of_person(ben)] == ["Waves", "Waves 2", "Waves 3"]


@SHARED_LOOP
async def test_unknown_or_malformed_tokens_find_nothing(app: Installation) -> None:
    service = app.services.saved_styles
    for token in ("", "x" * 22, "../../../etc/passwd", "é" * 22, "0" * 10_000, "' OR 1=1 --"):
        assert await service.by_token(token) is None
        assert await service.picture_by_token(token) is None


async def test_saved_styles_are_not_removed_by_retention(tmp_path: Path) -> None:
    day = ManualClock(NOON)
    async with running_app(tmp_path, clock=day.clock()) as app:
        style = await saved(app, ANNA, "Waves")
        view = accepted(await submit_request(app, ANNA, private(ANNA), REFERENCE, saved=style.id))
        await ended(app, ANNA, view.id)
        day.time += 400 * 86_400
        await Retention(app.services.database, app.services.photo_intake.photos, app.services.clock).sweep()
        assert {key.split("/")[0] for key in await stored_keys(app, ANNA)} == {"style"}
        assert await app.services.saved_styles.picture(ANNA, None, style.id) is not None


async def test_banned_people_cannot_save_styles(tmp_path: Path) -> None:
    async with running_app(tmp_path) as app:
        await app.services.admin.ban(ANNA)
        assert reason(await app.services.saved_styles.save(ANNA, "Waves", a_photo())) == ErrorCode.BANNED
        assert await stored_keys(app, ANNA) == set()

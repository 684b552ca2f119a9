"""Requests and pictures in a chat: /again, history, before and after, surprise, edited captions."""

import io
from pathlib import Path

from PIL import Image

from bot.domain.job_view import State
from bot.domain.styles import REFERENCE
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.chat import chat_harness, file, hidden_photo, labels, said
from tests.harness.pictures import quarters


async def test_again_repeats_the_last_photo_with_another_seed_or_style(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        assert "no photo to paint again" in said(await anna.says("/again")).text
        await anna.sends(portrait_jpeg(), "/style 0")
        first = await anna.picture()
        assert await anna.says("/again") is None
        second = await anna.picture(2)
        assert first.picture and second.picture
        assert second.text == first.text == "🎨 Retro comic"
        assert second.picture.jpeg != first.picture.jpeg
        await anna.says("/again anime")
        assert (await anna.picture(3)).text == "🎨 Anime"
        assert "Did you mean “Anime”" in said(await anna.says("/again anmie")).text
        quota = await harness.app.services.queries.quota(anna.person)
        assert (quota.used, quota.reserved) == (3, 0)


async def test_the_history_lists_jobs_and_opens_each_picture(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.person("anna"), harness.person("ben")
        assert said(await anna.says("/history")).text == "Nothing yet. Send me a photo to start."
        for number, style in enumerate((0, 2, 4, 5, 7, 9, 32, 2)):
            await anna.sends(portrait_jpeg(shade=number * 20), f"/style {style}")
        await anna.picture(8)
        page = said(await anna.says("/history"))
        assert page.text.startswith("Your last 8 pictures:\n\n1. Anime · ")
        assert labels(page)[-3:] == ["◀", "1/2", "▶"]
        assert (await ben.presses(page, "▶")).notice == "This button is for somebody else."
        turned = (await anna.presses(page, "▶")).edit
        assert turned is not None
        assert turned.text.splitlines()[2].startswith("7. Anime · ")
        opened = (await anna.presses(turned, "🖼 8")).card
        assert opened is not None
        assert opened.picture
        assert opened.text == "🎨 Retro comic"
        assert "🔁 Again" in labels(opened)
        assert "belongs to somebody else" in (await ben.presses(turned, "🖼 8")).notice


async def test_photo_and_picture_are_shown_side_by_side(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna", "zh")
        await anna.sends(portrait_jpeg(400, 500), "/style 0")
        card = await anna.picture()
        answer = await anna.presses(card, "前后对比")
        assert answer.card
        assert answer.card.picture
        assert answer.card.text == "◧ 复古漫画"
        with Image.open(io.BytesIO(answer.card.picture.jpeg)) as both:
            assert both.width > 1.4 * both.height  # two upright pictures beside each other


async def test_surprise_me_picks_an_unused_style(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        first = harness.app.services.queries.styles()[0]
        await anna.sends(portrait_jpeg(), f"/style {first.index}")
        await anna.picture()
        await anna.sends(portrait_jpeg(shade=99))
        draft = await anna.sees("Which style")
        assert (await anna.presses(draft, "Surprise me")).notice == ""
        await anna.picture(2)
        newest = (await harness.app.services.queries.history(anna.person))[0]
        assert newest.style == harness.app.services.queries.styles()[1].index


async def test_favourites_come_first_among_the_styles(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        for shade, style in ((1, 7), (50, 7), (100, 5)):
            await anna.sends(portrait_jpeg(shade=shade), f"/style {style}")
        await anna.picture(3)
        await anna.sends(portrait_jpeg(shade=200))
        draft = await anna.sees("Which style")
        assert labels(draft)[:3] == ["Colourful cartoon", "Chinese ink painting", "Retro comic"]


async def test_an_edited_caption_gives_a_draft_its_style(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        await anna.sends(portrait_jpeg(), "", source="test:edited", message_id="e")
        await anna.sees("Which style")
        photo = file(portrait_jpeg())
        assert (
            await anna.says("/style anime", attachments=(photo,), source="test:edited", message_id="e", edited=True)
            is None
        )
        assert (await anna.picture()).text == "🎨 Anime"
        await anna.says("/style anime", attachments=(photo,), source="test:edited", message_id="e", edited=True)
        assert len(await harness.app.services.queries.history(anna.person)) == 1


async def test_an_edited_caption_with_another_style_cancels_the_first_job(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        while not await harness.app.services.admin.pause():  # the account's row is created by its dispatcher
            await harness.app.services.clock.sleep(0.01)
        photo = file(portrait_jpeg())
        await anna.says("/style 0", attachments=(photo,), source="test:edited", message_id="e")
        await anna.says("/style 2", attachments=(photo,), source="test:edited", message_id="e", edited=True)
        anew, first = await harness.app.services.queries.history(anna.person)
        assert (first.style, first.state) == (0, State.CANCELED)
        assert (anew.style, anew.state) == (2, State.QUEUED)
        assert await anna.says("/quota", edited=True) is None


async def test_a_profile_photo_is_painted_by_me_or_by_a_reply(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.person("anna"), harness.person("ben")
        await anna.says("/style 2 me", profile_photo=file(portrait_jpeg(), anna.person))
        assert (await anna.picture()).text == "🎨 Anime"
        await anna.says("/style colourful cartoon me", profile_photo=file(portrait_jpeg(shade=9), anna.person))
        assert (await anna.picture(2)).text == "🎨 Colourful cartoon"
        await anna.says("/style 0", replied_profile_photo=file(portrait_jpeg(shade=70), ben.person))
        assert (await anna.picture(3)).text == "🎨 Retro comic"
        assert "can't see a profile photo" in said(await anna.says("/style 2 me", profile_photo=hidden_photo())).text
        assert "Which photo?" in said(await anna.says("/style 2 me")).text


async def test_a_photo_and_its_reference_can_be_sent_as_an_album(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        pictures = (file(portrait_jpeg()), file(quarters_jpeg()))
        await anna.says("/style ref", attachments=pictures)
        await anna.picture()
        [view] = await harness.app.services.queries.history(anna.person)
        assert view.style == REFERENCE


def quarters_jpeg() -> bytes:
    out = io.BytesIO()
    quarters(500, 500).save(out, "JPEG")
    return out.getvalue()


async def test_an_edited_caption_needs_no_second_unit(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, daily_free_images=1) as harness:
        anna = harness.person("anna")
        while not await harness.app.services.admin.pause():  # the account's row is created by its dispatcher
            await harness.app.services.clock.sleep(0.01)
        photo = file(portrait_jpeg())
        await anna.says("/style 0", attachments=(photo,), source="test:edited", message_id="e")
        assert (
            await anna.says("/style 2", attachments=(photo,), source="test:edited", message_id="e", edited=True) is None
        )
        jobs = await harness.app.services.queries.history(anna.person)
        assert {(job.style, job.state) for job in jobs} == {(0, State.CANCELED), (2, State.QUEUED)}
        quota = await harness.app.services.queries.quota(anna.person)
        assert (quota.used, quota.reserved, quota.left) == (0, 1, 0)

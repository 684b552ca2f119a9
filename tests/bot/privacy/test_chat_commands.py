"""Privacy commands in a chat: privacy, forget, export, optout, language."""

import io
import json
import zipfile
from contextlib import aclosing
from dataclasses import replace
from gettext import NullTranslations
from pathlib import Path

from bot.i18n import Texts
from bot.messaging.platform import Card, Document
from bot.privacy.chat_commands import language_chosen_text
from tests.fakes.dashscope.service import portrait_jpeg
from tests.harness.chat import chat_harness, file, labels, said


async def test_privacy_shows_what_is_stored_and_for_how_long(tmp_path: Path) -> None:
    async with chat_harness(tmp_path, original_hours=12, result_days=7) as harness:
        english = said(await harness.person("anna").says("/privacy")).text
        assert "• photos and style pictures: 12 hours" in english
        assert "• finished pictures: 7 days, or until you delete them" in english
        chinese = said(await harness.person("anna", "zh").says("/privacy")).text
        assert "• 照片和风格图：12 小时" in chinese


async def test_forget_asks_for_confirmation_and_says_what_was_deleted(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.person("anna"), harness.person("ben")
        await anna.sends(portrait_jpeg(), "/style 0")
        await anna.picture()
        await anna.sends(portrait_jpeg(500, 500), "/savestyle quilt")
        asked = said(await anna.says("/forget"))
        assert (await ben.presses(asked, "Yes")).notice == "This button is for somebody else."
        kept = (await anna.presses(asked, "Keep it")).edit
        assert kept == Card("Nothing was deleted.")
        assert len(await harness.app.services.queries.history(anna.person)) == 1

        gone = (await anna.presses(said(await anna.says("/forget")), "Yes")).edit
        assert gone is not None
        assert gone.text.splitlines() == [
            "Deleted for good:",
            "• 1 photo or style picture",
            "• 1 painted picture",
            "• 1 saved style",
            "• 1 entry in your history",
        ]
        assert said(await anna.says("/history")).text == "Nothing yet. Send me a photo to start."
        again = (await anna.presses(said(await anna.says("/forget")), "Yes")).edit
        assert again == Card("There was nothing of yours to delete.")


async def test_an_export_is_a_zip_of_all_data(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna")
        await anna.sends(portrait_jpeg(), "/style 0")
        await anna.picture()
        card = said(await anna.says("/export"))
        assert card.followups is not None
        async with aclosing(card.followups()) as documents:  # type: ignore[type-var]  # an async generator
            [document_card] = [document_card async for document_card in documents]
        assert isinstance(document_card.document, Document)
        with zipfile.ZipFile(io.BytesIO(document_card.document.data)) as archive:
            names = archive.namelist()
            assert sum(name.endswith(".jpg") for name in names) == 2
            for name in names:
                if name.endswith(".json"):
                    json.loads(archive.read(name))
        in_group = said(await harness.member("anna").says("/export"))
        assert in_group.followups is None
        assert "in private" in in_group.text


async def fail_to_read() -> bytes:
    """Reads a photo that must not be fetched."""
    raise AssertionError


async def test_photos_of_opted_out_people_are_refused_until_they_opt_in(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna, ben = harness.member("anna"), harness.member("ben", "zh")
        out = said(await ben.says("/optout"))
        assert "别人不能再让我画你的照片" in out.text
        photo = file(portrait_jpeg(), ben.person)
        unread = replace(photo, read=fail_to_read)
        refused = said(await anna.says("/style 0", replied=unread))
        assert refused.text == "The person who sent this photo doesn't want others to have it painted."
        for command in ("/ref", "/savestyle quilt"):
            assert said(await anna.says(command, replied=unread)).text == refused.text
        assert said(
            await anna.says("/style ref", replied=unread, attachments=(file(portrait_jpeg(shade=3)),))
        ).text == (refused.text)
        assert await ben.says("/style 0", attachments=(file(portrait_jpeg(), ben.person),)) is None
        assert (await anna.presses(out, "重新允许")).alert
        back = (await ben.presses(out, "重新允许")).edit
        assert back is not None
        assert labels(back) == ["不允许"]
        assert await anna.says("/style 0", replied=photo) is None
        assert "不能再" in said(await ben.says("/optout")).text
        assert "又可以" in said(await ben.says("/optout off")).text


async def test_the_language_can_be_chosen_and_reset_to_that_of_the_app(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna", "en")
        asked = said(await anna.says("/lang"))
        assert labels(asked) == ["English", "中文", "繁體中文", "The language of my app"]
        assert (await harness.person("ben").presses(asked, "中文")).alert
        assert (await anna.presses(asked, "中文")).edit == Card("以后我会和你说中文。")
        assert "今天还可以画" in said(await anna.says("/quota")).text
        await anna.sends(portrait_jpeg(), "/style 0")
        assert (await anna.picture()).text == "🎨 复古漫画"
        assert (await anna.presses(asked, "The language of my app")).edit == Card(
            "From now on I'll follow the language of your app."
        )
        assert "left today" in said(await anna.says("/quota")).text
        assert said(await anna.says("/lang 中文")).text == "以后我会和你说中文。"
        assert said(await anna.says("/lang zh-TW")).text == "以後我會和你說繁體中文。"
        assert said(await anna.says("/lang english")).text == "From now on I'll use English with you."


async def test_job_cards_also_return_to_the_language_of_the_app(tmp_path: Path) -> None:
    async with chat_harness(tmp_path) as harness:
        anna = harness.person("anna", "zh")
        asked = said(await anna.says("/lang en"))
        await anna.sends(portrait_jpeg(shade=1), "/style 0")
        assert (await anna.picture()).text == "🎨 Retro comic"
        asked = said(await anna.says("/lang"))
        answer = await anna.presses(asked, "The language of my app")
        assert answer.edit == Card("以后我会跟随你应用的语言。")
        await anna.sends(portrait_jpeg(shade=90), "/style 0")
        assert (await anna.picture(2)).text == "🎨 复古漫画"


class French(NullTranslations):
    """The start of a third catalogue."""

    def gettext(self, message: str) -> str:
        return {"From now on I'll use {language} with you.": "Désormais, je vous réponds en {language}."}[message]


def test_a_third_language_is_confirmed_by_its_own_name() -> None:
    assert language_chosen_text(Texts("fr", French())) == "Désormais, je vous réponds en français."
    assert language_chosen_text(Texts("de", NullTranslations())) == "From now on I'll use Deutsch with you."

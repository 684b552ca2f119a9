"""The catalogues: every text exists in every language, with the same placeholders."""

import io
import re
from collections.abc import Iterator
from gettext import NullTranslations
from importlib.resources import files

import pytest
from babel.messages import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.styles import SHEET, STYLES
from bot.i18n import LANGUAGES, TRADITIONAL, Texts, error_message, texts_for
from tests import ROOT
from tests.harness.traditional_chinese import origin, texts_of

NOON = 1_790_000_000.0


def msgids_in_code() -> set[tuple[str, ...]]:
    """Every msgid (or singular and plural) that the code passes to gettext, ngettext or mark."""
    keywords = {"gettext": None, "ngettext": (1, 2), "mark": None}
    found = set()
    for package in ("bot", "handlers"):
        for _, _, message, _, _ in extract_from_dir(ROOT / package, [("**.py", "python")], keywords=keywords):
            found.add((message,) if isinstance(message, str) else tuple(message))
    return found


def messages(language: str) -> Iterator[Message]:
    for source in (files("bot.i18n") / language.replace("-", "_")).iterdir():
        if source.name.endswith(".po"):
            yield from (message for message in read_po(io.BytesIO(source.read_bytes())) if message.id)


def forms(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ())


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_text_in_the_code_is_translated(language: str) -> None:
    complete = {forms(message.id) for message in messages(language) if all(forms(message.string))}
    assert msgids_in_code()
    assert msgids_in_code() - complete == set()


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_translations_have_the_same_placeholders(language: str) -> None:
    for message in messages(language):
        for translated in forms(message.string):
            assert placeholders(translated) == placeholders(forms(message.id)[-1]), message.id


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_text_is_translated_twice(language: str) -> None:
    identities = [forms(message.id) for message in messages(language)]
    assert len(identities) == len(set(identities))


def test_the_traditional_texts_are_made_from_todays_simplified_ones() -> None:
    """If this fails, see "Add a text" in CONTRIBUTING.md."""
    origins = {forms(message.id): origin(message) for message in messages("zh")}
    made_from = {forms(message.id): "\n".join(message.auto_comments) for message in messages(TRADITIONAL)}
    assert made_from == origins


def test_traditional_texts_have_no_simplified_characters() -> None:
    """Big5 has none of those that exist in simplified Chinese only."""
    texts = [text for message in messages(TRADITIONAL) for text in texts_of(message)]
    texts += [style.traditional for style in (*STYLES, SHEET)]
    chinese = "".join(re.findall(r"[\u4e00-\u9fff]", "".join(texts)))
    assert chinese.encode("big5hkscs", "ignore").decode("big5hkscs") == chinese


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("zh", "zh"),
        ("zh-hans", "zh"),
        ("zh-CN", "zh"),
        ("zh_CN", "zh"),
        ("zh-SG", "zh"),
        ("zh-TW", "zh-Hant"),
        ("zh_HK", "zh-Hant"),
        ("zh-hant", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("zh-Hans-HK", "zh"),
        ("zh-MO", "zh-Hant"),
        ("en-GB", "en"),
        ("de", "en"),
        ("", "en"),
        ("zz-not a language", "en"),
    ],
)
def test_a_language_tag_finds_the_nearest_language(asked: str, spoken: str) -> None:
    assert texts_for(asked).language == spoken


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", ErrorCode)
def test_every_error_code_has_a_message(reason: ErrorCode, language: str) -> None:
    sentence = error_message(reason, texts_for(language))
    assert sentence.endswith((".", "。"))
    assert not placeholders(sentence)


def test_error_messages_are_distinct_in_every_language() -> None:
    for language in LANGUAGES:
        assert len({error_message(reason, texts_for(language)) for reason in ErrorCode}) == len(ErrorCode)


def test_the_quota_message_says_when_it_resets() -> None:
    why = UserError(ErrorCode.QUOTA_USED_UP, {"resets_at": NOON + 3 * 3600})
    assert "in 3 hours" in error_message(why, texts_for("en"), now=NOON)
    assert "3小时后" in error_message(why, texts_for("zh"), now=NOON)


def test_the_queue_message_uses_the_right_plural() -> None:
    assert "1 picture waiting" in error_message(UserError(ErrorCode.QUEUE_FULL, {"limit": 1}), texts_for("en"))
    assert "5 pictures waiting" in error_message(UserError(ErrorCode.QUEUE_FULL, {"limit": 5}), texts_for("en"))
    assert "5 张" in error_message(UserError(ErrorCode.QUEUE_FULL, {"limit": 5}), texts_for("zh"))


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "5 seconds", "5秒钟"),
        (43, "45 seconds", "45秒钟"),
        (75, "1 minute", "1分钟"),
        (600, "10 minutes", "10分钟"),
        (7200, "2 hours", "2小时"),
    ],
)
def test_durations_are_rounded(seconds: float, english: str, chinese: str) -> None:
    assert texts_for("en").duration(seconds) == english
    assert texts_for("zh").duration(seconds) == chinese


def test_dates_name_their_time_zone() -> None:
    assert texts_for("en").moment(NOON).endswith("UTC")
    assert "2026年9月21日" in texts_for("zh").moment(NOON)


@pytest.mark.parametrize(
    ("language", "name"), [("en", "English"), ("zh", "中文"), ("zh-Hant", "繁體中文"), ("fr", "français")]
)
def test_a_language_knows_its_own_name(language: str, name: str) -> None:
    assert Texts(language, NullTranslations()).own_name == name


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (-5.0, "just now", "刚刚"),
        (20.0, "just now", "刚刚"),
        (60.0, "1 minute ago", "1分钟前"),
        (130.0, "2 minutes ago", "2分钟前"),
        (3 * 3600.0, "3 hours ago", "3小时前"),
        (2 * 86400.0, "2 days ago", "2天前"),
        (30 * 86400.0, "22 Aug 2026", "2026年8月22日"),
    ],
)
def test_a_past_moment_is_said_as_people_say_it(seconds: float, english: str, chinese: str) -> None:
    assert texts_for("en").ago(NOON - seconds, NOON) == english
    assert texts_for("zh").ago(NOON - seconds, NOON) == chinese

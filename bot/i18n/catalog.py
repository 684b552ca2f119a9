"""Catalogues: the supported languages, and how texts, durations and dates are formatted in each."""

import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from babel.core import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "zh", "zh-Hant")  # buttons in chats hold their places: append only
TRADITIONAL = "zh-Hant"
_TRADITIONAL_SUBTAGS = frozenset({"hant", "tw", "hk", "mo"})
# Where the tag alone is too vague; 24 hours a day in all of them.
_LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN", TRADITIONAL: "zh_Hant_TW"}
_JUST_NOW_SECONDS = 45
_DATE_AFTER_SECONDS = 7 * 24 * 3600
_UNITS = (3600, 60, 1)  # seconds
_SECONDS_STEP = 5  # estimates are not accurate to the second


def mark(msgid: str) -> str:
    """Mark a msgid for extraction and return it unchanged; it is translated with `Texts.gettext` where it is used."""
    return msgid


class Texts:
    """The texts of one language. `{names}` in a text are replaced with `values`."""

    def __init__(self, language: str, translations: NullTranslations) -> None:
        self.language = language
        self._translations = translations
        self._locale = _LOCALES.get(language, language)

    @property
    def own_name(self) -> str:
        """The language's name in the language itself: "English", "中文", "繁體中文"."""
        return _name_in(self.language, self.language) or self.language

    def gettext(self, msgid: str, /, **values: object) -> str:
        sentence = self._translations.gettext(msgid)
        return sentence.format(**values) if values else sentence

    def ngettext(self, one: str, many: str, n: int, /, **values: object) -> str:
        """The plural form for `n`, which replaces `{n}`."""
        return self._translations.ngettext(one, many, n).format(n=n, **values)

    def duration(self, seconds: float) -> str:
        """A rounded duration: "45 seconds", "2 minutes", "3小时". At least five seconds."""
        steps = max(1, round(seconds / _SECONDS_STEP)) * _SECONDS_STEP
        return format_timedelta(timedelta(seconds=steps), threshold=1, locale=self._locale)

    def duration_range(self, least: float, most: float) -> str:
        """A duration such as "1 to 2 minutes" or "5到10分钟"; a single one if both are the same. In seconds, both in
        whole steps of the unit that `most` is shown in."""
        time = self.duration(most)
        if least == most:
            return time
        unit = next(unit for unit in _UNITS if most >= unit)
        return self.gettext("{least} to {most}", least=round(least / unit), most=time)

    def ago(self, epoch: float, now: float) -> str:
        """How long ago something was: "2 minutes ago", "3小时前"; after a week its date in UTC. Both in seconds."""
        seconds = max(0.0, now - epoch)
        if seconds < _JUST_NOW_SECONDS:
            return self.gettext("just now")
        if seconds < _DATE_AFTER_SECONDS:
            return format_timedelta(timedelta(seconds=-seconds), threshold=1, add_direction=True, locale=self._locale)
        return format_date(datetime.fromtimestamp(epoch, UTC), "medium", locale=self._locale)

    def moment(self, epoch: float) -> str:
        """A date and time in UTC (chats don't reveal a person's time zone). `epoch` is in seconds."""
        return format_datetime(datetime.fromtimestamp(epoch, UTC), "medium", locale=self._locale) + " UTC"


def language_names(language: str) -> frozenset[str]:
    """What a language is called in each of LANGUAGES."""
    return frozenset(name for reader in LANGUAGES if (name := _name_in(reader, language)))


def texts_for(language: str) -> Texts:
    """The texts for a language tag such as `zh-hans`, `zh_TW` or `en-GB`; English for unsupported languages."""
    return _texts(supported_language([language]) or "en")


def supported_language(tags: Sequence[str]) -> str | None:
    """The one of LANGUAGES that fits the first of these tags for which there is one."""
    return next((found for tag in tags if (found := _supported(tag)) is not None), None)


def _supported(tag: str) -> str | None:
    first, *others = tag.casefold().replace("_", "-").split("-")
    if first == "zh" and "hans" not in others and _TRADITIONAL_SUBTAGS & set(others):
        return TRADITIONAL
    return first if first in LANGUAGES else None


def _name_in(reader: str, language: str) -> str | None:
    """What a language is called in the language of `reader`."""
    return Locale.parse(reader, sep="-").languages.get(language.replace("-", "_"))


@cache
def _texts(language: str) -> Texts:
    translations = NullTranslations()
    for part in _catalogues(language):
        translations.add_fallback(part)
    return Texts(language, translations)


def _catalogues(language: str) -> Iterator[GNUTranslations]:
    folder = files("bot.i18n") / language.replace("-", "_")
    if not folder.is_dir():  # English: the msgids themselves
        return
    for source in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if source.name.endswith(".po"):
            compiled = io.BytesIO()
            write_mo(compiled, read_po(io.BytesIO(source.read_bytes()), locale=language.replace("-", "_")))
            compiled.seek(0)
            yield GNUTranslations(compiled)

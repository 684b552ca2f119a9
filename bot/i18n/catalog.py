"""Catalogues: the supported languages, and how texts, durations and dates are formatted in each."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from babel.core import Locale, negotiate_locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "zh")
_LOCALES = {"en": "en_GB", "zh": "zh_Hans_CN"}  # where the tag alone is too vague; 24 hours a day in both
_JUST_NOW_SECONDS = 45
_DATE_AFTER_SECONDS = 7 * 24 * 3600
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
        """The language's name in the language itself: "English", "中文"."""
        return Locale.parse(self.language).get_language_name() or self.language

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
    locale = Locale.parse(language)
    return frozenset(name for reader in LANGUAGES if (name := locale.get_language_name(reader)))


def texts_for(language: str) -> Texts:
    """The texts for a language tag such as `zh-hans`, `zh_CN` or `en-GB`; English for unsupported languages."""
    return _texts(negotiate_locale([language.replace("_", "-")], LANGUAGES, sep="-") or "en")


@cache
def _texts(language: str) -> Texts:
    translations = NullTranslations()
    for part in _catalogues(language):
        translations.add_fallback(part)
    return Texts(language, translations)


def _catalogues(language: str) -> Iterator[GNUTranslations]:
    folder = files("bot.i18n") / language
    if not folder.is_dir():  # English: the msgids themselves
        return
    for source in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if source.name.endswith(".po"):
            compiled = io.BytesIO()
            write_mo(compiled, read_po(io.BytesIO(source.read_bytes()), locale=language))
            compiled.seek(0)
            yield GNUTranslations(compiled)

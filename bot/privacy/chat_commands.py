"""Privacy commands: what is stored about a person (/privacy), its export (/export) and deletion (/forget), whether
others may use their photos (/optout), and their language (/lang)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from math import ceil

from bot.i18n import LANGUAGES, TRADITIONAL, Texts, language_names, mark, supported_language, texts_for
from bot.jobs.service import JobService
from bot.messaging.callback_data import CallbackData, person_key
from bot.messaging.incoming import ButtonPress, CallbackAnswer, IncomingMessage, not_yours
from bot.messaging.platform import DEFAULT_CAPABILITIES, Button, Capabilities, Card, Document, Person
from bot.messaging.registry import EVERYBODY, IN_PRIVATE, Command, Feature, Form, HelpLine, Option, OptionKind, on_press
from bot.privacy.service import DeletedCounts, PrivacyFacts, PrivacyService

_LINE = mark("Your data: /privacy, /export, /forget, /optout. Your language: /lang")
HELP = (HelpLine(120, _LINE, _LINE),)
_APP_LANGUAGE = -1
_MORE_LANGUAGE_NAMES = {  # besides those in the dictionaries
    **dict.fromkeys(("英文",), "en"),
    **dict.fromkeys(("简体", "簡體", "简体中文", "簡體中文"), "zh"),
    **dict.fromkeys(("繁体", "繁體", "正體中文"), TRADITIONAL),
}
_UNDO_WORDS = frozenset({"off", "no", "in", "back", "undo", "取消", "关"})


@dataclass(frozen=True)
class ChooseLanguage(CallbackData, kind="lang"):
    """A language button.

    `person`: the `person_key` of the card's owner; `language`: an index of LANGUAGES, or -1 for that of their app.
    """

    person: int
    language: int


@dataclass(frozen=True)
class ConfirmForget(CallbackData, kind="forget"):
    """The answer to /forget: delete everything (`confirmed` 1) or nothing (0)."""

    person: int
    confirmed: int


@dataclass(frozen=True)
class SetOptOut(CallbackData, kind="optout"):
    """Opt out of others using the person's photos (`out` 1), or back in (0)."""

    person: int
    out: int


class PrivacyCommands:
    """The privacy commands and their buttons. `facts`: the retention times to show."""

    def __init__(
        self,
        privacy: PrivacyService,
        facts: PrivacyFacts,
        jobs: JobService,
        capabilities: Capabilities = DEFAULT_CAPABILITIES,
    ) -> None:
        self._privacy, self._facts, self._jobs, self._capabilities = privacy, facts, jobs, capabilities

    def feature(self) -> Feature:
        """The commands and button handlers of this feature."""
        undo = Option("undo", mark("Allow it again"), OptionKind.FLAG, required=False, typed="off")
        languages = tuple((texts_for(language).own_name, language) for language in LANGUAGES)
        language = Option("language", mark("Which one; leave it empty and I'll ask"), required=False, choices=languages)
        commands = (
            Command(
                "lang",
                self.language,
                None,
                mark("Language"),
                IN_PRIVATE,
                70,
                Form((language,), "{language}"),
                is_personal=True,
            ),
            Command(
                "privacy", self.facts, None, mark("What you keep about me"), IN_PRIVATE, 71, Form(), is_personal=True
            ),
            Command("export", self.export, None, mark("Send me everything you keep about me"), IN_PRIVATE, 72, Form()),
            Command(
                "forget",
                self.forget,
                None,
                mark("Delete everything you keep about me"),
                IN_PRIVATE,
                73,
                Form(),
                is_personal=True,
            ),
            Command(
                "optout",
                self.opt_out,
                summary=mark("Stop others from using my photos"),
                menus=EVERYBODY,
                rank=74,
                form=Form((undo,), "{undo}"),
            ),
        )
        presses = (
            on_press(ConfirmForget, self.confirm_forget),
            on_press(SetOptOut, self.set_opt_out),
            on_press(ChooseLanguage, self.choose_language),
        )
        return Feature(commands, presses, help=HELP)

    async def facts(self, message: IncomingMessage, _: str) -> Card:
        """/privacy: what is stored, and for how long."""
        return Card(privacy_text(self._facts, message.person))

    async def forget(self, message: IncomingMessage, _: str) -> Card:
        """/forget: ask for confirmation."""
        return confirm_forget_card(message.person)

    async def export(self, message: IncomingMessage, _: str) -> Card:
        """/export: send the person's data as files, but never where others can see them."""
        texts = texts_for(message.person.language)
        if message.chat.is_group and not message.is_ephemeral:
            return Card(texts.gettext("Others can read this chat. Please send me /export in private."))
        text = texts.gettext("I'm gathering everything I keep about you…")
        return Card(text, followups=lambda: self._files(message.person))

    async def opt_out(self, message: IncomingMessage, text: str) -> Card:
        """/optout: opt out of others using the person's photos, or back in."""
        return await self._opt_out(message.person, out=text.strip().casefold() not in _UNDO_WORDS)

    async def language(self, message: IncomingMessage, text: str) -> Card:
        """/lang: set the named language, or show a card of choices."""
        named = text.strip().casefold()
        wanted = _language_aliases().get(named) or supported_language([named])
        return await self._set_language(message.person, wanted) if wanted else language_card(message.person)

    async def confirm_forget(self, data: ConfirmForget, press: ButtonPress) -> CallbackAnswer:
        """Delete the person's data if they confirmed, and say what was deleted."""
        texts = texts_for(press.person.language)
        if data.person != person_key(press.person):
            return not_yours(press.person)
        if data.confirmed != 1:
            return CallbackAnswer(edit=Card(texts.gettext("Nothing was deleted.")))
        return CallbackAnswer(edit=Card(forgotten_text(await self._privacy.forget(press.person), texts)))

    async def set_opt_out(self, data: SetOptOut, press: ButtonPress) -> CallbackAnswer:
        """Handle the button that opts out or back in."""
        if data.person != person_key(press.person):
            return not_yours(press.person)
        return CallbackAnswer(edit=await self._opt_out(press.person, out=data.out == 1))

    async def choose_language(self, data: ChooseLanguage, press: ButtonPress) -> CallbackAnswer:
        """Handle a language button."""
        if data.person != person_key(press.person):
            return not_yours(press.person)
        chosen = LANGUAGES[data.language] if 0 <= data.language < len(LANGUAGES) else None
        return CallbackAnswer(edit=await self._set_language(press.person, chosen))

    async def _files(self, person: Person) -> AsyncIterator[Card]:
        texts = texts_for(person.language)
        async with self._privacy.export(person, self._capabilities.max_file_bytes) as files:
            for number, file in enumerate(files, 1):
                text = texts.gettext("Part {number} of {count}", number=number, count=len(files))
                yield Card(text if len(files) > 1 else "", document=Document(file.read_bytes(), file.name))

    async def _opt_out(self, person: Person, *, out: bool) -> Card:
        await self._privacy.opt_out(person, out=out)
        return opted_out_card(person, out=out)

    async def _set_language(self, person: Person, language: str | None) -> Card:
        await self._jobs.set_language(person, language)
        texts = texts_for((await self._jobs.queries.in_their_language(person)).language)
        if language is None:
            return Card(texts.gettext("From now on I'll follow the language of your app."))
        return Card(language_chosen_text(texts))


def language_chosen_text(texts: Texts) -> str:
    """Confirms a chosen language: in that language, by its own name."""
    return texts.gettext("From now on I'll use {language} with you.", language=texts.own_name)


@cache
def _language_aliases() -> dict[str, str]:
    """The languages by their names in every language."""
    names = {name.casefold(): language for language in LANGUAGES for name in language_names(language)}
    return {**names, **_MORE_LANGUAGE_NAMES}


def privacy_text(facts: PrivacyFacts, person: Person) -> str:
    """The text of /privacy: what is stored, and for how long."""
    texts = texts_for(person.language)
    return "\n".join(
        [
            texts.gettext("I know you as {who}. Here is what I keep about you, and for how long:", who=_name(person)),
            texts.gettext("• photos and style pictures: {time}", time=_span(facts.original_hours, texts)),
            texts.gettext(
                "• finished pictures: {time}, or until you delete them", time=_span(facts.result_days * 24, texts)
            ),
            texts.gettext("• saved styles: until you remove them"),
            texts.gettext("• what you are called: only while somebody is asked whether their photo may be painted"),
            texts.gettext(
                "• which style you asked for and when, how it ended, your language and your quota: until you use "
                "/forget"
            ),
            "",
            texts.gettext(
                "Location, camera and similar details are removed from a photo as soon as it arrives. It goes to the "
                "painting service to be painted, and nowhere else. Payments are kept on record for as long as the "
                "law requires."
            ),
            "",
            texts.gettext(
                "/export sends you all of it. /forget deletes it. /optout stops others from using your photos."
            ),
        ]
    )


def _name(person: Person) -> str:
    return f"{person.platform}:{person.platform_id}"


def _span(hours: float, texts: Texts) -> str:
    """A retention time as text, in days if it is a whole number of them, else in hours (a fraction counts as one)."""
    if hours >= 48 and hours % 24 == 0:
        return texts.ngettext("{n} day", "{n} days", round(hours / 24))
    return texts.ngettext("{n} hour", "{n} hours", ceil(hours))


def confirm_forget_card(person: Person) -> Card:
    """The confirmation question of /forget."""
    texts = texts_for(person.language)
    question = texts.gettext(
        "Delete your photos, pictures, saved styles and history? Anything in progress is cancelled. This can't be "
        "undone; use /export first if you want to keep something."
    )
    yes = Button(texts.gettext("🗑 Yes, delete everything"), ConfirmForget(person_key(person), 1).pack())
    no = Button(texts.gettext("Keep it"), ConfirmForget(person_key(person), 0).pack())
    return Card(question, ((yes,), (no,)))


def forgotten_text(gone: DeletedCounts, texts: Texts) -> str:
    """What /forget deleted, with counts. Pictures of others are those painted from this person's photos."""
    counted = (
        (gone.photos, texts.ngettext("{n} photo or style picture", "{n} photos and style pictures", gone.photos)),
        (gone.results, texts.ngettext("{n} painted picture", "{n} painted pictures", gone.results)),
        (gone.styles, texts.ngettext("{n} saved style", "{n} saved styles", gone.styles)),
        (gone.jobs, texts.ngettext("{n} entry in your history", "{n} entries in your history", gone.jobs)),
        (
            gone.of_others,
            texts.ngettext(
                "{n} picture that others had painted from your photos",
                "{n} pictures that others had painted from your photos",
                gone.of_others,
            ),
        ),
    )
    lines = [f"• {text}" for number, text in counted if number]
    if not lines:
        return texts.gettext("There was nothing of yours to delete.")
    return "\n".join([texts.gettext("Deleted for good:"), *lines])


def opted_out_card(person: Person, *, out: bool) -> Card:
    """The confirmation of /optout, with a button that reverts it."""
    texts = texts_for(person.language)
    if out:
        text = texts.gettext(
            "Noted: nobody else can have me paint your photos, not even by replying to them. You can carry on as "
            "before."
        )
        back = texts.gettext("Allow it again")
    else:
        text = texts.gettext(
            "Noted: others can have me paint your photos again. In groups that ask for consent, I'll ask you first."
        )
        back = texts.gettext("Don't allow it")
    return Card(text, ((Button(back, SetOptOut(person_key(person), 0 if out else 1).pack()),),))


def language_card(person: Person) -> Card:
    """The choice of languages."""
    texts = texts_for(person.language)
    choices = [
        Button(texts_for(language).own_name, ChooseLanguage(person_key(person), number).pack())
        for number, language in enumerate(LANGUAGES)
    ]
    app = Button(texts.gettext("The language of my app"), ChooseLanguage(person_key(person), _APP_LANGUAGE).pack())
    return Card(texts.gettext("Which language shall I use with you?"), (tuple(choices), (app,)))

"""What people are owed: what is kept of them (/privacy), all of it to take away (/export) or gone (/forget), their word
on other people's wishes (/optout), and the language they are spoken to in (/lang)."""

from collections.abc import AsyncIterator, Callable
from math import ceil
from typing import TYPE_CHECKING

from bot.i18n import LANGUAGES, Texts, texts_for
from bot.messaging.callback_data import Press, Verb, whose
from bot.messaging.callbacks import ButtonPress, CallbackAnswer, not_yours
from bot.messaging.commands import CommandName
from bot.messaging.incoming import IncomingMessage
from bot.messaging.platform import DEFAULT_CAPABILITIES, Button, Capabilities, Card, Document, Person

if TYPE_CHECKING:
    from bot.privacy.service import DeletedCounts, PrivacyFacts
    from bot.services import Services

_AS_THE_APP = -1
_NAMES = {"en": "English", "zh": "中文"}
_WORDS = {"en": "en", "english": "en", "英文": "en", "英语": "en", "zh": "zh", "chinese": "zh", "中文": "zh"}
_NO = frozenset({"off", "no", "in", "back", "undo", "取消", "关"})


class PrivacyCommands:
    """Answers what concerns a person's data. `clock` gives epoch seconds, `room` is what the platform has room for."""

    def __init__(
        self, services: "Services", clock: Callable[[], float], room: Capabilities = DEFAULT_CAPABILITIES
    ) -> None:
        self._job_service = services.job_service
        self._privacy_service = services.privacy
        self._facts = services.privacy_facts
        self._clock = clock
        self._room = room

    async def command(self, command: CommandName, message: IncomingMessage, words: str) -> Card:
        """The answer to one of its commands."""
        person, texts = message.person, texts_for(message.person.language)
        match command:
            case CommandName.PRIVACY:
                return Card(privacy_text(self._facts, person))
            case CommandName.FORGET:
                return confirm_forget_card(person)
            case CommandName.EXPORT if message.chat.is_group and not message.is_ephemeral:
                return Card(texts.gettext("Others can read along here. Please write /export to me in private."))
            case CommandName.EXPORT:
                return Card(
                    texts.gettext("I'm packing everything I keep of you…"), followups=lambda: self._parcels(person)
                )
            case CommandName.OPT_OUT:
                return await self._opt_out(person, out=words.strip().casefold() not in _NO)
            case _:
                return await self._language_asked(person, words)

    async def pressed(self, press: Press, pressed: ButtonPress) -> CallbackAnswer:
        """A press on one of its cards; only the person themselves may."""
        person = pressed.person
        if press.about != whose(person):
            return not_yours(person)
        match press:
            case Press(Verb.FORGET, _, 1):
                return CallbackAnswer(
                    edit=Card(forgotten_text(await self._privacy_service.forget(person), texts_for(person.language)))
                )
            case Press(Verb.FORGET):
                return CallbackAnswer(edit=Card(texts_for(person.language).gettext("Nothing was deleted.")))
            case Press(Verb.OPT_OUT, _, number):
                return CallbackAnswer(edit=await self._opt_out(person, out=number == 1))
            case Press(Verb.LANGUAGE, _, number):
                chosen = LANGUAGES[number] if number is not None and 0 <= number < len(LANGUAGES) else None
                return CallbackAnswer(edit=await self._speak(person, chosen))
            case _:
                return not_yours(person)

    async def _parcels(self, person: Person) -> AsyncIterator[Card]:
        texts = texts_for(person.language)
        async with self._privacy_service.export(person, self._room.max_file_bytes) as files:
            for number, file in enumerate(files, 1):
                words = texts.gettext("Part {number} of {count}", number=number, count=len(files))
                yield Card(words if len(files) > 1 else "", document=Document(file.read_bytes(), file.name))

    async def _opt_out(self, person: Person, *, out: bool) -> Card:
        await self._privacy_service.opt_out(person, out=out)
        return opted_out_card(person, out=out)

    async def _language_asked(self, person: Person, words: str) -> Card:
        wanted = _WORDS.get(words.strip().casefold())
        return await self._speak(person, wanted) if wanted else language_card(person)

    async def _speak(self, person: Person, language: str | None) -> Card:
        await self._job_service.set_language(person, language)
        texts = texts_for((await self._job_service.in_their_language(person)).language)
        if language is None:
            return Card(texts.gettext("From now on I speak the language of your app."))
        return Card(texts.gettext("From now on I speak English with you."))


def privacy_text(facts: "PrivacyFacts", person: Person) -> str:
    """What is kept, and until when."""
    texts = texts_for(person.language)
    return "\n".join(
        [
            texts.gettext("I know you as {who}. What I keep of you, and until when:", who=_name(person)),
            texts.gettext("• photos and style pictures: {time}", time=_span(facts.original_hours, texts)),
            texts.gettext(
                "• finished pictures: {time}, or until you delete them", time=_span(facts.result_days * 24, texts)
            ),
            texts.gettext("• saved styles: until you remove them"),
            texts.gettext("• when you asked for which style, how it ended, your language, your units: until /forget"),
            "",
            texts.gettext(
                "Places, cameras and the like are taken out of a photo as soon as it arrives. To be painted it goes to "
                "the painting service, and nowhere else. What you have paid for is noted as long as the law asks."
            ),
            "",
            texts.gettext(
                "/export sends you all of it. /forget deletes it. /optout keeps others from using your photos."
            ),
        ]
    )


def _name(person: Person) -> str:
    return f"{person.platform}:{person.platform_id}"


def _span(hours: float, texts: Texts) -> str:
    """A promise, to the hour or day: nothing is rounded here."""
    if hours >= 48 and hours % 24 == 0:
        return texts.ngettext("{n} day", "{n} days", round(hours / 24))
    return texts.ngettext("{n} hour", "{n} hours", ceil(hours))


def confirm_forget_card(person: Person) -> Card:
    """Asks before everything goes."""
    texts = texts_for(person.language)
    question = texts.gettext(
        "Delete your photos, pictures, saved styles and history? What is on its way is cancelled. "
        "This can't be undone; /export first, if you want to keep something."
    )
    yes = Button(texts.gettext("🗑 Yes, delete everything"), Press(Verb.FORGET, whose(person), 1).pack())
    no = Button(texts.gettext("Keep it"), Press(Verb.FORGET, whose(person), 0).pack())
    return Card(question, ((yes,), (no,)))


def forgotten_text(gone: "DeletedCounts", texts: Texts) -> str:
    """What was deleted, with counts; pictures of others were painted from this person's photos."""
    counted = (
        (gone.photos, texts.ngettext("{n} photo or style picture", "{n} photos and style pictures", gone.photos)),
        (gone.results, texts.ngettext("{n} painted picture", "{n} painted pictures", gone.results)),
        (gone.styles, texts.ngettext("{n} saved style", "{n} saved styles", gone.styles)),
        (gone.jobs, texts.ngettext("{n} entry of your history", "{n} entries of your history", gone.jobs)),
        (gone.of_others, texts.ngettext("{n} picture of others", "{n} pictures of others", gone.of_others)),
    )
    lines = [f"• {words}" for number, words in counted if number]
    if not lines:
        return texts.gettext("There was nothing of yours to delete.")
    return "\n".join([texts.gettext("Deleted for good:"), *lines])


def opted_out_card(person: Person, *, out: bool) -> Card:
    """Their word, and the way back."""
    texts = texts_for(person.language)
    if out:
        words = texts.gettext(
            "Noted: nobody else can have your photos painted by me, not even by answering them. "
            "You yourself can go on as before."
        )
        back = texts.gettext("Allow it again")
    else:
        words = texts.gettext(
            "Noted: others may ask for your photos again. In groups that ask for consent, you are asked first."
        )
        back = texts.gettext("Don't allow it")
    return Card(words, ((Button(back, Press(Verb.OPT_OUT, whose(person), 0 if out else 1).pack()),),))


def language_card(person: Person) -> Card:
    """Which language to speak."""
    texts = texts_for(person.language)
    choices = [
        Button(_NAMES[language], Press(Verb.LANGUAGE, whose(person), number).pack())
        for number, language in enumerate(LANGUAGES)
    ]
    app = Button(texts.gettext("The language of my app"), Press(Verb.LANGUAGE, whose(person), _AS_THE_APP).pack())
    return Card(texts.gettext("Which language shall I speak with you?"), (tuple(choices), (app,)))

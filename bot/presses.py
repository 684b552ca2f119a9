"""What a press of a button does and answers, decided once for every platform."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.buttons import Press, Verb, parse
from bot.cards import Rows, really_delete, rows, style_name
from bot.chat import Card, Chat, Person, Picture
from bot.pages import sorry_text
from bot.texts import refusal, speak
from bot.wishes import JobView, Reason, Refusal, State

if TYPE_CHECKING:
    from bot.studio import Studio


@dataclass(frozen=True)
class Answer:
    """What to do after a press: a short `notice` (an `alert` stays until read), a `card` to send as an answer to the
    pressed message, new buttons (`rows`) on it, or `remove` it. Job cards are redrawn by the courier.
    """

    notice: str = ""
    alert: bool = False
    card: Card | None = None
    rows: Rows | None = None
    remove: bool = False


@dataclass(frozen=True)
class Pressed:
    """A press as it arrives: `source` is unique to it, `message_id` the message whose button it was."""

    person: Person
    chat: Chat
    data: str
    source: str
    message_id: str


class Presses:
    """Answers presses. The studio checks whose job it is."""

    def __init__(self, studio: "Studio", clock: Callable[[], float]) -> None:
        self._studio = studio
        self._clock = clock

    async def press(self, pressed: Pressed) -> Answer:
        """Do what the button says; old, foreign and other people's buttons get a polite answer."""
        press, texts = parse(pressed.data), speak(pressed.person.language)
        match press:
            case None:
                return Answer(texts.gettext("This button is too old for me. Please send the photo again."), alert=True)
            case Press(Verb.PAGE | Verb.FILE | Verb.DELETE):
                return await self._at_the_card(press, pressed)
            case _:
                return self._told(await self._job(press, pressed), pressed.person)

    def sorry(self, person: Person) -> Answer:
        """What to say when it was tried again and again in vain."""
        return Answer(sorry_text(speak(person.language)), alert=True)

    async def _job(self, press: Press, pressed: Pressed) -> JobView | Refusal:
        """The presses that move a job on; its card follows by itself."""
        studio, person = self._studio, pressed.person
        match press:
            case Press(Verb.CHOOSE, job, int(style)):
                return await studio.choose(person, job, style)
            case Press(Verb.AGAIN, job):
                return await studio.again(
                    person, job, style=None, source=pressed.source, chat=pressed.chat, reply_to=pressed.message_id
                )
            case Press(Verb.OTHER, job):
                return await studio.redraft(person, job, source=pressed.source, reply_to=pressed.message_id)
            case Press(Verb.CANCEL, job):
                return await studio.cancel(person, job)
            case _:
                return Refusal(Reason.NOT_FOUND)

    async def _at_the_card(self, press: Press, pressed: Pressed) -> Answer:
        view = await self._studio.job(pressed.person, press.job)
        if view is None:
            return self._refused(Refusal(Reason.NOT_FOUND), pressed.person)
        match press:
            case Press(Verb.PAGE, _, int(page)) if view.state is State.DRAFT:
                language = pressed.person.language
                return Answer(rows=rows(view, styles=self._studio.styles(), language=language, page=page))
            case Press(Verb.FILE):
                return await self._file(view, pressed.person)
            case Press(Verb.DELETE):
                return await self._delete(view, press, pressed.person)
            case _:
                return self._refused(Refusal(Reason.NOT_NOW), pressed.person)

    async def _file(self, view: JobView, person: Person) -> Answer:
        """The picture as a file, which no messenger recompresses."""
        texts = speak(person.language)
        jpeg = await self._studio.result(person, view.id)
        if jpeg is None or view.style is None:
            return Answer(texts.gettext("I no longer keep this picture."), alert=True)
        name = style_name(view.style, texts)
        return Answer(card=Card("", document=Picture(jpeg, f"repaint-{view.id}.jpg", name)))

    async def _delete(self, view: JobView, press: Press, person: Person) -> Answer:
        """First ask (no number), then delete (1) or put the buttons back (0): a tap beside the mark costs nothing."""
        match press.number:
            case None:
                return Answer(rows=really_delete(view, person.language))
            case 1:
                problem = await self._studio.delete(person, view.id)
                if problem:
                    return self._refused(problem, person)
                done = speak(person.language).gettext("Deleted: the photo and the picture are gone.")
                return Answer(done, remove=True)
            case _:
                return Answer(rows=rows(view, styles=self._studio.styles(), language=person.language))

    def _told(self, outcome: JobView | Refusal, person: Person) -> Answer:
        return self._refused(outcome, person) if isinstance(outcome, Refusal) else Answer()

    def _refused(self, why: Refusal, person: Person) -> Answer:
        return Answer(refusal(why, speak(person.language), now=self._clock()), alert=True)

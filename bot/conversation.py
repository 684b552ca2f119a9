"""What a chat hears and answers, decided once for every platform that has chats.

A handler turns an update into an `Incoming` and sends the Card that comes back. Job cards are never among the answers:
the courier shows those. Sources are unique, so the same message told twice asks for the same job.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.buttons import Press, Verb
from bot.chat import Button, Card, Person
from bot.commands import Name, Said, Unknown, chosen, is_reference, understand
from bot.incoming import Attachment, Incoming, read_all
from bot.pages import Pages, hint_text, how_to_reference_text, how_to_style_text, sorry_text
from bot.styles import REFERENCE, Style
from bot.texts import refusal, speak
from bot.wishes import WAITING, JobView, Reason, Refusal, State

if TYPE_CHECKING:
    from bot.studio import Studio

_NO_ROOM = frozenset({Reason.QUOTA_USED_UP, Reason.QUEUE_FULL, Reason.BUDGET_USED_UP})


class Conversation:
    """Answers messages. `us` is the bot's name as people mention it, `clock` gives epoch seconds."""

    def __init__(self, studio: "Studio", us: str, clock: Callable[[], float]) -> None:
        self._studio = studio
        self._us = us
        self._clock = clock
        self._pages = Pages(studio, clock)

    async def hear(self, message: Incoming) -> Card | None:
        """The answer to a message; None when there is nothing to say (not for us, or the job's card says it all)."""
        said = understand(message.words)
        texts = speak(message.person.language)
        if said.for_another(self._us):
            return None
        addressed = message.addressed or said.names(self._us)
        match said.command:
            case Name.REF:
                return await self._reference(message, own_first=False)
            case Name.STYLE if is_reference(said.words):
                return await self._reference(message, own_first=True)
            case Name.STYLE:
                return await self._style(message, said)
            case None if addressed:
                return await self._plain(message, said)
            case Name.UNKNOWN if addressed:
                return Card(hint_text(texts))
            case None | Name.UNKNOWN:
                return None
            case page:
                return await self._pages.page(page, message.person, message.chat)

    def sorry(self, person: Person) -> Card:
        """What to say when it was tried again and again in vain."""
        return Card(sorry_text(speak(person.language)))

    async def _plain(self, message: Incoming, said: Said) -> Card | None:
        """Words without a command that are meant for us: with a photo, or a style's name that answers a photo."""
        names_a_style = isinstance(chosen(said.words, self._studio.styles()), Style)
        if message.own or (message.answered and names_a_style):
            return await self._style(message, said)
        return None if message.chat.is_group else Card(hint_text(speak(message.person.language)))

    async def _style(self, message: Incoming, said: Said) -> Card | None:
        photos = message.own or ((message.answered,) if message.answered else ())
        if not photos:
            return Card(how_to_style_text(speak(message.person.language)))
        style = chosen(said.words, self._studio.styles())
        if isinstance(style, Style):
            return await self._wishes(message, photos, style.index)
        meant_a_style = isinstance(style, Unknown) and (said.command or style.meant or style.known)
        return await self._draft(message, photos, style if meant_a_style else None)

    async def _wishes(self, message: Incoming, photos: tuple[Attachment, ...], style: int) -> Card | None:
        """One wish a photo; a want of room ends it, for what follows would only be refused again."""
        problems: dict[str, None] = {}
        for number, photo in enumerate(photos):
            outcome = await self._wish(message, photo, style, number)
            if remark := self._remark(message, outcome):
                problems[remark] = None
            if isinstance(outcome, Refusal) and outcome.reason in _NO_ROOM:
                break
        return Card("\n".join(problems)) if problems else None

    async def _wish(self, message: Incoming, photo: Attachment, style: int, number: int) -> JobView | Refusal:
        data = await read_all(photo)
        if isinstance(data, Refusal):
            return data
        return await self._studio.wish(
            message.person,
            message.chat,
            photo=data,
            style=style,
            source=f"{message.source}:{number}" if number else message.source,
            reply_to=photo.message_id if photo in message.own else message.message_id,
        )

    async def _draft(self, message: Incoming, photos: tuple[Attachment, ...], unknown: Unknown | None) -> Card | None:
        """Keep the photo and let the card ask for the style; say what was not understood."""
        data = await read_all(photos[0])
        if isinstance(data, Refusal):
            return self._refused(message, data)
        view = await self._studio.draft(
            message.person, message.chat, photo=data, source=message.source, reply_to=message.message_id
        )
        if isinstance(view, Refusal):
            return self._refused(message, view)
        if view.repeated:
            return None
        if unknown and view.state is State.DRAFT:
            return self._did_you_mean(message, view, unknown)
        if len(photos) > 1:
            texts = speak(message.person.language)
            return Card(
                texts.gettext("I took the first photo. To have the whole album painted, send it with /style 2.")
            )
        return None

    async def _reference(self, message: Incoming, *, own_first: bool) -> Card | None:
        """A style picture, with its photo or before it. `own_first`: of an own and an answered one, own is painted."""
        texts = speak(message.person.language)
        match (*message.own, *((message.answered,) if message.answered else ())):
            case ():
                return Card(how_to_reference_text(texts))
            case (style,):
                return await self._reference_draft(message, style)
            case (photo, style, *_) if len(message.own) == 2:  # an album, whatever it answers
                return await self._reference_wish(message, photo, style)
            case (own, answered) if len(message.own) == 1:
                photo, style = (own, answered) if own_first else (answered, own)
                return await self._reference_wish(message, photo, style)
            case _:
                return Card(texts.gettext("Please send exactly two: first the photo, then the style picture."))

    async def _reference_draft(self, message: Incoming, style: Attachment) -> Card | None:
        data = await read_all(style)
        if isinstance(data, Refusal):
            return self._refused(message, data)
        view = await self._studio.draft(
            message.person, message.chat, reference=data, source=message.source, reply_to=message.message_id
        )
        return self._refused(message, view) if isinstance(view, Refusal) else None

    async def _reference_wish(self, message: Incoming, photo: Attachment, style: Attachment) -> Card | None:
        photo_data, style_data = await read_all(photo), await read_all(style)
        for problem in (photo_data, style_data):
            if isinstance(problem, Refusal):
                return self._refused(message, problem)
        assert isinstance(photo_data, bytes)
        assert isinstance(style_data, bytes)
        view = await self._studio.wish(
            message.person,
            message.chat,
            photo=photo_data,
            reference=style_data,
            style=REFERENCE,
            source=message.source,
            reply_to=message.message_id,
        )
        remark = self._remark(message, view)
        return Card(remark) if remark else None

    def _remark(self, message: Incoming, outcome: JobView | Refusal) -> str:
        """What is to be said besides the job's card: why there is none, or that there is one already."""
        if isinstance(outcome, Refusal):
            return self._why(message, outcome)
        if not outcome.merged or outcome.state not in WAITING:
            return ""
        texts = speak(message.person.language)
        return texts.gettext("I already have this photo in that style. Its card tells how far it is.")

    def _did_you_mean(self, message: Incoming, view: JobView, unknown: Unknown) -> Card:
        texts = speak(message.person.language)
        if unknown.known:
            name = unknown.known.name(texts.language)
            return Card(texts.gettext("I can't paint “{style}” at the moment. Please choose another.", style=name))
        if unknown.meant is None:
            return Card(texts.gettext("I don't know the style “{words}”. Please choose one.", words=unknown.words))
        name = unknown.meant.name(texts.language)
        question = texts.gettext("I don't know “{words}”. Did you mean “{style}”?", words=unknown.words, style=name)
        yes = Button(texts.gettext("Yes, {style}", style=name), Press(Verb.CHOOSE, view.id, unknown.meant.index).pack())
        return Card(question, ((yes,),))

    def _refused(self, message: Incoming, why: Refusal) -> Card:
        return Card(self._why(message, why))

    def _why(self, message: Incoming, why: Refusal) -> str:
        return refusal(why, speak(message.person.language), now=self._clock())

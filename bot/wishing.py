"""Wishes in a chat: photos with the words that say how to paint them. Job cards are shown by the courier; what comes
back here is only what there is to say besides."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.buttons import Press, Verb
from bot.chat import Button, Card
from bot.commands import Said, Unknown, about_me, chosen
from bot.household import is_for_admins
from bot.incoming import Attachment, Incoming, is_withheld, read_all
from bot.pages import how_to_style_text
from bot.styles import REFERENCE, Style
from bot.texts import refusal, speak
from bot.wishes import WAITING, JobView, Reason, Refusal, State

if TYPE_CHECKING:
    from bot.service import Service

_NO_ROOM = frozenset({Reason.QUOTA_USED_UP, Reason.QUEUE_FULL, Reason.BUDGET_USED_UP, Reason.GROUP_LIMIT})


@dataclass(frozen=True)
class Look:
    """How to paint: a style's index, and for REFERENCE perhaps the id of a saved style."""

    style: int
    saved: int | None = None


class Wishing:
    """Takes photos in. `clock` gives epoch seconds."""

    def __init__(self, service: "Service", clock: Callable[[], float]) -> None:
        self._service = service
        self._studio = service.studio
        self._clock = clock

    async def style(self, message: Incoming, said: Said) -> Card | None:
        """Photos with the name of a style, or without one: then the card asks for it."""
        words, mine = about_me(said.words)
        photos = _photos(message, mine=mine)
        if not photos:
            return Card(how_to_style_text(speak(message.person.language)))
        if problem := await self._unwelcome(message):
            return problem
        look = await self._look(message, words)
        if isinstance(look, Look):
            return await self._wishes(message, photos, look)
        meant_a_style = look is not None and (said.command or look.meant or look.known)
        return await self._draft(message, photos, look if meant_a_style else None)

    async def names_a_look(self, message: Incoming, said: Said) -> bool:
        """Whether plain words name a style: then they are a wish when they answer a photo."""
        return isinstance(await self._look(message, said.words), Look)

    async def again(self, message: Incoming, said: Said) -> Card | None:
        """The last photo once more: with fresh brushwork, or in the style that is named."""
        look = await self._look(message, said.words)
        if isinstance(look, Unknown):
            return Card(self._not_known(message, look))
        past = await self._studio.history(message.person)
        last = next((view for view in past if view.has_photo and view.style is not None), None)
        if last is None:
            texts = speak(message.person.language)
            return Card(texts.gettext("There is no photo that I could paint again. Please send me one."))
        return self._said(message, await self._once_more(message, last, look, message.source))

    async def edited(self, message: Incoming, said: Said) -> Card | None:
        """A changed caption: what waits for its style gets it, what has another one is painted in the new one."""
        known = await self._studio.known(message.person, message.source)
        if known is None:
            return await self.style(message, said)
        look = await self._look(message, about_me(said.words)[0])
        if not isinstance(look, Look) or (known.style == look.style and look.saved is None):
            return None
        if known.state is State.DRAFT and known.style is None:
            chosen = await self._studio.choose(
                message.person, known.id, look.style, saved=look.saved, by_admin=await self._by_admin(message)
            )
            return self._said(message, chosen)
        source = f"{message.source}:{look.style}" if look.saved is None else f"{message.source}:saved:{look.saved}"
        answer = await self._once_more(message, known, look, source)
        if isinstance(answer, JobView) and known.state is State.QUEUED:
            await self._studio.cancel(message.person, known.id)
        return self._said(message, answer)

    async def reference_draft(self, message: Incoming, style: Attachment) -> Card | None:
        """A style picture that waits for its photo."""
        if problem := await self._unwelcome(message, style):
            return problem
        data = await read_all(style)
        if isinstance(data, Refusal):
            return self._refused(message, data)
        view = await self._studio.draft(
            message.person,
            message.chat,
            reference=data,
            source=message.source,
            reply_to=message.message_id,
            by_admin=await self._by_admin(message),
        )
        return self._refused(message, view) if isinstance(view, Refusal) else None

    async def reference_wish(self, message: Incoming, photo: Attachment, style: Attachment) -> Card | None:
        """A photo, and the picture whose style it is to have."""
        if problem := await self._unwelcome(message, style):
            return problem
        photo_data, style_data = await read_all(photo), await read_all(style)
        for problem_there in (photo_data, style_data):
            if isinstance(problem_there, Refusal):
                return self._refused(message, problem_there)
        assert isinstance(photo_data, bytes)
        assert isinstance(style_data, bytes)
        view = await self._studio.wish(
            message.person,
            message.chat,
            photo=photo_data,
            reference=style_data,
            style=REFERENCE,
            subject=photo.owner,
            source=message.source,
            reply_to=message.message_id,
            by_admin=await self._by_admin(message),
        )
        return self._said(message, view)

    async def _look(self, message: Incoming, words: str) -> Look | Unknown | None:
        """What the words name: a style of the catalogue, else one that was saved; None when there are no words."""
        style = chosen(words, self._studio.styles())
        if isinstance(style, Style):
            return Look(style.index)
        if style is None:
            return None
        saved = await self._service.wardrobe.find(message.person, message.chat, words)
        return style if saved is None else Look(REFERENCE, saved.id)

    async def _wishes(self, message: Incoming, photos: tuple[Attachment, ...], look: Look) -> Card | None:
        """One wish a photo; a want of room ends it, for what follows would only be refused again."""
        problems: dict[str, None] = {}
        for number, photo in enumerate(photos):
            outcome = await self._wish(message, photo, look, number)
            if remark := self._remark(message, outcome, photo):
                problems[remark] = None
            if isinstance(outcome, Refusal) and outcome.reason in _NO_ROOM:
                break
        return Card("\n".join(problems)) if problems else None

    async def _wish(self, message: Incoming, photo: Attachment, look: Look, number: int) -> JobView | Refusal:
        data = await read_all(photo)
        if isinstance(data, Refusal):
            return data
        return await self._studio.wish(
            message.person,
            message.chat,
            photo=data,
            style=look.style,
            saved=look.saved,
            subject=photo.owner,
            source=f"{message.source}:{number}" if number else message.source,
            reply_to=photo.message_id if photo in message.own else message.message_id,
            by_admin=await self._by_admin(message),
            in_album=number > 0,
        )

    async def _once_more(self, message: Incoming, view: JobView, look: Look | None, source: str) -> JobView | Refusal:
        return await self._studio.again(
            message.person,
            view.id,
            style=None if look is None else look.style,
            saved=None if look is None else look.saved,
            source=source,
            chat=message.chat,
            reply_to=message.message_id,
            by_admin=await self._by_admin(message),
        )

    async def _draft(self, message: Incoming, photos: tuple[Attachment, ...], unknown: Unknown | None) -> Card | None:
        """Keep the photo and let the card ask for the style; say what was not understood."""
        data = await read_all(photos[0])
        if isinstance(data, Refusal):
            return Card(self._why(message, data, photos[0]))
        view = await self._studio.draft(
            message.person,
            message.chat,
            photo=data,
            subject=photos[0].owner,
            source=message.source,
            reply_to=message.message_id,
            by_admin=await self._by_admin(message),
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

    async def _unwelcome(self, message: Incoming, reference: Attachment | None = None) -> Card | None:
        """Why they can't ask here at all, or not with this reference, before anything of theirs is fetched."""
        by_admin = await self._by_admin(message)
        refusal = await self._studio.welcome(message.person, message.chat, by_admin=by_admin)
        if refusal is None and reference and await is_withheld(self._service.care, reference, message.person):
            refusal = Refusal(Reason.OPTED_OUT)
        return None if refusal is None else self._refused(message, refusal)

    async def _by_admin(self, message: Incoming) -> bool:
        """Whether an admin of the group asks; the platform is asked only where it matters."""
        return await is_for_admins(self._service.groups, message.chat) and await message.is_admin()

    def _said(self, message: Incoming, outcome: JobView | Refusal) -> Card | None:
        remark = self._remark(message, outcome, None)
        return Card(remark) if remark else None

    def _remark(self, message: Incoming, outcome: JobView | Refusal, photo: Attachment | None) -> str:
        """What is to be said besides the job's card: why there is none, or that there is one already."""
        if isinstance(outcome, Refusal):
            return self._why(message, outcome, photo)
        if not outcome.merged or outcome.state not in WAITING:
            return ""
        texts = speak(message.person.language)
        return texts.gettext("I already have this photo in that style. Its card tells how far it is.")

    def _did_you_mean(self, message: Incoming, view: JobView, unknown: Unknown) -> Card:
        texts = speak(message.person.language)
        if unknown.known or unknown.meant is None:
            return Card(self._not_known(message, unknown))
        name = unknown.meant.name(texts.language)
        question = texts.gettext("I don't know “{words}”. Did you mean “{style}”?", words=unknown.words, style=name)
        yes = Button(texts.gettext("Yes, {style}", style=name), Press(Verb.CHOOSE, view.id, unknown.meant.index).pack())
        return Card(question, ((yes,),))

    def _not_known(self, message: Incoming, unknown: Unknown) -> str:
        texts = speak(message.person.language)
        if unknown.known:
            name = unknown.known.name(texts.language)
            return texts.gettext("I can't paint “{style}” at the moment. Please choose another.", style=name)
        if unknown.meant is None:
            return texts.gettext("I don't know the style “{words}”. Please choose one.", words=unknown.words)
        name = unknown.meant.name(texts.language)
        return texts.gettext("I don't know “{words}”. Did you mean “{style}”?", words=unknown.words, style=name)

    def _refused(self, message: Incoming, why: Refusal) -> Card:
        return Card(self._why(message, why, None))

    def _why(self, message: Incoming, why: Refusal, photo: Attachment | None) -> str:
        texts = speak(message.person.language)
        if why.reason is Reason.PHOTO_MISSING and photo is not None:
            return texts.gettext("I can't see a profile photo there. Please send or answer a photo instead.")
        return refusal(why, texts, now=self._clock())


def _photos(message: Incoming, *, mine: bool) -> tuple[Attachment, ...]:
    """What is to be painted: what was sent, else what is answered, else a profile photo."""
    if message.own:
        return message.own
    if mine:
        return () if message.portrait is None else (replace(message.portrait, owner=None),)
    found = message.answered or message.answered_portrait
    return (found,) if found else ()

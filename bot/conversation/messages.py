"""What a chat hears and answers, decided once for every platform that has chats: which desk a message is for.

A handler turns an update into an `Incoming` and sends the Card that comes back. Job cards are never among the answers:
the courier shows those. Sources are unique, so the same message told twice asks for the same job.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.admin.chat_commands import OwnerDesk
from bot.billing.payments import Bank, Till
from bot.conversation.help import Pages, hint_text, how_to_reference_text, sorry_text, too_fast_text
from bot.conversation.history import History
from bot.conversation.inline import Inline, InlinePage, guest_card
from bot.conversation.photos import Wishing
from bot.conversation.rate_limit import Hearing
from bot.groups.chat_commands import Household, greeting_card
from bot.i18n import speak
from bot.messaging.capabilities import ROOM, Room
from bot.messaging.commands import Name, Said, is_reference, understand
from bot.messaging.incoming import Incoming
from bot.messaging.platform import Card, Chat, Person
from bot.privacy.chat_commands import Paperwork
from bot.saved_styles.chat_commands import Closet

if TYPE_CHECKING:
    from bot.services import Service

_STYLE_WORDS = frozenset({Name.STYLE, Name.REF, None})


class Conversation:
    """Answers messages. `us` is the bot's name as people mention it, `clock` gives epoch seconds, `link` turns the
    payload of a deep link into one, `bank` gives payments back, `room` is what the platform has room for."""

    def __init__(
        self,
        service: "Service",
        us: str,
        clock: Callable[[], float],
        *,
        link: Callable[[str], str] | None = None,
        bank: Bank | None = None,
        room: Room = ROOM,
    ) -> None:
        self._studio = service.studio
        self._us = us
        self._room = room
        self._groups = service.groups
        self._control = service.control
        self._restraint = service.restraint
        self._pages = Pages(service.studio, clock, room)
        self._wishing = Wishing(service, clock)
        self._history = History(service.studio)
        self._paperwork = Paperwork(service, clock, room)
        self._closet = Closet(service, clock, link, room)
        self._household = Household(service, clock)
        self._till = Till(service, clock)
        self._inline = Inline(service.studio, link)
        self._owner_desk = OwnerDesk(service, clock, bank)

    async def hear(self, message: Incoming) -> Card | None:
        """The answer to a message; None when there is nothing to say (not for us, or the job's card says it all)."""
        said = understand(message.words)
        if said.for_another(self._us):
            return None
        addressed = message.addressed or said.names(self._us)
        if said.command in {None, Name.UNKNOWN} and not addressed:
            return None
        asked = message.source, message.words
        if (hearing := self._restraint.hear(message.person, message.chat, asked)) is Hearing.PASSED_OVER:
            return None
        message = replace(message, person=await self._in_their_language(message.person))
        if hearing is Hearing.TOLD:
            return Card(too_fast_text(speak(message.person.language)))
        if not message.chat.is_group:
            await self._control.met(message.person, message.chat)
        if message.edited:
            return await self._edited(message, said)
        match said.command:
            case Name.REF:
                return await self._reference(message, own_first=False)
            case Name.STYLE if is_reference(said.words):
                return await self._reference(message, own_first=True)
            case Name.STYLE:
                return await self._wishing.style(message, said)
            case None:
                return await self._plain(message, said)
            case Name.UNKNOWN:
                return Card(hint_text(speak(message.person.language)))
            case command:
                return await self._command(command, message, said)

    async def joined(self, person: Person, *, hears_all: bool) -> Card:
        """What to say when `person` has added us to a group. `hears_all`: every message reaches us there."""
        return greeting_card(await self._in_their_language(person), self._us, hears_all=hears_all)

    async def moved(self, old: Chat, new: Chat) -> None:
        """A group has a new address."""
        await self._groups.moved(old, new)

    async def inline(self, person: Person, query: str, offset: str = "") -> InlinePage:
        """What somebody finds under our name in any chat."""
        return await self._inline.found(await self._in_their_language(person), query, offset)

    async def guest(self, message: Incoming) -> Card:
        """What a chat that we are no member of is told at once; a wish is then heard like any other."""
        return guest_card(replace(message, person=await self._in_their_language(message.person)))

    async def checkout(self, person: Person, payload: str, stars: int) -> str:
        """Why it can't be paid any more; nothing when it can."""
        return await self._till.checkout(await self._in_their_language(person), payload, stars)

    async def paid(self, person: Person, payload: str, stars: int, charge_id: str) -> Card:
        """They have paid."""
        return await self._till.paid(await self._in_their_language(person), payload, stars, charge_id)

    def sorry(self, person: Person) -> Card:
        """What to say when it was tried again and again in vain."""
        return Card(sorry_text(speak(person.language)))

    async def _in_their_language(self, person: Person) -> Person:
        return await self._studio.in_their_language(person)

    async def _command(self, command: Name, message: Incoming, said: Said) -> Card | None:
        match command:
            case Name.START if said.words == "history":
                return await self._history.first(message.person)
            case Name.START if said.words:
                return await self._closet.arrived(message, said.words) or await self._pages.page(command, message)
            case Name.ADMIN:
                return await self._owner_desk.command(message, said.words)
            case Name.BUY | Name.TERMS | Name.SUPPORT | Name.PAY_SUPPORT:
                return await self._till.command(command, message.person)
            case Name.AGAIN:
                return await self._wishing.again(message, said)
            case Name.HISTORY:
                return await self._history.first(message.person)
            case Name.SAVE_STYLE | Name.MY_STYLES | Name.RENAME_STYLE | Name.SHELF:
                return await self._closet.command(command, message, said.words)
            case Name.PRIVACY | Name.FORGET | Name.EXPORT | Name.OPT_OUT | Name.LANG:
                return await self._paperwork.command(command, message, said.words)
            case Name.SETTINGS | Name.GIVE:
                return await self._household.command(command, message, said.words)
            case page:
                return await self._pages.page(page, message)

    async def _edited(self, message: Incoming, said: Said) -> Card | None:
        """A changed message: only what it says about a style counts, everything else was answered before."""
        if said.command not in _STYLE_WORDS:
            return None
        if said.command is Name.REF or is_reference(said.words):
            known = await self._wishing.known(message)
            return None if known else await self._reference(message, own_first=said.command is Name.STYLE)
        return await self._wishing.edited(message, said)

    async def _plain(self, message: Incoming, said: Said) -> Card | None:
        """Words without a command that are meant for us: with a photo, or a style's name that answers a photo."""
        if message.own or (message.answered and await self._wishing.names_a_look(message, said)):
            return await self._wishing.style(message, said)
        return None if message.chat.is_group else Card(hint_text(speak(message.person.language)))

    async def _reference(self, message: Incoming, *, own_first: bool) -> Card | None:
        """A style picture, with its photo or before it. `own_first`: of an own and an answered one, own is painted."""
        texts = speak(message.person.language)
        match (*message.own, *((message.answered,) if message.answered else ())):
            case ():
                return Card(how_to_reference_text(texts))
            case (style,):
                return await self._wishing.reference_draft(message, style)
            case (photo, style, *_) if len(message.own) == 2:  # an album, whatever it answers
                return await self._wishing.reference_wish(message, (photo,), style)
            case (own, answered) if len(message.own) == 1:
                photo, style = (own, answered) if own_first else (answered, own)
                return await self._wishing.reference_wish(message, (photo,), style)
            case (*photos, style) if len(message.own) > 2 and self._room.has_forms:  # a form says which is which
                return await self._wishing.reference_wish(message, tuple(photos), style)
            case _:
                return Card(texts.gettext("Please send exactly two: first the photo, then the style picture."))

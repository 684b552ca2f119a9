"""What a chat hears and answers, decided once for every platform that has chats: which desk a message is for.

A handler turns an update into an `IncomingMessage` and sends the Card that comes back. Job cards are never among the
answers: the courier shows those. Sources are unique, so the same message told twice asks for the same job.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.admin.chat_commands import AdminCommands
from bot.billing.payments import PaymentCommands, Refunder
from bot.conversation.help import HelpCommands, hint_text, how_to_reference_text, sorry_text, too_fast_text
from bot.conversation.history import HistoryCommands
from bot.conversation.inline import InlinePage, InlineSearch, guest_card
from bot.conversation.photos import PhotoRequests
from bot.conversation.rate_limit import Verdict
from bot.groups.chat_commands import GroupCommands, greeting_card
from bot.i18n import texts_for
from bot.messaging.commands import CommandName, ParsedText, is_reference, parse_text
from bot.messaging.incoming import IncomingMessage
from bot.messaging.platform import DEFAULT_CAPABILITIES, Capabilities, Card, Chat, Person
from bot.privacy.chat_commands import PrivacyCommands
from bot.saved_styles.chat_commands import SavedStyleCommands

if TYPE_CHECKING:
    from bot.services import Services

_STYLE_WORDS = frozenset({CommandName.STYLE, CommandName.REF, None})


class MessageRouter:
    """Answers messages. `us` is the bot's name as people mention it, `clock` gives epoch seconds, `link` turns the
    payload of a deep link into one, `bank` gives payments back, `room` is what the platform has room for."""

    def __init__(
        self,
        services: "Services",
        us: str,
        clock: Callable[[], float],
        *,
        link: Callable[[str], str] | None = None,
        bank: Refunder | None = None,
        room: Capabilities = DEFAULT_CAPABILITIES,
    ) -> None:
        self._job_service = services.job_service
        self._us = us
        self._room = room
        self._groups = services.groups
        self._admin = services.admin
        self._rate_limiter = services.rate_limiter
        self._help = HelpCommands(services.job_service, clock, room)
        self._photo_requests = PhotoRequests(services, clock)
        self._history_commands = HistoryCommands(services.job_service)
        self._privacy_commands = PrivacyCommands(services, clock, room)
        self._saved_style_commands = SavedStyleCommands(services, clock, link, room)
        self._group_commands = GroupCommands(services, clock)
        self._payment_commands = PaymentCommands(services, clock)
        self._inline_search = InlineSearch(services.job_service, link)
        self._admin_commands = AdminCommands(services, clock, bank)

    async def answer(self, message: IncomingMessage) -> Card | None:
        """The answer to a message; None when there is nothing to say (not for us, or the job's card says it all)."""
        said = parse_text(message.text)
        if said.for_another(self._us):
            return None
        addressed = message.addressed or said.mentions(self._us)
        if said.command in {None, CommandName.UNKNOWN} and not addressed:
            return None
        asked = message.source, message.text
        if (verdict := self._rate_limiter.check(message.person, message.chat, asked)) is Verdict.IGNORED:
            return None
        message = replace(message, person=await self._in_their_language(message.person))
        if verdict is Verdict.WARNED:
            return Card(too_fast_text(texts_for(message.person.language)))
        if not message.chat.is_group:
            await self._admin.remember_private_chat(message.person, message.chat)
        if message.edited:
            return await self._edited(message, said)
        match said.command:
            case CommandName.REF:
                return await self._reference(message, own_first=False)
            case CommandName.STYLE if is_reference(said.words):
                return await self._reference(message, own_first=True)
            case CommandName.STYLE:
                return await self._photo_requests.style(message, said)
            case None:
                return await self._plain(message, said)
            case CommandName.UNKNOWN:
                return Card(hint_text(texts_for(message.person.language)))
            case command:
                return await self._command(command, message, said)

    async def joined(self, person: Person, *, hears_all: bool) -> Card:
        """What to say when `person` has added us to a group. `hears_all`: every message reaches us there."""
        return greeting_card(await self._in_their_language(person), self._us, hears_all=hears_all)

    async def group_moved(self, old: Chat, new: Chat) -> None:
        """A group has a new address."""
        await self._groups.migrate(old, new)

    async def inline(self, person: Person, query: str, offset: str = "") -> InlinePage:
        """What somebody finds under our name in any chat."""
        return await self._inline_search.found(await self._in_their_language(person), query, offset)

    async def guest(self, message: IncomingMessage) -> Card:
        """What a chat that we are no member of is told at once; a wish is then heard like any other."""
        return guest_card(replace(message, person=await self._in_their_language(message.person)))

    async def checkout(self, person: Person, payload: str, stars: int) -> str:
        """Why it can't be paid any more; nothing when it can."""
        return await self._payment_commands.checkout(await self._in_their_language(person), payload, stars)

    async def paid(self, person: Person, payload: str, stars: int, charge_id: str) -> Card:
        """They have paid."""
        return await self._payment_commands.paid(await self._in_their_language(person), payload, stars, charge_id)

    def sorry(self, person: Person) -> Card:
        """What to say when it was tried again and again in vain."""
        return Card(sorry_text(texts_for(person.language)))

    async def _in_their_language(self, person: Person) -> Person:
        return await self._job_service.in_their_language(person)

    async def _command(self, command: CommandName, message: IncomingMessage, said: ParsedText) -> Card | None:
        match command:
            case CommandName.START if said.words == "history":
                return await self._history_commands.first(message.person)
            case CommandName.START if said.words:
                return await self._saved_style_commands.arrived(message, said.words) or await self._help.page(
                    command, message
                )
            case CommandName.ADMIN:
                return await self._admin_commands.command(message, said.words)
            case CommandName.BUY | CommandName.TERMS | CommandName.SUPPORT | CommandName.PAY_SUPPORT:
                return await self._payment_commands.command(command, message.person)
            case CommandName.AGAIN:
                return await self._photo_requests.repeat(message, said)
            case CommandName.HISTORY:
                return await self._history_commands.first(message.person)
            case CommandName.SAVE_STYLE | CommandName.MY_STYLES | CommandName.RENAME_STYLE | CommandName.SHELF:
                return await self._saved_style_commands.command(command, message, said.words)
            case CommandName.PRIVACY | CommandName.FORGET | CommandName.EXPORT | CommandName.OPT_OUT | CommandName.LANG:
                return await self._privacy_commands.command(command, message, said.words)
            case CommandName.SETTINGS | CommandName.GIVE:
                return await self._group_commands.command(command, message, said.words)
            case page:
                return await self._help.page(page, message)

    async def _edited(self, message: IncomingMessage, said: ParsedText) -> Card | None:
        """A changed message: only what it says about a style counts, everything else was answered before."""
        if said.command not in _STYLE_WORDS:
            return None
        if said.command is CommandName.REF or is_reference(said.words):
            known = await self._photo_requests.by_source(message)
            return None if known else await self._reference(message, own_first=said.command is CommandName.STYLE)
        return await self._photo_requests.edited(message, said)

    async def _plain(self, message: IncomingMessage, said: ParsedText) -> Card | None:
        """Words without a command that are meant for us: with a photo, or a style's name that answers a photo."""
        if message.attachments or (message.replied and await self._photo_requests.names_a_style(message, said)):
            return await self._photo_requests.style(message, said)
        return None if message.chat.is_group else Card(hint_text(texts_for(message.person.language)))

    async def _reference(self, message: IncomingMessage, *, own_first: bool) -> Card | None:
        """A style picture, with its photo or before it. `own_first`: of an own and an answered one, own is painted."""
        texts = texts_for(message.person.language)
        match (*message.attachments, *((message.replied,) if message.replied else ())):
            case ():
                return Card(how_to_reference_text(texts))
            case (style,):
                return await self._photo_requests.reference_draft(message, style)
            case (photo, style, *_) if len(message.attachments) == 2:  # an album, whatever it answers
                return await self._photo_requests.reference_request(message, (photo,), style)
            case (own, answered) if len(message.attachments) == 1:
                photo, style = (own, answered) if own_first else (answered, own)
                return await self._photo_requests.reference_request(message, (photo,), style)
            case (*photos, style) if (
                len(message.attachments) > 2 and self._room.has_forms
            ):  # a form says which is which
                return await self._photo_requests.reference_request(message, tuple(photos), style)
            case _:
                return Card(texts.gettext("Please send exactly two: first the photo, then the style picture."))

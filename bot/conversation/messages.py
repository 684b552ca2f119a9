"""Routes messages to the features that registered their commands, the same for every platform with chats.

A handler turns an update into an `IncomingMessage` and sends the returned Card. Job cards are never among the answers:
`bot.delivery` shows those. Sources are unique, so a message delivered twice makes only one job.
"""

from dataclasses import replace

from bot.admin.service import AdminService
from bot.billing.payments import PaymentCommands
from bot.conversation.help import (
    ASK_LINK,
    START,
    failure_text,
    finished_text,
    hint_text,
    in_private,
    too_fast_text,
    typo_text,
    welcome_text,
)
from bot.conversation.inline import InlinePage, InlineSearch, guest_card
from bot.conversation.photos import PhotoRequests
from bot.conversation.rate_limit import RateLimiter, Verdict
from bot.domain.styles import Style
from bot.groups.chat_commands import greeting_card
from bot.groups.settings import GroupService
from bot.i18n import texts_for
from bot.jobs.queries import JobQueries
from bot.jobs.undelivered import UndeliveredService
from bot.messaging.commands import ParsedText, named_by, nearest_command, parse_text
from bot.messaging.incoming import IncomingMessage
from bot.messaging.plain_words import PlainWord, read_plain_word
from bot.messaging.platform import Card, Chat, Person
from bot.messaging.registry import Registry
from bot.messaging.style_text import MAX_STYLE_TEXT, find_style

STYLE = "style"
_COMMANDS = {PlainWord.AGAIN: "again", PlainWord.CANCEL: "cancel", PlainWord.HELP: "help"}


class MessageRouter:
    """Answers messages and other events in chats. `bot_name` is the bot's name as people mention it, without @."""

    def __init__(
        self,
        bot_name: str,
        registry: Registry,
        queries: JobQueries,
        *,
        rate_limiter: RateLimiter,
        admin: AdminService,
        groups: GroupService,
        photos: PhotoRequests,
        payments: PaymentCommands,
        inline_search: InlineSearch,
        undelivered: UndeliveredService,
    ) -> None:
        self._bot_name, self.registry, self._queries = bot_name, registry, queries
        self._rate_limiter, self._admin, self._groups = rate_limiter, admin, groups
        self._photos, self._payments, self._inline_search = photos, payments, inline_search
        self._undelivered = undelivered

    async def answer(self, message: IncomingMessage) -> Card | None:
        """The answer to a message; None if it is not for the bot, is ignored, or the job's card is enough."""
        parsed = parse_text(message.text)
        if parsed.for_another(self._bot_name):
            return None
        is_command = parsed.command in self.registry.commands
        if not is_command and not (message.addressed or parsed.mentions(self._bot_name)):
            return None
        verdict = self._rate_limiter.check(message.person, message.chat, (message.source, message.text))
        if verdict is Verdict.IGNORED:
            return None
        found = await self._queries.meet(message.person, message.chat)
        message = replace(message, person=found.person)
        if verdict is Verdict.WARNED:
            return Card(too_fast_text(texts_for(message.person.language)))
        if message.chat.is_group:
            if found.is_owed_something:
                await self._undelivered.returned(message.chat)  # they can read us here again
            return await self._answer(message, parsed)
        if not found.is_private_chat_known:
            await self._admin.remember_private_chat(message.person, message.chat)
        answer = await self._answer(message, parsed)
        return await self._with_news(message, answer) if found.is_owed_something else answer

    async def left(self, chat: Chat) -> None:
        """The bot was removed from a group, or blocked by the person whose private chat this is."""
        await self._undelivered.left(chat)

    async def returned(self, chat: Chat) -> None:
        """The bot may write in this chat (again)."""
        await self._undelivered.returned(chat)

    async def joined(self, person: Person, *, hears_all: bool) -> Card:
        """The greeting after `person` has added the bot to a group. `hears_all`: the bot gets every message there."""
        return greeting_card(await self._queries.in_their_language(person), self._bot_name, hears_all=hears_all)

    async def group_moved(self, old: Chat, new: Chat) -> None:
        """Move a group's data after the platform has changed its id."""
        await self._groups.migrate(old, new)

    async def inline(self, person: Person, query: str, offset: str = "") -> InlinePage:
        """One page of inline results."""
        return await self._inline_search.search(await self._queries.in_their_language(person), query, offset)

    async def guest(self, message: IncomingMessage) -> Card:
        """The immediate answer in a chat where the bot is not a member; the caller then handles a request as usual."""
        return guest_card(replace(message, person=await self._queries.in_their_language(message.person)))

    async def checkout(self, person: Person, payload: str, stars: int) -> str:
        """Why a payment can't be accepted any more; empty if it can."""
        return await self._payments.checkout(await self._queries.in_their_language(person), payload, stars)

    async def paid(self, person: Person, payload: str, stars: int, charge_id: str) -> Card:
        """Record a payment; the card confirms it."""
        return await self._payments.paid(await self._queries.in_their_language(person), payload, stars, charge_id)

    def failure_card(self, person: Person) -> Card:
        """The answer after all retries have failed."""
        return Card(failure_text(texts_for(person.language)))

    async def _answer(self, message: IncomingMessage, parsed: ParsedText) -> Card | None:
        if parsed.command is None:
            return await self._plain(message, parsed.text)
        return await self._command(message, parsed)

    async def _with_news(self, message: IncomingMessage, answer: Card | None) -> Card | None:
        """The answer, with a word about pictures that were finished while nothing could be shown."""
        finished = await self._undelivered.tell(message.person, message.chat)
        if not finished or (answer is not None and answer.invoice):
            return answer
        news = finished_text(finished, texts_for(message.person.language))
        return Card(news) if answer is None else replace(answer, text=f"{answer.text}\n\n{news}")

    async def _command(self, message: IncomingMessage, parsed: ParsedText) -> Card | None:
        command = self.registry.commands.get(parsed.command or "")
        if message.edited:  # only commands that handle edits; everything else was answered before
            known = command is not None and command.is_for(message.person)
            return await command.edited(message, parsed.text) if command and known and command.edited else None
        if command is None or not command.is_for(message.person):
            return await self._unknown_command(message, parsed)
        if command.name == START and parsed.text:
            asked = self.registry.commands.get(parsed.text.removeprefix(ASK_LINK))
            if parsed.text.startswith(ASK_LINK) and asked is not None and asked.is_personal:
                return await asked.answer(message, "")
            found = await self.registry.follow(message, parsed.text)
            return found or await command.answer(message, parsed.text)
        card = await command.answer(message, parsed.text)
        if card is None or not (command.is_personal and message.chat.is_group) or message.is_ephemeral:
            return card
        return (
            card
            if message.is_by_chat
            else replace(card, privately=in_private(command.name, texts_for(message.person.language)))
        )

    async def _plain(self, message: IncomingMessage, text: str) -> Card | None:
        """Answer text without a command that is meant for the bot."""
        if message.edited:
            return await self._photos.edited_plain(message, text)
        if await self._photos.is_request(message, text):
            return await self._photos.plain(message, text)
        if (found := read_plain_word(text)) is not None:
            return await self._plain_word(message, *found)
        return None if message.chat.is_group else Card(hint_text(texts_for(message.person.language)))

    async def _unknown_command(self, message: IncomingMessage, parsed: ParsedText) -> Card | None:
        """Answer a command that doesn't exist: it may be a style's name or number, or mistyped."""
        words, texts = named_by(parsed), texts_for(message.person.language)
        if words and isinstance(find_style(words, self._queries.styles()), Style):
            return await self.registry.commands[STYLE].answer(message, words)
        known = [name for name, command in self.registry.commands.items() if command.is_for(message.person)]
        meant = nearest_command(parsed.command or "", known)
        if meant is None:
            return Card(hint_text(texts))
        arguments = parsed.text.partition("\n")[0][:MAX_STYLE_TEXT]
        return Card(typo_text(parsed.command or "", f"/{meant} {arguments}".strip(), texts))

    async def _plain_word(self, message: IncomingMessage, word: PlainWord, rest: str) -> Card | None:
        """Do what a single word says. In a group, words that change pictures have to reply to one of the person's."""
        if word is PlainWord.NOTHING or (word is PlainWord.THANKS and message.chat.is_group):
            return None
        if word is PlainWord.THANKS:
            return Card(welcome_text(texts_for(message.person.language)))
        if message.chat.is_group and word is not PlainWord.HELP and message.replied_to is not None:
            shown = await self._queries.job_of_message(message.person, message.chat, message.replied_to)
            if shown is None:
                return None
        if rest and not isinstance(find_style(rest, self._queries.styles()), Style):
            return None if message.chat.is_group else Card(hint_text(texts_for(message.person.language)))
        return await self.registry.commands[_COMMANDS[word]].answer(message, rest)

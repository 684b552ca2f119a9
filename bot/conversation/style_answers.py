"""Words that name a style without bringing a photo: they answer the card that asks, or wait for the next photo."""

from collections.abc import Callable
from dataclasses import replace

from bot.conversation.concurrency import given_away
from bot.conversation.feedback import did_you_mean, error_text, feedback_text, on_the_card, unknown_style_text
from bot.conversation.help import how_to_style_text
from bot.domain.error_codes import UserError
from bot.domain.job_view import JobView, State
from bot.i18n import texts_for
from bot.jobs.albums import AlbumService
from bot.jobs.request import JobRequest, StyleChoice
from bot.messaging.album_card import album_card, shows_samples
from bot.messaging.incoming import IncomingMessage
from bot.messaging.platform import Address, Capabilities, Card, Person
from bot.messaging.style_samples import StyleSamples
from bot.messaging.style_text import UnknownStyle
from bot.runtime.wakeups import Topic
from bot.saved_styles.style_options import StyleOptionsService

Choice = StyleChoice | UnknownStyle | None
CARD_SECONDS = 5.0  # how long a card is waited for that is to say what was not understood


def is_meant(choice: Choice, *, has_question: bool, is_group: bool, edited: bool, is_word: bool) -> bool:
    """Whether words without a command or a photo are meant as a style: a card asks for one, or in private. Pure.

    In groups people talk to each other, too: there, words count only for an open question, if they come close to a
    style. An edited message counts only if it answers the question now. `is_word`: it says something else, such as
    "cancel".
    """
    match choice:
        case None:
            return False
        case StyleChoice():
            return has_question or not (is_group or edited)
        case UnknownStyle(suggestion=near, unavailable=known, several=several):
            is_close = bool(several) or near is not None or known is not None
            return has_question and not (edited or is_word) and (is_close or not is_group)


class StyleAnswers:
    """Answers messages that have no photo. `clock` gives epoch seconds."""

    def __init__(
        self,
        albums: AlbumService,
        options: StyleOptionsService,
        clock: Callable[[], float],
        capabilities: Capabilities,
    ) -> None:
        self._albums, self._jobs, self._options = albums, albums.jobs, options
        self._clock, self._capabilities = clock, capabilities
        self._samples = StyleSamples()

    async def open_question(self, message: IncomingMessage) -> JobView | None:
        """The person's photo whose card asks for a style: the card that the message replies to, else the newest."""
        newest = await self._jobs.queries.open_question(message.person, message.chat)
        return await self.replied_question(message) or newest

    async def replied_question(self, message: IncomingMessage) -> JobView | None:
        """The open question whose card, or whose photo, the message replies to."""
        queries = self._jobs.queries
        if message.replied_to is not None:
            return await queries.open_question(message.person, message.chat, message.replied_to)
        for source in message.replied_sources:
            view = await queries.by_source(message.person, source)
            if view is not None and view.state is State.DRAFT and view.has_photo and view.style is None:
                return view
        return None

    async def answer(self, message: IncomingMessage, request: JobRequest, choice: Choice) -> Card | None:
        """Answer a command: with a style it settles the open question, or is kept for the next photo."""
        is_menu = choice is None and self._capabilities.has_forms  # on a message without a photo
        question = None if is_menu else await self.open_question(message)
        if question is not None:
            return await self.settle(message, request, choice, question)
        if isinstance(choice, StyleChoice):
            return self._feedback(message, await self._jobs.draft(replace(request, style=choice)))
        if choice is not None and choice.several:
            return Card(unknown_style_text(choice, message.person))
        return Card(how_to_style_text(texts_for(message.person.language), self._capabilities))

    async def settle(
        self, message: IncomingMessage, request: JobRequest, choice: Choice, question: JobView
    ) -> Card | None:
        """Give the photos of an open question their style, or ask again."""
        match choice:
            case StyleChoice():
                outcome = await self._albums.choose_style(replace(request, style=choice), question.id)
                return self._feedback(message, outcome)
            case UnknownStyle():
                return await self.ask_again(message.person, choice, question)
            case None:
                texts = texts_for(message.person.language)
                return Card(texts.gettext("Tap a style on your photo's message, or write its name or number."))

    async def ask_again(self, person: Person, unknown: UnknownStyle, question: JobView) -> Card:
        """What was not understood: on the card that asks, if it comes soon, else in a message of its own."""
        said = did_you_mean(unknown, question, person)
        place = None if question.consent == "asked" else await self._shown_card(person, question)
        views = await self._jobs.queries.album_of(person, question.id)
        if place is None or not views:
            return said
        options = await self._options.in_chat(person, place.chat)
        card = album_card(
            views,
            styles=options.styles,
            saved_styles=options.saved_styles,
            language=person.language,
            capabilities=self._capabilities,
        )
        if shows_samples(views, self._capabilities):
            card = replace(card, picture=await self._samples.of(options.styles, person.language))
        return replace(said, replaces=(place, on_the_card(card, said)))

    async def _shown_card(self, person: Person, question: JobView) -> Address | None:
        """Where the card is; that of a photo which has just come is sent meanwhile."""
        clock, queries = self._jobs.clock, self._jobs.queries
        until = clock.now() + CARD_SECONDS
        while True:
            wakeup = self._jobs.wakeups.subscribe(Topic.QUEUE)  # with its card, a job may be claimed
            place = await queries.card_address(person, question.id, together=True)
            left = until - clock.now()
            if place is not None or left <= 0:
                return place
            async with given_away():
                await clock.wait(wakeup, min(left, 1.0))

    def _feedback(self, message: IncomingMessage, outcome: JobView | UserError) -> Card | None:
        if isinstance(outcome, UserError):
            return Card(error_text(outcome, message.person, self._clock()))
        text = feedback_text(outcome, message.person, self._clock())
        return Card(text) if text else None

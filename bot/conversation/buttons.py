"""Routes each button press to the feature that registered its kind.

A card may have been requested by a chat: an anonymous admin writes as the group, others as their channel, but a press
always comes from a person.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bot.conversation.help import failure_text, too_fast_text
from bot.conversation.job_actions import JobActions
from bot.conversation.rate_limit import RateLimiter, Verdict
from bot.domain.job_view import State
from bot.i18n import texts_for
from bot.jobs.queries import JobQueries
from bot.messaging.callback_data import AnswerConsent, CallbackData, person_key
from bot.messaging.incoming import Attachment, ButtonPress, CallbackAnswer
from bot.messaging.platform import Person
from bot.messaging.registry import Registry


class ButtonRouter:
    """Answers presses. Buttons that are outdated, unknown or somebody else's get an explanation."""

    def __init__(self, registry: Registry, queries: JobQueries, rate_limiter: RateLimiter, actions: JobActions) -> None:
        self._registry, self._queries, self._rate_limiter, self._actions = registry, queries, rate_limiter, actions
        self._chat_senders = ChatSenders(queries)

    async def press(self, press: ButtonPress) -> CallbackAnswer:
        """Handle a press, unless the person exceeds the rate limit."""
        return await self._limited(press, self._answer)

    async def reference_submitted(self, press: ButtonPress, job: int, picture: Attachment) -> CallbackAnswer:
        """Handle a form that was submitted with a reference picture for the drafts of this job's album."""
        press = replace(press, person=await self._queries.in_their_language(press.person))
        return await self._actions.submit_reference(press, job, picture)

    def failure_answer(self, person: Person) -> CallbackAnswer:
        """The answer after all retries have failed."""
        return CallbackAnswer(failure_text(texts_for(person.language)), alert=True)

    async def _limited(
        self, press: ButtonPress, answer: Callable[[ButtonPress], Awaitable[CallbackAnswer]]
    ) -> CallbackAnswer:
        verdict = self._rate_limiter.check(press.person, press.chat, press.source)
        if verdict is Verdict.IGNORED:
            return CallbackAnswer()
        press = replace(press, person=await self._queries.in_their_language(press.person))
        if verdict is Verdict.WARNED:
            return CallbackAnswer(too_fast_text(texts_for(press.person.language)), alert=True)
        return await answer(press)

    async def _answer(self, press: ButtonPress) -> CallbackAnswer:
        found = self._registry.press(press.data)
        if found is None:
            texts = texts_for(press.person.language)
            return CallbackAnswer(
                texts.gettext("This button no longer works. Please send the photo again."), alert=True
            )
        handler, data = found
        return await handler.answer(data, await self._chat_senders.acting(data, press))


def may_act_for(*, group_itself: bool, by_admin: bool, is_open: bool) -> bool:
    """Whether somebody may press what a chat has requested. Pure.

    Args:
        group_itself: The group where the card is has requested it, not a channel.
        by_admin: An admin of that group presses.
        is_open: The card still asks for a style. Nobody knows who speaks for a channel, so whoever chooses first does.
    """
    return by_admin or (is_open and not group_itself)


@dataclass(frozen=True)
class ChatSenders:
    """Finds out for whom a press is."""

    queries: JobQueries

    async def acting(self, data: CallbackData, press: ButtonPress) -> ButtonPress:
        """The press, in the name of the chat that has requested the card, if the person may do that."""
        if not press.chat.is_group or isinstance(data, AnswerConsent):  # consent is the photo's owner's to give
            return press
        requester = await self._requester(data, press)
        if requester is None or not press.is_chat(requester.platform_id):
            return press
        group_itself = requester.platform_id == press.chat.platform_id
        is_open = await self._is_open(data, requester)
        if not may_act_for(group_itself=group_itself, by_admin=await press.is_admin(), is_open=is_open):
            return press
        person = replace(requester, language=press.person.language, app_language=requester.language)
        return replace(press, person=person)

    async def _requester(self, data: CallbackData, press: ButtonPress) -> Person | None:
        """Who has requested what the button is about, as far as that may be a chat."""
        job = getattr(data, "job", None)
        if job is not None:
            return await self.queries.requester(press.chat, job)
        group = Person(press.chat.platform, press.chat.platform_id)
        return group if getattr(data, "person", None) == person_key(group) else None

    async def _is_open(self, data: CallbackData, requester: Person) -> bool:
        view = await self.queries.job(requester, getattr(data, "job", 0))
        return view is not None and view.state is State.DRAFT and view.consent != "asked"

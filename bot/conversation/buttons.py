"""Routes each button press to the feature that registered its kind."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.conversation.chat_senders import ChatSenders
from bot.conversation.help import failure_text, too_fast_text
from bot.conversation.job_actions import JobActions
from bot.conversation.rate_limit import RateLimiter, Verdict
from bot.i18n import texts_for
from bot.jobs.queries import JobQueries
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

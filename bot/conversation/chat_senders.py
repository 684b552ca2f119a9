"""Presses on cards that a chat has requested: an anonymous admin writes as the group, others as their channel, but a
press always comes from a person."""

from dataclasses import dataclass, replace

from bot.domain.job_view import State
from bot.jobs.queries import JobQueries
from bot.messaging.callback_data import AnswerConsent, CallbackData, person_key
from bot.messaging.incoming import ButtonPress
from bot.messaging.platform import Person


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

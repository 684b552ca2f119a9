"""What a press of a button does and answers, decided once for every platform: jobs here, the rest at its desk."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.admin.chat_commands import AdminCommands
from bot.billing.payments import PaymentCommands
from bot.conversation.albums import AlbumActions
from bot.conversation.feedback import feedback_text
from bot.conversation.help import HelpCommands, sorry_text, too_fast_text
from bot.conversation.history import HistoryCommands
from bot.conversation.rate_limit import Verdict
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.domain.styles import REFERENCE, SHEET
from bot.groups.chat_commands import GroupCommands, admin_matters
from bot.i18n import texts_for
from bot.imaging import Unreadable
from bot.jobs.albums import RequestContext
from bot.jobs.style_options import options_for
from bot.messaging.album_card import DELETING
from bot.messaging.callback_data import Press, Verb, parse
from bot.messaging.callbacks import ButtonPress, CallbackAnswer, error_answer
from bot.messaging.incoming import Attachment, not_an_admin, read_attachment
from bot.messaging.job_card import confirm_delete_rows, job_buttons, style_title
from bot.messaging.platform import DEFAULT_CAPABILITIES, Capabilities, Card, Person, Picture
from bot.privacy.chat_commands import PrivacyCommands
from bot.saved_styles.chat_commands import SavedStyleCommands

if TYPE_CHECKING:
    from bot.services import Services

__all__ = ["ButtonPress", "ButtonRouter", "CallbackAnswer"]

_AT_THE_CARD = frozenset({Verb.PAGE, Verb.FILE, Verb.DELETE, Verb.BESIDE, Verb.OPEN})


class ButtonRouter:
    """Answers presses. The studio checks whose job it is. `dice(n)` gives a number below `n`."""

    def __init__(
        self,
        services: "Services",
        clock: Callable[[], float],
        *,
        link: Callable[[str], str] | None = None,
        dice: Callable[[int], int] = random.randrange,
        room: Capabilities = DEFAULT_CAPABILITIES,
    ) -> None:
        self._services = services
        self._job_service = services.job_service
        self._rate_limiter = services.rate_limiter
        self._clock = clock
        self._dice = dice
        self._room = room
        self._history_commands = HistoryCommands(services.job_service)
        self._help = HelpCommands(services.job_service, clock, room)
        self._album_actions = AlbumActions(services, clock)
        self._privacy_commands = PrivacyCommands(services, clock, room)
        self._saved_style_commands = SavedStyleCommands(services, clock, link, room)
        self._group_commands = GroupCommands(services, clock)
        self._payment_commands = PaymentCommands(services, clock)
        self._admin_commands = AdminCommands(services, clock)

    async def press(self, pressed: ButtonPress) -> CallbackAnswer:
        """Do what the button says; old, foreign and other people's buttons get a polite answer."""
        if (verdict := self._rate_limiter.check(pressed.person, pressed.chat, pressed.source)) is Verdict.IGNORED:
            return CallbackAnswer()
        pressed = replace(pressed, person=await self._job_service.in_their_language(pressed.person))
        if verdict is Verdict.WARNED:
            return CallbackAnswer(too_fast_text(texts_for(pressed.person.language)), alert=True)
        return await self._done(pressed)

    async def _done(self, pressed: ButtonPress) -> CallbackAnswer:
        press = parse(pressed.data)
        if press is None:
            words = texts_for(pressed.person.language).gettext(
                "This button is too old for me. Please send the photo again."
            )
            return CallbackAnswer(words, alert=True)
        if press.verb in _AT_THE_CARD:
            return await self._at_the_card(press, pressed)
        match press.verb:
            case Verb.ALBUM:
                return await self._album(press, pressed)
            case Verb.GALLERY:
                return CallbackAnswer(
                    edit=await self._help.gallery(texts_for(pressed.person.language), press.number or 0)
                )
            case Verb.HISTORY:
                return await self._history_commands.turned(press, pressed)
            case Verb.LANGUAGE | Verb.FORGET | Verb.OPT_OUT:
                return await self._privacy_commands.pressed(press, pressed)
            case Verb.CLOSET | Verb.SAVED:
                return await self._saved_style_commands.pressed(press, pressed)
            case Verb.RULE | Verb.LOOK:
                return await self._group_commands.pressed(press, pressed)
            case Verb.BUY:
                return await self._payment_commands.pressed(press, pressed)
            case Verb.OWNER:
                return await self._admin_commands.pressed(press, pressed)
            case Verb.CONSENT:
                return await self._consent(press, pressed)
            case _:
                return self._told(await self._job(press, pressed), pressed.person)

    def sorry(self, person: Person) -> CallbackAnswer:
        """What to say when it was tried again and again in vain."""
        return CallbackAnswer(sorry_text(texts_for(person.language)), alert=True)

    async def _job(self, press: Press, pressed: ButtonPress) -> JobView | UserError:
        """The presses that move a job on; its card follows by itself."""
        job_service, person, request_context = self._job_service, pressed.person, await self._asking(pressed)
        by_admin = request_context.by_admin
        match press:
            case Press(Verb.CHOOSE, job, int(style)):
                return await self._album_actions.choose(request_context, job, style)
            case Press(Verb.WEAR, job, int(saved)):
                return await self._album_actions.choose(request_context, job, REFERENCE, saved)
            case Press(Verb.SURPRISE, job):
                return await self._album_actions.choose(request_context, job, await self._surprise(pressed))
            case Press(Verb.AGAIN, job):
                return await job_service.repeat(
                    *(person, job),
                    style=None,
                    source=pressed.source,
                    chat=pressed.chat,
                    reply_to=pressed.message_id,
                    by_admin=by_admin,
                )
            case Press(Verb.OTHER, job):
                source, chat, reply_to = pressed.source, pressed.chat, pressed.message_id
                return await job_service.redraft(
                    person, job, source=source, chat=chat, reply_to=reply_to, by_admin=by_admin
                )
            case Press(Verb.CANCEL, job):
                return await self._album_actions.cancel(request_context, job)
            case _:
                return UserError(ErrorCode.NOT_FOUND)

    async def _asking(self, pressed: ButtonPress) -> RequestContext:
        by_admin = await admin_matters(self._services.groups, pressed.chat) and await pressed.is_admin()
        return RequestContext(pressed.person, pressed.chat, pressed.source, pressed.message_id, by_admin)

    async def _surprise(self, pressed: ButtonPress) -> int:
        """Any style; rather one that they have never tried. REFERENCE, which a photo alone can't have, for none."""
        on_offer = (await options_for(self._services, pressed.person, pressed.chat)).styles
        known = set(await self._job_service.favourites(pressed.person, limit=len(on_offer)))
        single = [style.index for style in on_offer if style is not SHEET]
        fresh = [index for index in single if index not in known] or single
        return fresh[self._dice(len(fresh))] if fresh else REFERENCE

    async def reference_submitted(self, pressed: ButtonPress, job: int, picture: Attachment) -> CallbackAnswer:
        """A form was sent with the picture whose style the photos are to have."""
        pressed = replace(pressed, person=await self._job_service.in_their_language(pressed.person))
        data = await read_attachment(picture)
        if isinstance(data, UserError):
            return self._refused(data, pressed.person)
        request_context = await self._asking(pressed)
        return self._told(
            await self._album_actions.choose(request_context, job, REFERENCE, reference=data), pressed.person
        )

    async def _consent(self, press: Press, pressed: ButtonPress) -> CallbackAnswer:
        outcome = await self._job_service.consent(pressed.person, press.about, allow=press.number == 1)
        texts = texts_for(pressed.person.language)
        match outcome:
            case UserError(ErrorCode.NOT_FOUND):
                return CallbackAnswer(texts.gettext("Only the person whose photo this is can answer that."), alert=True)
            case UserError():
                return error_answer(outcome, pressed.person, self._clock())
            case _ if press.number == 1:
                return CallbackAnswer(texts.gettext("Thank you! It goes into the queue."))
            case _:
                return CallbackAnswer(texts.gettext("All right: I have deleted the photo."))

    async def _at_the_card(self, press: Press, pressed: ButtonPress) -> CallbackAnswer:
        view = await self._job_service.job(pressed.person, press.about)
        if view is None and press.verb is Verb.DELETE and (asker := await self._in_charge_of(press, pressed)):
            return await self._at_the_card(press, replace(pressed, person=asker, is_admin=not_an_admin))
        if view is None:
            return self._refused(UserError(ErrorCode.NOT_FOUND), pressed.person)
        match press:
            case Press(Verb.PAGE, _, int(page)) if view.state is State.DRAFT:
                on_offer = await options_for(self._services, pressed.person, pressed.chat)
                language, saved_styles, room = pressed.person.language, on_offer.saved_styles, self._room
                shown = job_buttons(
                    view, styles=on_offer.styles, language=language, saved_styles=saved_styles, page=page, room=room
                )
                return CallbackAnswer(rows=shown)
            case Press(Verb.FILE):
                return await self._file(view, pressed.person)
            case Press(Verb.BESIDE):
                return await self._beside(view, pressed.person)
            case Press(Verb.OPEN):
                return await self._history_commands.opened(view, pressed.person)
            case Press(Verb.DELETE):
                return await self._delete(view, press, pressed)
            case _:
                return self._refused(UserError(ErrorCode.NOT_NOW), pressed.person)

    async def _album(self, press: Press, pressed: ButtonPress) -> CallbackAnswer:
        request_context = await self._asking(pressed)
        if press.number in DELETING and (asker := await self._in_charge_of(press, pressed)):
            request_context = replace(request_context, person=asker)
        return await self._album_actions.pressed(press, request_context)

    async def _in_charge_of(self, press: Press, pressed: ButtonPress) -> Person | None:
        """Whose picture it is that an admin of the group wants gone; spoken to in the admin's language."""
        asker = await self._job_service.requester(pressed.chat, press.about)
        if asker is None or asker.platform_id == pressed.person.platform_id or not await pressed.is_admin():
            return None
        return replace(asker, language=pressed.person.language)

    async def _file(self, view: JobView, person: Person) -> CallbackAnswer:
        """The picture as a file, which no messenger recompresses."""
        texts = texts_for(person.language)
        jpeg = await self._job_service.result(person, view.id)
        if jpeg is None or view.style is None:
            return CallbackAnswer(texts.gettext("I no longer keep this picture."), alert=True)
        return CallbackAnswer(card=Card("", document=Picture(jpeg, f"repaint-{view.id}.jpg", style_title(view, texts))))

    async def _beside(self, view: JobView, person: Person) -> CallbackAnswer:
        """Photo and picture side by side, made where pixels are worked on."""
        texts = texts_for(person.language)
        before, after = (
            await self._job_service.original(person, view.id),
            await self._job_service.result(person, view.id),
        )
        if before is None or after is None:
            return CallbackAnswer(texts.gettext("I no longer keep both the photo and the picture."), alert=True)
        try:
            jpeg = await self._job_service.photo_intake.intake.side_by_side(before, after)
        except Unreadable:
            return self.sorry(person)
        alt = texts.gettext("Before and after: {style}", style=style_title(view, texts))
        return CallbackAnswer(
            card=Card(f"◧ {style_title(view, texts)}", picture=Picture(jpeg, f"repaint-{view.id}-both.jpg", alt))
        )

    async def _delete(self, view: JobView, press: Press, pressed: ButtonPress) -> CallbackAnswer:
        """First ask (no number), then delete (1) or put the buttons back (0): a tap beside the mark costs nothing."""
        person = pressed.person
        match press.number:
            case None:
                return CallbackAnswer(rows=confirm_delete_rows(view, person.language))
            case 1:
                place = await self._job_service.card_address(person, view.id)
                problem = await self._job_service.delete(person, view.id)
                if problem:
                    return self._refused(problem, person)
                done = texts_for(person.language).gettext("Deleted: the photo and the picture are gone.")
                elsewhere = place is not None and place.message_id != pressed.message_id
                return CallbackAnswer(done, remove=True, also=(place,) if place is not None and elsewhere else ())
            case _:
                return CallbackAnswer(
                    rows=job_buttons(view, styles=self._job_service.styles(), language=person.language)
                )

    def _told(self, outcome: JobView | UserError, person: Person) -> CallbackAnswer:
        """The card says the rest, unless it became part of another wish."""
        if isinstance(outcome, UserError):
            return self._refused(outcome, person)
        return CallbackAnswer(feedback_text(outcome, person, self._clock()))

    def _refused(self, why: UserError, person: Person) -> CallbackAnswer:
        return error_answer(why, person, self._clock())

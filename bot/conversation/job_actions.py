"""Buttons of the cards of jobs and albums: choose a style, cancel, repeat, files, before and after, delete, consent."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from functools import partial

from bot.conversation.feedback import feedback_text
from bot.conversation.help import failure_text
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.domain.styles import REFERENCE, SHEET
from bot.i18n import texts_for
from bot.imaging.intake import Unreadable
from bot.jobs.albums import AlbumService
from bot.jobs.consent import ConsentService
from bot.jobs.photo_intake import PhotoIntake
from bot.jobs.queries import JobQueries
from bot.jobs.request import JobRequest, StyleChoice, like_picture, like_saved
from bot.jobs.service import JobService
from bot.messaging import callback_data
from bot.messaging.album_card import DELETING, PAINTED, confirm_delete_all_rows, settled_rows
from bot.messaging.callback_data import AlbumAction, AlbumPress
from bot.messaging.incoming import Attachment, ButtonPress, CallbackAnswer, error_answer, not_an_admin, read_attachment
from bot.messaging.job_card import confirm_delete_rows, job_buttons, style_title
from bot.messaging.platform import DEFAULT_CAPABILITIES, Capabilities, Card, Person, Picture
from bot.messaging.registry import Feature, on_press
from bot.saved_styles.style_options import StyleOptionsService

Outcome = JobView | UserError


class JobActions:
    """Handles presses on job cards; `JobService` checks whose job it is. `randbelow(n)` gives a random number below
    `n`; `clock` gives epoch seconds."""

    def __init__(
        self,
        jobs: JobService,
        albums: AlbumService,
        consent: ConsentService,
        options: StyleOptionsService,
        photo_intake: PhotoIntake,
        *,
        clock: Callable[[], float],
        randbelow: Callable[[int], int],
        capabilities: Capabilities = DEFAULT_CAPABILITIES,
    ) -> None:
        self._jobs, self._albums, self._consent, self._options = jobs, albums, consent, options
        self._photo_intake, self._clock, self._randbelow, self._capabilities = (
            photo_intake,
            clock,
            randbelow,
            capabilities,
        )

    def feature(self) -> Feature:
        """What it registers."""
        return Feature(
            presses=(
                on_press(callback_data.ChooseStyle, self.choose_style),
                on_press(callback_data.UseSavedStyle, self.use_saved_style),
                on_press(callback_data.SurpriseMe, self.surprise),
                on_press(callback_data.TurnStylePage, self.turn_page),
                on_press(callback_data.RepeatJob, self.repeat),
                on_press(callback_data.ChangeStyle, self.change_style),
                on_press(callback_data.CancelJob, self.cancel),
                on_press(callback_data.SendFile, self.send_file),
                on_press(callback_data.Compare, self.compare),
                on_press(callback_data.DeleteJob, self.delete),
                on_press(callback_data.AnswerConsent, self.answer_consent),
            )
        )

    # --- actions that change a job: its card is updated by `bot.delivery` -------------------------------------------

    async def choose_style(self, data: callback_data.ChooseStyle, press: ButtonPress) -> CallbackAnswer:
        return await self._chosen(press, data.job, StyleChoice(data.style))

    async def use_saved_style(self, data: callback_data.UseSavedStyle, press: ButtonPress) -> CallbackAnswer:
        return await self._chosen(press, data.job, like_saved(data.saved_style))

    async def surprise(self, data: callback_data.SurpriseMe, press: ButtonPress) -> CallbackAnswer:
        """Choose a random style, preferably one that they have never used. If no style is on offer, REFERENCE, for its
        error."""
        options = (await self._options.in_chat(press.person, press.chat)).styles
        known = set(await self._jobs.queries.favourites(press.person, limit=len(options)))
        single = [style.index for style in options if style is not SHEET]
        fresh = [index for index in single if index not in known] or single
        index = fresh[self._randbelow(len(fresh))] if fresh else REFERENCE
        return await self._chosen(press, data.job, StyleChoice(index))

    async def submit_reference(self, press: ButtonPress, job: int, picture: Attachment) -> CallbackAnswer:
        """Handle a form that was submitted with a reference picture."""
        data = await read_attachment(picture)
        if isinstance(data, UserError):
            return self._error(data, press.person)
        return await self._chosen(press, job, like_picture(data))

    async def repeat(self, data: callback_data.RepeatJob, press: ButtonPress) -> CallbackAnswer:
        return self._outcome_answer(await self._jobs.repeat(await self.request(press), data.job), press.person)

    async def change_style(self, data: callback_data.ChangeStyle, press: ButtonPress) -> CallbackAnswer:
        return self._outcome_answer(await self._jobs.redraft(await self.request(press), data.job), press.person)

    async def cancel(self, data: callback_data.CancelJob, press: ButtonPress) -> CallbackAnswer:
        return self._outcome_answer(await self._albums.cancel(press.person, data.job), press.person)

    async def answer_consent(self, data: callback_data.AnswerConsent, press: ButtonPress) -> CallbackAnswer:
        outcome = await self._consent.answer(press.person, data.job, allow=data.allow == 1)
        texts = texts_for(press.person.language)
        match outcome:
            case UserError(ErrorCode.NOT_FOUND):
                return CallbackAnswer(texts.gettext("Only the person whose photo this is can answer that."), alert=True)
            case UserError():
                return self._error(outcome, press.person)
            case JobView(state=State.DRAFT):
                return CallbackAnswer(texts.gettext("Thank you! Now they can choose a style."))
            case _ if data.allow == 1:
                return CallbackAnswer(texts.gettext("Thank you! It goes into the queue."))
            case _:
                return CallbackAnswer(texts.gettext("All right: I have deleted the photo."))

    # --- actions that are answered at the card ----------------------------------------------------------------------

    async def turn_page(self, data: callback_data.TurnStylePage, press: ButtonPress) -> CallbackAnswer:
        """Another page of style buttons."""
        view = await self._jobs.queries.job(press.person, data.job)
        if view is None or view.state is not State.DRAFT:
            code = ErrorCode.NOT_FOUND if view is None else ErrorCode.NOT_NOW
            return self._error(UserError(code), press.person)
        options = await self._options.in_chat(press.person, press.chat)
        rows = job_buttons(
            view,
            styles=options.styles,
            language=press.person.language,
            saved_styles=options.saved_styles,
            page=data.page,
            capabilities=self._capabilities,
        )
        return CallbackAnswer(rows=rows)

    async def send_file(self, data: callback_data.SendFile, press: ButtonPress) -> CallbackAnswer:
        """Send the picture as a file, which messengers don't recompress."""
        person, texts = press.person, texts_for(press.person.language)
        view = await self._jobs.queries.job(person, data.job)
        if view is None:
            return self._error(UserError(ErrorCode.NOT_FOUND), person)
        jpeg = await self._jobs.queries.result(person, view.id)
        if jpeg is None or view.style is None:
            return CallbackAnswer(texts.gettext("I no longer have this picture."), alert=True)
        picture = Picture(jpeg, f"repaint-{view.id}.jpg", style_title(view, texts))
        return CallbackAnswer(card=Card("", document=picture))

    async def compare(self, data: callback_data.Compare, press: ButtonPress) -> CallbackAnswer:
        """Send photo and picture side by side."""
        person, texts, queries = press.person, texts_for(press.person.language), self._jobs.queries
        view = await queries.job(person, data.job)
        if view is None:
            return self._error(UserError(ErrorCode.NOT_FOUND), person)
        before, after = await queries.original(person, view.id), await queries.result(person, view.id)
        if before is None or after is None:
            return CallbackAnswer(texts.gettext("I no longer have both the photo and the picture."), alert=True)
        try:
            jpeg = await self._photo_intake.intake.side_by_side(before, after)
        except Unreadable:
            return CallbackAnswer(failure_text(texts), alert=True)
        title = style_title(view, texts)
        alt = texts.gettext("Before and after: {style}", style=title)
        return CallbackAnswer(card=Card(f"◧ {title}", picture=Picture(jpeg, f"repaint-{view.id}-both.jpg", alt)))

    async def delete(self, data: callback_data.DeleteJob, press: ButtonPress) -> CallbackAnswer:
        """Ask for confirmation, then delete or restore the buttons, so that a mistaken tap does no harm."""
        view = await self._jobs.queries.job(press.person, data.job)
        if view is None and (requester := await self.managed_requester(data.job, press)):
            return await self.delete(data, replace(press, person=requester, is_admin=not_an_admin))
        if view is None:
            return self._error(UserError(ErrorCode.NOT_FOUND), press.person)
        match data.confirmed:
            case None:
                return CallbackAnswer(rows=confirm_delete_rows(view, press.person.language))
            case 1:
                return await self._deleted(view, press)
            case _:
                styles = self._jobs.queries.styles()
                return CallbackAnswer(rows=job_buttons(view, styles=styles, language=press.person.language))

    async def managed_requester(self, job: int, press: ButtonPress) -> Person | None:
        """The requester of a job that an admin of its group wants to delete, with the admin's language; None if the
        press is not by such an admin."""
        requester = await self._jobs.queries.requester(press.chat, job)
        if requester is None or requester.platform_id == press.person.platform_id or not await press.is_admin():
            return None
        return replace(requester, language=press.person.language)

    async def request(self, press: ButtonPress) -> JobRequest:
        """The request that a press makes. The platform is asked for admin rights only where they matter."""
        access = await self._jobs.queries.chat_access(press.person, press.chat)
        by_admin = access.admin_matters and await press.is_admin()
        return JobRequest(press.person, press.chat, press.source, reply_to=press.message_id, by_admin=by_admin)

    async def _chosen(self, press: ButtonPress, job: int, choice: StyleChoice) -> CallbackAnswer:
        """Choose a style for all drafts on the card of this job."""
        request = replace(await self.request(press), style=choice)
        return self._outcome_answer(await self._albums.choose_style(request, job), press.person)

    async def _deleted(self, view: JobView, press: ButtonPress) -> CallbackAnswer:
        place = await self._jobs.queries.card_address(press.person, view.id)
        problem = await self._jobs.delete(press.person, view.id)
        if problem:
            return self._error(problem, press.person)
        done = texts_for(press.person.language).gettext("Deleted: the photo and the picture are gone.")
        elsewhere = place is not None and place.message_id != press.message_id
        return CallbackAnswer(done, remove=True, also=(place,) if place is not None and elsewhere else ())

    def _outcome_answer(self, outcome: Outcome, person: Person) -> CallbackAnswer:
        """An error, a note if the request was merged, or an empty answer: the card shows the rest."""
        if isinstance(outcome, UserError):
            return self._error(outcome, person)
        return CallbackAnswer(feedback_text(outcome, person, self._clock()))

    def _error(self, error: UserError, person: Person) -> CallbackAnswer:
        return error_answer(error, person, self._clock())


class AlbumActions:
    """Handles presses on album cards. `clock` gives epoch seconds."""

    def __init__(
        self, queries: JobQueries, albums: AlbumService, actions: JobActions, clock: Callable[[], float]
    ) -> None:
        self._queries, self._albums, self._actions, self._clock = queries, albums, actions, clock

    def feature(self) -> Feature:
        """What it registers."""
        return Feature(presses=(on_press(AlbumPress, self.pressed),))

    async def pressed(self, data: AlbumPress, press: ButtonPress) -> CallbackAnswer:
        """Handle a press on the card of an ended album."""
        if data.action in DELETING and (requester := await self._actions.managed_requester(data.job, press)):
            press = replace(press, person=requester)
        person, views = press.person, await self._queries.album_of(press.person, data.job)
        if not views:
            return error_answer(UserError(ErrorCode.NOT_FOUND), person, self._clock())
        match data.action:
            case AlbumAction.OTHER_STYLE:
                with_photo = [view for view in views if view.has_photo]
                outcome = await self._albums.redraft(await self._actions.request(press), with_photo or views)
                if isinstance(outcome, UserError):
                    return error_answer(outcome, person, self._clock())
                return CallbackAnswer()
            case AlbumAction.FILES:
                return await self._files(person, [view for view in views if view.state in PAINTED])
            case AlbumAction.DELETE:
                return CallbackAnswer(rows=confirm_delete_all_rows(views, person.language))
            case AlbumAction.CONFIRM_DELETE:
                done = texts_for(person.language).gettext("Deleted: the photos and the pictures are gone.")
                return CallbackAnswer(done, remove=True, also=await self._albums.delete(person, views))
            case AlbumAction.KEEP:
                return CallbackAnswer(rows=settled_rows(views, person.language))

    async def _files(self, person: Person, views: Sequence[JobView]) -> CallbackAnswer:
        """The pictures as files, read one by one while they are sent."""
        for at, view in enumerate(views):
            if (first := await self._file(person, view)) is not None:
                rest = partial(self._more, person, views[at + 1 :])
                return CallbackAnswer(card=Card("", document=first, followups=rest))
        return CallbackAnswer(texts_for(person.language).gettext("I no longer have these pictures."), alert=True)

    async def _more(self, person: Person, views: Sequence[JobView]) -> AsyncIterator[Card]:
        for view in views:
            if (file := await self._file(person, view)) is not None:
                yield Card("", document=file)

    async def _file(self, person: Person, view: JobView) -> Picture | None:
        jpeg = await self._queries.result(person, view.id)
        if jpeg is None:
            return None
        return Picture(jpeg, f"repaint-{view.id}.jpg", style_title(view, texts_for(person.language)))

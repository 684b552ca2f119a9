"""Requests in a chat: photos with a text that says how to paint them (/style, /ref, /again, or no command).

Job cards are shown by `bot.delivery`; the answers here are only what there is to add.
"""

from collections.abc import Callable
from dataclasses import replace

from bot.conversation.earlier_photos import EarlierPhotos
from bot.conversation.feedback import (
    error_text,
    unknown_style_text,
)
from bot.conversation.help import how_to_reference_text
from bot.conversation.photo_submission import PhotoSubmission
from bot.conversation.style_answers import StyleAnswers, is_meant
from bot.domain.error_codes import ErrorCode, UserError
from bot.domain.job_view import JobView, State
from bot.i18n import mark, texts_for
from bot.jobs.albums import MAX_PHOTOS, AlbumService
from bot.jobs.request import StyleChoice, like_picture
from bot.messaging.callback_data import TryProfilePhoto, person_key
from bot.messaging.incoming import (
    Attachment,
    ButtonPress,
    CallbackAnswer,
    IncomingMessage,
    Withholds,
    not_yours,
)
from bot.messaging.plain_words import read_plain_word
from bot.messaging.platform import DEFAULT_CAPABILITIES, Capabilities, Card
from bot.messaging.registry import EVERYBODY, Command, Feature, HelpLine, on_press
from bot.messaging.style_text import UnknownStyle, is_reference, split_me
from bot.saved_styles.style_options import StyleOptionsService, StyleReader

HELP = (
    HelpLine(
        10,
        mark("📷 Send me a photo and tap a style, or write /style 3 (a number or a name) as the caption."),
        mark("📷 Use /style with a photo and a style. Or send me a photo in private, and pick a style from the menu."),
    ),
    HelpLine(20, mark("🎞 Several at once: send an album. All its photos are painted in one style.")),
    HelpLine(
        30,
        mark("↩️ Or reply to any photo with /style 3. In groups I listen to commands and replies to my messages."),
        mark(
            "↩️ Someone else's photo: long-press (or right-click) the message, then Apps, Repaint this photo. Do the "
            "same on a person to repaint their avatar."
        ),
    ),
    HelpLine(
        40,
        mark(
            "🖼 Your own style picture: send an album of two with the caption /style ref, the portrait first, then "
            "the picture whose style you like. Or reply to a picture with /ref, then send me the photo."
        ),
        mark(
            "🖼 Your own style picture: give it to /style as the reference, or pick “A picture of mine” from the menu."
        ),
    ),
    HelpLine(
        80,
        mark("/again: your last photo again, or /again anime. /history: all your pictures"),
        mark("/again: your last photo again. /history: all your pictures"),
    ),
    HelpLine(100, mark("/style 3 me: your profile photo. In reply to someone's message: theirs")),
)


class PhotoRequests:
    """Handles messages that request pictures. `withholds` decides whether a photo may not be used; `clock` gives epoch
    seconds."""

    def __init__(
        self,
        albums: AlbumService,
        styles: StyleReader,
        options: StyleOptionsService,
        withholds: Withholds,
        clock: Callable[[], float],
        *,
        capabilities: Capabilities = DEFAULT_CAPABILITIES,
    ) -> None:
        self._jobs, self._albums, self._styles = albums.jobs, albums, styles
        self._clock, self._capabilities = clock, capabilities
        self._answers = StyleAnswers(albums, options, clock, capabilities)
        self._submission = PhotoSubmission(albums, self._answers, withholds, clock)
        self._earlier = EarlierPhotos(albums, clock)

    def feature(self) -> Feature:
        """What it registers. Platforms with forms define these commands themselves, with photos as options."""
        repaint = mark("Repaint a photo: reply to it with /style and a number or name")
        reference = mark("Reply to a picture: paint my next photo in its style")
        again = mark("My last photo again")
        commands = (
            Command("style", self.style, self.edited, repaint, EVERYBODY, 10),
            Command("ref", self.reference, self.edited_reference, reference, EVERYBODY, 12),
            Command("again", self.repeat, self.repeat, again, EVERYBODY, 13),
        )
        return Feature(commands, (on_press(TryProfilePhoto, self.try_profile_photo),), help=HELP)

    async def try_profile_photo(self, data: TryProfilePhoto, press: ButtonPress) -> CallbackAnswer:
        """Ask for the style of the profile photo of whoever pressed."""
        if data.person != person_key(press.person) or press.profile_photo is None:
            return not_yours(press.person)
        photo = replace(press.profile_photo, owner=None)
        where = IncomingMessage(press.person, press.chat, press.source, press.message_id, "", addressed=True)
        return CallbackAnswer(card=await self.plain(replace(where, attachments=(photo,)), ""))

    async def is_request(self, message: IncomingMessage, text: str) -> bool:
        """Whether a text without a command is a request: it comes with a photo, names a style in reply to one, or
        answers the question for a style."""
        if message.attachments:
            return True
        choice = await self._styles.read(message.person, message.chat, text)
        if message.replied is not None and (isinstance(choice, StyleChoice) or (choice is not None and choice.several)):
            return True
        question = None if choice is None else await self._answers.open_question(message)
        return is_meant(
            choice,
            has_question=question is not None,
            is_group=message.chat.is_group,
            edited=message.edited,
            is_word=read_plain_word(text) is not None,
        )

    async def plain(self, message: IncomingMessage, text: str) -> Card | None:
        """Like `style`, for text without a command."""
        return await self._requested(message, text, by_command=False)

    async def style(self, message: IncomingMessage, text: str) -> Card | None:
        """Handle photos with a style's name, or without one: then the card asks for it."""
        if is_reference(text):
            return await self._reference(message, own_first=True)
        return await self._requested(message, text, by_command=True)

    async def reference(self, message: IncomingMessage, _: str) -> Card | None:
        """Handle a reference picture, sent with its photo or before it."""
        return await self._reference(message, own_first=False)

    async def repeat(self, message: IncomingMessage, text: str) -> Card | None:
        """Repeat the last photo: with another seed, or in the style that is named."""
        choice = await self._styles.read(message.person, message.chat, text)
        if isinstance(choice, UnknownStyle):
            return Card(unknown_style_text(choice, message.person))
        last = await self._earlier.replied_or_last(message)
        if not last:
            texts = texts_for(message.person.language)
            return Card(texts.gettext("I have no photo to paint again. Please send me one."))
        request = await self._submission.request(message)
        if isinstance(request, UserError):
            return self._error(message, request)
        outcome = await self._albums.repeat(replace(request, style=choice), last)
        return self._earlier.feedback(message.person, outcome)

    async def edited(self, message: IncomingMessage, text: str) -> Card | None:
        """Handle an edited caption: a draft gets the style, a job with another style is repeated in the new one."""
        if is_reference(text):
            return await self._edited_reference(message, own_first=True)
        known = await self._by_source(message)
        if known is None:
            return await self._requested(message, text, by_command=True)
        choice = await self._styles.read(message.person, message.chat, split_me(text)[0])
        if not isinstance(choice, StyleChoice) or (known.style == choice.index and choice.saved is None):
            return None
        request = await self._submission.request(message)
        if isinstance(request, UserError):
            return self._error(message, request)
        if known.state is State.DRAFT and not known.has_photo:  # a style that waits for its photo
            another = replace(request, style=choice, source=f"{request.source}:{choice.index}")
            return self._earlier.feedback(message.person, await self._jobs.draft(another))
        if known.state is State.DRAFT and known.style is None:
            outcome = await self._albums.choose_style(replace(request, style=choice), known.id)
            return self._earlier.feedback(message.person, outcome)
        album = await self._jobs.queries.album_of(message.person, known.id)
        return await self._earlier.restyle(message.person, replace(request, style=choice), album)

    async def edited_plain(self, message: IncomingMessage, text: str) -> Card | None:
        """Like `edited`, for a text or caption without a command."""
        if not await self.is_request(message, text) and await self._by_source(message) is None:
            return None
        if is_reference(text):
            return await self._edited_reference(message, own_first=False)
        return await self.edited(message, text)

    async def edited_reference(self, message: IncomingMessage, _: str) -> Card | None:
        return await self._edited_reference(message, own_first=False)

    # --- styles and references ----------------------------------------------------------------------------------

    async def _reference(self, message: IncomingMessage, *, own_first: bool) -> Card | None:
        """Handle a reference picture with or without photos. `own_first`: of an attached and a replied picture, the
        attached one is the photo."""
        texts = texts_for(message.person.language)
        match (*message.attachments, *((message.replied,) if message.replied else ())):
            case ():
                return Card(how_to_reference_text(texts, self._capabilities))
            case (style,):
                return await self._reference_draft(message, style)
            case (photo, style, *_) if len(message.attachments) == 2:  # an album, whatever it replies to
                return await self._reference_request(message, (photo,), style)
            case (own, replied) if len(message.attachments) == 1:
                photo, style = (own, replied) if own_first else (replied, own)
                return await self._reference_request(message, (photo,), style)
            case (*photos, style) if len(message.attachments) > 2 and self._capabilities.has_forms:  # each has a label
                return await self._reference_request(message, tuple(photos), style)
            case _:
                return Card(texts.gettext("Please send exactly two pictures: first the photo, then the style picture."))

    async def _edited_reference(self, message: IncomingMessage, *, own_first: bool) -> Card | None:
        if await self._by_source(message):
            return None
        return await self._reference(message, own_first=own_first)

    async def _reference_draft(self, message: IncomingMessage, style: Attachment) -> Card | None:
        """Make a draft of a reference picture that waits for its photo."""
        request = await self._submission.request(message)
        data = request if isinstance(request, UserError) else await self._submission.read(message, style)
        if isinstance(request, UserError) or isinstance(data, UserError):
            return self._error(message, data)
        view = await self._jobs.draft(replace(request, style=like_picture(data)))
        return self._error(message, view) if isinstance(view, UserError) else None

    async def _reference_request(
        self, message: IncomingMessage, photos: tuple[Attachment, ...], style: Attachment
    ) -> Card | None:
        """Queue photos with a reference picture."""
        request = await self._submission.request(message)
        data = request if isinstance(request, UserError) else await self._submission.read(message, style)
        if isinstance(request, UserError) or isinstance(data, UserError):
            return self._error(message, data)
        return await self._submission.submit(message, replace(request, style=like_picture(data)), photos)

    # --- photos -------------------------------------------------------------------------------------------------

    async def _requested(self, message: IncomingMessage, text: str, *, by_command: bool) -> Card | None:
        text, mine = split_me(text)
        brings_none = not (message.attachments or mine)
        answers_card = brings_none and await self._answers.replied_question(message) is not None
        earlier = await self._earlier.replied(message) if brings_none and not answers_card else []
        request = await self._submission.request(message)
        if isinstance(request, UserError):
            return self._error(message, request)
        choice = await self._styles.read(message.person, message.chat, text)
        if brings_none and not earlier and await self._earlier.is_gone(message):
            return self._error(message, UserError(ErrorCode.PHOTO_EXPIRED))
        if earlier:
            return await self._earlier.paint(message.person, request, choice, earlier)
        # A form's photo was never shown in the chat: others don't get at it by way of its picture.
        if brings_none and not self._capabilities.has_forms:
            message = await self._earlier.with_photo_of(message)
        photos = () if answers_card else _photos(message, mine=mine, by_command=by_command)
        if not photos:
            return await self._answers.answer(message, request, None if mine else choice)
        if isinstance(choice, StyleChoice):
            await self._submission.style_earlier(message, replace(request, style=choice))
            return await self._submission.submit(message, replace(request, style=choice), photos)
        meant_a_style = choice is not None and (by_command or choice.suggestion or choice.unavailable or choice.several)
        return await self._submission.draft(message, request, photos, choice if meant_a_style else None)

    async def _by_source(self, message: IncomingMessage) -> JobView | None:
        """The job that this message or one of its photos has made, if any."""
        sources = [message.source, *(photo.source for photo in message.attachments if photo.source)]
        views = [await self._jobs.queries.by_source(message.person, source) for source in sources]
        return next((view for view in views if view is not None), None)

    def _error(self, message: IncomingMessage, error: bytes | UserError) -> Card:
        assert isinstance(error, UserError)
        return Card(error_text(error, message.person, self._clock()))


def _photos(message: IncomingMessage, *, mine: bool, by_command: bool) -> tuple[Attachment, ...]:
    """The photos to paint: the attachments, else the replied photo, else (`by_command`) a profile photo (`mine`: their
    own)."""
    if message.attachments:
        return message.attachments[:MAX_PHOTOS]
    if mine:
        return () if message.profile_photo is None else (replace(message.profile_photo, owner=None),)
    found = message.replied or (message.replied_profile_photo if by_command else None)
    return (found,) if found else ()

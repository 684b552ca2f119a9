"""What a person requests, as one value: the photo, the style, and where and how it was requested."""

import unicodedata
from dataclasses import dataclass, replace

from bot.domain.styles import REFERENCE
from bot.messaging.platform import Chat, Person

MAX_NAME = 64  # characters of a person's name


@dataclass(frozen=True)
class StyleChoice:
    """A style's index. With REFERENCE, the reference picture: `saved` is a saved style's id, `picture` an uploaded
    encoded image; neither means the reference that a draft already has."""

    index: int
    saved: int | None = None
    picture: bytes | None = None

    @property
    def has_picture(self) -> bool:
        return self.saved is not None or self.picture is not None


def like_saved(style_id: int) -> StyleChoice:
    """The choice of a saved style."""
    return StyleChoice(REFERENCE, saved=style_id)


def like_picture(picture: bytes) -> StyleChoice:
    """The choice of an uploaded reference (an encoded image of any format we read)."""
    return StyleChoice(REFERENCE, picture=picture)


@dataclass(frozen=True)
class Rights:
    """What a group's rules take into account: `by_admin`: requested by an admin of the group; `skips_cooldown`: the
    cooldown was already checked for this request."""

    by_admin: bool = False
    skips_cooldown: bool = False


@dataclass(frozen=True)
class JobRequest:
    """One request. Repeats with the same `source` refer to the same job.

    Attributes:
        person: The requester, whose quota is charged.
        chat: Where the job's card is shown, as a reply to the message `reply_to`.
        source: Unique id of the message or press that made the request.
        photo: Encoded image of any format we read; None if an earlier job's photo is meant, or none was sent yet.
        subject: The person in the photo, if known; in some groups they are asked for consent.
        style: None: not chosen yet, or (for a repeat) the same style.
        by_admin: Requested by an admin of the group.
        album: The source of the whole request, if it has several photos.
        in_album: This is not the request's first photo.
    """

    person: Person
    chat: Chat
    source: str
    reply_to: str | None = None
    photo: bytes | None = None
    subject: Person | None = None
    style: StyleChoice | None = None
    by_admin: bool = False
    album: str | None = None
    in_album: bool = False

    @property
    def rights(self) -> Rights:
        return Rights(self.by_admin, skips_cooldown=self.in_album)

    @property
    def subject_id(self) -> str | None:
        """The platform's id of the person in the photo; None if that is the requester, or not known."""
        subject = self.subject
        return None if subject is None or subject.platform_id == self.person.platform_id else subject.platform_id

    @property
    def asker_name(self) -> str | None:
        """How the requester is called, where somebody else may have to be asked; None if unknown."""
        return display_name(self.person.name) if self._may_ask else None

    @property
    def subject_name(self) -> str | None:
        """How the person in the photo is called, if that is not the requester; None if unknown."""
        return display_name(self.subject.name) if self.subject is not None and self._may_ask else None

    @property
    def _may_ask(self) -> bool:
        """Whether the person in the photo is somebody else, in a group."""
        return self.chat.is_group and self.subject_id is not None

    def of_album(self, number: int, photos: int) -> "JobRequest":
        """The request for photo `number` (from 0) of `photos`: with a source of its own, and one album for all."""
        album = self.source if photos > 1 else None
        return replace(self, source=photo_source(self.source, number), album=album, in_album=number > 0)


def display_name(name: str) -> str | None:
    """A person's name as it is shown to others: one line without control or formatting characters, bounded; None if
    nothing is left of it."""
    visible = "".join(" " if unicodedata.category(char).startswith("C") else char for char in name[: 4 * MAX_NAME])
    return " ".join(visible.split())[:MAX_NAME].strip() or None


def photo_source(source: str, number: int) -> str:
    """The source of photo `number` (from 0) of a request; the first one has the request's own source."""
    return f"{source}:{number}" if number else source

"""What a person asks for, as one value: the photo, the style, and where and how it was asked."""

from dataclasses import dataclass, replace

from bot.domain.styles import REFERENCE
from bot.messaging.platform import Chat, Person


@dataclass(frozen=True)
class StyleChoice:
    """A style's index. With REFERENCE, the picture to paint like: `saved` is a saved style's id, `picture` the bytes of
    an upload; neither means the reference that a draft already has."""

    index: int
    saved: int | None = None
    picture: bytes | None = None

    @property
    def has_picture(self) -> bool:
        return self.saved is not None or self.picture is not None


def like_saved(style_id: int) -> StyleChoice:
    """Paint like this saved style."""
    return StyleChoice(REFERENCE, saved=style_id)


def like_picture(picture: bytes) -> StyleChoice:
    """Paint like this picture (an encoded image of any format we read)."""
    return StyleChoice(REFERENCE, picture=picture)


@dataclass(frozen=True)
class Rights:
    """Whom a group's rules let through: `by_admin` of the group; `skips_cooldown`: the request has met it before."""

    by_admin: bool = False
    skips_cooldown: bool = False


@dataclass(frozen=True)
class JobRequest:
    """One request. The same `source` is the same job, however often it comes.

    Attributes:
        person: Who asks; the quota is theirs.
        chat: Where the job's card is shown, as a reply to the message `reply_to`.
        photo: Encoded image of any format we read; None when an earlier job's photo is meant, or none came yet.
        subject: Whose photo it is, if known; in some groups they are asked first.
        style: None: not chosen yet, or (for a repeat) the same again.
        by_admin: Asked by an admin of the group.
        album: The source of a request of several photos; `in_album`: this is not the first of them.
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
        """The platform's id of whose photo it is, unless it is their own."""
        subject = self.subject
        return None if subject is None or subject.platform_id == self.person.platform_id else subject.platform_id

    def of_album(self, number: int, photos: int) -> "JobRequest":
        """The same for photo `number` (from 0) of `photos`: a source of its own, and one album for all of them."""
        album = self.source if photos > 1 else None
        return replace(self, source=photo_source(self.source, number), album=album, in_album=number > 0)


def photo_source(source: str, number: int) -> str:
    """The source of one photo of a request; the first one's is that of the request."""
    return f"{source}:{number}" if number else source

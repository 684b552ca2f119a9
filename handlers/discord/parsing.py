"""What Discord tells as the core's values: who wrote what, where, with which files. Translates and decides nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import discord
from discord import Member, Message, User

from bot.domain.error_codes import ErrorCode, UserError
from bot.messaging.callbacks import ButtonPress
from bot.messaging.incoming import Attachment, IncomingMessage, may_be_picture
from bot.messaging.platform import Person
from handlers.discord.client import Ask
from handlers.discord.files import Files
from handlers.discord.identities import PLATFORM, asker_of, chat_of, manager_of, person_of, private_chat
from handlers.discord.interaction_replies import Reply
from handlers.discord.modals import Upload

AVATAR_SIZE = 1024  # px


@dataclass(frozen=True)
class Filled:
    """A command as it was filled in: `words` as if it had been typed, files of their own, and what it was used on.
    `veiled`: the picture is to be tapped before it is seen."""

    words: str
    own: Sequence[discord.Attachment] = ()
    message: Message | None = None
    user: User | Member | None = None
    veiled: bool = False


@dataclass(frozen=True)
class Reading:
    """Messages and interactions have numbers that no other has, whoever's they are."""

    files: Files

    def command(self, interaction: Ask, filled: Filled, reply: Reply) -> IncomingMessage:
        """A command, or a form that was sent."""
        person, here = asker_of(interaction), reply.message
        own = [self._attached(file, here, person) for file in filled.own]
        if filled.message is not None:
            own += self._all_of(filled.message, here)
        return IncomingMessage(
            person=person,
            chat=chat_of(interaction, unseen=reply.unseen),
            source=_source(interaction.id),
            message_id=here,
            text=filled.words,
            addressed=True,
            attachments=tuple(own),
            profile_photo=self._portrait(interaction.user),
            replied_profile_photo=None if filled.user is None else self._portrait(filled.user),
            is_admin=manager_of(interaction),
            is_ephemeral=reply.unseen,
        )

    def message(self, message: Message, *, edited: bool = False) -> IncomingMessage:
        """What somebody wrote to us in private."""
        answered = message.reference.resolved if message.reference else None
        hanging = self._all_of(answered, str(answered.id)) if isinstance(answered, Message) else ()
        return IncomingMessage(
            person=person_of(message.author),
            chat=private_chat(message.author),
            source=_source(message.id),
            message_id=str(message.id),
            text=message.content,
            addressed=True,
            attachments=tuple(self._all_of(message, str(message.id))),
            replied=next(iter(hanging), None),
            edited=edited,
            profile_photo=self._portrait(message.author),
        )

    def pressed(self, interaction: Ask, data: str, reply: Reply) -> ButtonPress:
        """A press of a button, or what was picked from a menu."""
        return ButtonPress(
            asker_of(interaction),
            chat_of(interaction, unseen=reply.unseen),
            data,
            _source(interaction.id),
            reply.message,
            manager_of(interaction),
        )

    def attached(self, interaction: Ask, file: Upload) -> Attachment:
        """A file that came with a form."""
        return self._attached(file, "", asker_of(interaction))

    def _all_of(self, message: Message, here: str) -> list[Attachment]:
        """What hangs on a message; whose the files of a forwarded one are, nobody tells."""
        owner = None if message.author.bot else person_of(message.author)
        hanging = [self._attached(file, here, owner) for file in message.attachments]
        return hanging + [self._attached(file, here, None) for file in _forwarded(message)]

    def _attached(self, file: discord.Attachment | Upload, here: str, owner: Person | None) -> Attachment:
        is_picture = may_be_picture(file.content_type, file.filename)
        return Attachment(here, file.size, is_picture, partial(self.files.read, file.url), owner=owner)

    def _portrait(self, user: User | Member) -> Attachment | None:
        """Their avatar; everybody has one of Discord's, which is no photo."""
        if user.bot:
            return None
        shown = user.guild_avatar if isinstance(user, Member) else None
        avatar = shown or user.avatar
        read = nothing
        if avatar is not None:
            read = partial(self.files.read, avatar.replace(format="png", size=AVATAR_SIZE).url)
        return Attachment(str(user.id), None, is_picture=True, read=read, owner=person_of(user))


def is_veiled(files: Sequence[discord.Attachment]) -> bool:
    """Whether one of them is to be seen only by those who tap it."""
    return any(file.is_spoiler() for file in files)


async def nothing() -> bytes | UserError:
    """What reading an avatar gives that is not there."""
    return UserError(ErrorCode.PHOTO_MISSING)


def _source(number: int) -> str:
    """The same however often we hear of it."""
    return f"{PLATFORM}:{number}"


def _forwarded(message: Message) -> Iterator[discord.Attachment]:
    for snapshot in message.message_snapshots:
        yield from snapshot.attachments

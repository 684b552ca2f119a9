"""Parses Discord's interactions and messages into the core's values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import discord
from discord import Asset, Member, Message, User

from bot.domain.error_codes import ErrorCode, UserError
from bot.messaging.incoming import Attachment, ButtonPress, IncomingMessage, may_be_picture
from bot.messaging.platform import Person
from handlers.discord.client import BotInteraction
from handlers.discord.files import FileDownloader
from handlers.discord.identities import PLATFORM, chat_of, manager_check, person_of, private_chat, requester_of
from handlers.discord.interaction_replies import InteractionReply
from handlers.discord.message_files import MessageFile, attached_file, files_with_forwarded
from handlers.discord.modals import UploadedFile

AVATAR_SIZE = 1024  # px


@dataclass(frozen=True)
class FilledCommand:
    """A command with its options filled in.

    `text` is the command as it could have been typed, `attachments` are its file options, `target_message` and
    `target_user` what a context menu was opened on. `spoiler`: the picture is hidden until it is tapped.
    """

    text: str
    attachments: Sequence[discord.Attachment] = ()
    target_message: Message | None = None
    target_user: User | Member | None = None
    spoiler: bool = False

    @property
    def files(self) -> list[MessageFile]:
        """Its file options, and the files of the message that it is about."""
        target = [] if self.target_message is None else files_with_forwarded(self.target_message)
        return [*map(attached_file, self.attachments), *target]

    @property
    def is_menu(self) -> bool:
        """Whether it was chosen from the context menu of a message or person."""
        return self.target_message is not None or self.target_user is not None

    @property
    def has_picture(self) -> bool:
        """Whether there is anything to paint."""
        if self.target_user is not None:
            return _avatar(self.target_user) is not None
        return any(file.is_picture for file in self.files)


@dataclass(frozen=True)
class Parser:
    """Parses interactions and messages. Discord's ids are globally unique, so they serve as sources."""

    files: FileDownloader

    def parse_command(
        self, interaction: BotInteraction, filled: FilledCommand, reply: InteractionReply
    ) -> IncomingMessage:
        """A slash command or a context menu."""
        person, message_id = requester_of(interaction), reply.message
        attachments = [self._attachment(attached_file(file), message_id, person) for file in filled.attachments]
        target, replied_to = filled.target_message, None
        pictures = () if target is None else tuple(self._attachments_of(target, message_id))
        if target is not None and target.author.id == interaction.application_id:
            replied_to = str(target.id)  # what we painted: not itself is meant, but the photo
        return IncomingMessage(
            person=person,
            chat=chat_of(interaction, ephemeral=reply.ephemeral),
            source=_source_of(interaction.id),
            message_id=message_id,
            text=filled.text,
            addressed=True,
            attachments=tuple(attachments) if replied_to else (*attachments, *pictures),
            replied=next(iter(pictures), None) if replied_to else None,
            replied_to=replied_to,
            profile_photo=self._profile_photo(interaction.user),
            replied_profile_photo=None if filled.target_user is None else self._profile_photo(filled.target_user),
            is_admin=manager_check(interaction),
            is_ephemeral=reply.ephemeral,
        )

    def parse_message(self, message: Message, *, edited: bool = False) -> IncomingMessage:
        """A private message to the bot."""
        replied_to = message.reference.resolved if message.reference else None
        replied_attachments = (
            self._attachments_of(replied_to, str(replied_to.id)) if isinstance(replied_to, Message) else ()
        )
        return IncomingMessage(
            person=person_of(message.author),
            chat=private_chat(message.author),
            source=_source_of(message.id),
            message_id=str(message.id),
            text=message.content,
            addressed=True,
            attachments=tuple(self._attachments_of(message, str(message.id))),
            replied=next(iter(replied_attachments), None),
            replied_to=str(replied_to.id) if isinstance(replied_to, Message) and replied_to.author.bot else None,
            replied_sources=(_source_of(replied_to.id),) if isinstance(replied_to, Message) else (),
            edited=edited,
            profile_photo=self._profile_photo(message.author),
        )

    def parse_press(self, interaction: BotInteraction, data: str, reply: InteractionReply) -> ButtonPress:
        """A button press or a chosen menu option."""
        return ButtonPress(
            requester_of(interaction),
            chat_of(interaction, ephemeral=reply.ephemeral),
            data,
            _source_of(interaction.id),
            reply.message,
            manager_check(interaction),
            profile_photo=self._profile_photo(interaction.user),
        )

    def parse_upload(self, interaction: BotInteraction, file: UploadedFile) -> Attachment:
        """A file submitted with a modal."""
        is_picture = may_be_picture(file.content_type, file.filename)
        return self._attachment(MessageFile(file.url, file.size, is_picture), "", requester_of(interaction))

    def _attachments_of(self, message: Message, message_id: str) -> list[Attachment]:
        """What a message shows. Stickers and forwarded files have no known owner."""
        owner = None if message.author.bot else person_of(message.author)
        return [self._attachment(file, message_id, owner) for file in files_with_forwarded(message)]

    def _attachment(self, file: MessageFile, message_id: str, owner: Person | None) -> Attachment:
        owner = owner if file.is_from_sender else None
        return Attachment(message_id, file.size, file.is_picture, partial(self.files.download, file.url), owner=owner)

    def _profile_photo(self, user: User | Member) -> Attachment | None:
        """The user's avatar; None for bots. Discord's default avatars are not photos."""
        if user.bot:
            return None
        avatar = _avatar(user)
        read = missing_avatar
        if avatar is not None:
            read = partial(self.files.download, avatar.replace(format="png", size=AVATAR_SIZE).url)
        exists = partial(_is_there, avatar)
        return Attachment(str(user.id), None, is_picture=True, read=read, owner=person_of(user), exists=exists)


async def missing_avatar() -> bytes | UserError:
    """What reading the avatar of a user without one returns."""
    return UserError(ErrorCode.PHOTO_MISSING)


async def _is_there(avatar: Asset | None) -> bool:
    """Whether there is an avatar. It needs no call: Discord says it with the user."""
    return avatar is not None


def _source_of(number: int) -> str:
    """Unique to the message or interaction, however often Discord sends it."""
    return f"{PLATFORM}:{number}"


def _avatar(user: User | Member) -> Asset | None:
    """The avatar in this server, else the user's own; None if there is none, and for bots."""
    guild_avatar = user.guild_avatar if isinstance(user, Member) else None
    return None if user.bot else guild_avatar or user.avatar

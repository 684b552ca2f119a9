"""The files and pictures that a message shows: attached, in a gallery, in an embed or link preview, or as a sticker."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import discord
import httpx
from discord import Embed, Message, MessageSnapshot, StickerFormatType, StickerItem
from discord.asset import Asset
from discord.components import Component, Container, FileComponent, MediaGalleryComponent, SectionComponent
from discord.components import ThumbnailComponent as Thumbnail

from bot.messaging.incoming import may_be_picture

STICKER_GIFS = "https://media.discordapp.net"  # the only host that has them


@dataclass(frozen=True)
class MessageFile:
    """A file on Discord's servers. `size` is in bytes, where Discord tells it. `is_from_sender`: it may be their photo,
    as opposed to a sticker or what they forward."""

    url: str
    size: int | None
    is_picture: bool
    is_spoiler: bool = False
    is_from_sender: bool = True


def files_of(message: Message | MessageSnapshot) -> list[MessageFile]:
    """What a message holds: its attachments and galleries; if none of them is a picture, then what its embeds or
    stickers show. Files that are no pictures are there if there is nothing else.

    Links to other sites are never followed: of what they lead to, only Discord's own copies are used.
    """
    attached = [*map(attached_file, message.attachments), *_component_files(message)]
    shown = [*_embed_pictures(message.embeds), *map(_sticker_file, message.stickers)]
    if any(file.is_picture for file in attached):
        return attached
    return [file for file in shown if file.is_picture] or [*attached, *shown]


def files_with_forwarded(message: Message) -> list[MessageFile]:
    """Those of a message, or of the messages that it forwards."""
    own = files_of(message)
    forwarded = [file for snapshot in message.message_snapshots for file in files_of(snapshot)]
    return own + [replace(file, is_from_sender=False) for file in forwarded]


def attached_file(file: discord.Attachment) -> MessageFile:
    """An uploaded file."""
    return MessageFile(file.url, file.size, may_be_picture(file.content_type, file.filename), file.is_spoiler())


def _component_files(message: Message | MessageSnapshot) -> Iterator[MessageFile]:
    """The media of components. Thumbnails are often icons, so they count only where there is no gallery."""
    parts = list(_walk(message.components))
    galleries = [part for part in parts if isinstance(part, MediaGalleryComponent)]
    media = [(item.media, item.spoiler) for gallery in galleries for item in gallery.items]
    media += [(part.media, part.spoiler) for part in parts if isinstance(part, FileComponent)]
    media = media or [(part.media, part.spoiler) for part in parts if isinstance(part, Thumbnail)]
    known = {file.id for file in message.attachments}
    for one, is_spoiler in media:
        if one.proxy_url and one.attachment_id not in known:
            is_picture = may_be_picture(one.content_type, httpx.URL(one.proxy_url).path)
            yield MessageFile(one.proxy_url, None, is_picture, is_spoiler)


def _walk(components: Iterable[Component]) -> Iterator[Component]:
    for component in components:
        yield component
        match component:
            case Container(children=children):
                yield from _walk(children)
            case SectionComponent(accessory=accessory):
                yield accessory


def _embed_pictures(embeds: Iterable[Embed]) -> Iterator[MessageFile]:
    for embed in embeds:
        if url := embed.image.proxy_url or embed.thumbnail.proxy_url:
            yield MessageFile(url, None, is_picture=True)


def _sticker_file(sticker: StickerItem) -> MessageFile:
    """A sticker; one in Lottie's format is a drawing program, not a picture."""
    is_picture = sticker.format is not StickerFormatType.lottie
    url = sticker.url
    if Asset.BASE != "https://cdn.discordapp.com":  # another API has everything on one host
        url = url.replace(STICKER_GIFS, Asset.BASE)
    return MessageFile(url, None, is_picture, is_from_sender=False)

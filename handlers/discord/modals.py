"""The modal that asks for a reference picture. Its custom_id holds all its state, so it survives a restart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from discord.ui import FileUpload, Label, Modal

from bot.i18n import texts_for
from bot.messaging.callback_data import UploadReference

FILE_FIELD = "picture"  # custom_id of the file field
MAX_TITLE = 45


@dataclass(frozen=True)
class UploadedFile:
    """A file submitted with a modal."""

    url: str
    size: int
    filename: str
    content_type: str | None


def reference_modal(press: UploadReference, language: str) -> Modal:
    """The modal that asks for a reference picture. It is stopped at once, so that the library does not keep it."""
    texts = texts_for(language)
    modal = Modal(
        title=texts.gettext("Paint it in the style of a picture")[:MAX_TITLE], custom_id=press.pack(), timeout=None
    )
    field: FileUpload[Modal] = FileUpload(custom_id=FILE_FIELD, min_values=1, max_values=1)
    modal.add_item(Label(text=texts.gettext("The picture whose style you like"), component=field))
    modal.stop()
    return modal


def parse_reference_modal(data: Mapping[str, Any]) -> tuple[int, UploadedFile] | None:
    """The job that a submitted modal is about and the uploaded picture; None if the modal is not ours."""
    press = UploadReference.unpack(str(data.get("custom_id", "")))
    files = data.get("resolved", {}).get("attachments", {})
    if press is None or not files:
        return None
    file = next(iter(files.values()))
    return press.job, UploadedFile(file["url"], int(file["size"]), file["filename"], file.get("content_type"))

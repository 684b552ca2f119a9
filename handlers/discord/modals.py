"""The form that asks for a style picture: all that it is about stands in its name, so it works after a restart too."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from discord.ui import FileUpload, Label, Modal

from bot.i18n import texts_for
from bot.messaging.callback_data import Press, Verb, parse

PICTURE = "picture"  # the field
MAX_TITLE = 45


@dataclass(frozen=True)
class Upload:
    """A file that came with a form."""

    url: str
    size: int
    filename: str
    content_type: str | None


def bring_form(press: Press, language: str) -> Modal:
    """Asks for the picture. Stopped: the library is not to remember it."""
    texts = texts_for(language)
    form = Modal(title=texts.gettext("Paint it like a picture")[:MAX_TITLE], custom_id=press.pack(), timeout=None)
    field: FileUpload[Modal] = FileUpload(custom_id=PICTURE, min_values=1, max_values=1)
    form.add_item(Label(text=texts.gettext("The picture whose style you like"), component=field))
    form.stop()
    return form


def brought(data: Mapping[str, Any]) -> tuple[int, Upload] | None:
    """The job that a form is about, and the picture that came with it; None for what is no form of ours."""
    press = parse(str(data.get("custom_id", "")))
    files = data.get("resolved", {}).get("attachments", {})
    if press is None or press.verb is not Verb.BRING or not files:
        return None
    file = next(iter(files.values()))
    return press.about, Upload(file["url"], int(file["size"]), file["filename"], file.get("content_type"))

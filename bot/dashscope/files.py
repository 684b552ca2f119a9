"""The form of a temporary upload, and what counts as a picture. No I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.dashscope.errors import Decision, InDoubt, NotAccepted
from bot.dashscope.wire import is_link

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FIELDS = {
    "OSSAccessKeyId": "oss_access_key_id",
    "Signature": "signature",
    "policy": "policy",
    "x-oss-object-acl": "x_oss_object_acl",
    "x-oss-forbid-overwrite": "x_oss_forbid_overwrite",
}


@dataclass(frozen=True)
class UploadForm:
    """An upload ready to be posted: the fields, to be followed by the `file`. `link`: what the API will read."""

    host: str
    fields: Mapping[str, str] = field(repr=False)
    link: str


def form(policy: Mapping[str, object], filename: str, size: int) -> UploadForm:
    """The form for one file of `size` bytes. Raises InDoubt for a policy without sense, NotAccepted when the file is
    too large for it."""
    if not _NAME.fullmatch(filename):
        raise ValueError("The file name of an upload consists of ASCII letters, digits, dots and dashes.")
    host, folder = policy.get("upload_host"), policy.get("upload_dir")
    values = {name: policy.get(source) for name, source in _FIELDS.items()}
    texts = {name: value for name, value in values.items() if isinstance(value, str) and value.isascii()}
    if not (is_link(host) and isinstance(folder, str) and folder and folder.isascii() and len(texts) == len(_FIELDS)):
        raise InDoubt("Garbled", "The upload policy made no sense.", decision=Decision.RETRY_LATER)
    megabytes = policy.get("max_file_size_mb")
    if isinstance(megabytes, int | float) and size > megabytes * 1_000_000:
        raise NotAccepted("TooLarge", f"Uploads end at {megabytes} MB.", decision=Decision.BAD_PHOTO)
    key = f"{folder.strip('/')}/{filename}"
    return UploadForm(host, {**texts, "key": key, "success_action_status": "200"}, f"oss://{key}")


def is_picture(data: bytes) -> bool:
    """Whether the data begins like a JPEG, PNG or WEBP."""
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")

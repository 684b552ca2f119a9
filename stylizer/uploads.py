"""Temporary uploads: files posted with a signed form, kept 48 hours for the account that requested the policy.

As with Alibaba Cloud's object storage, the signed policy says to which folder, until when and how much may be uploaded,
and no file is overwritten. Errors of the form are XML (`UploadRefused`).
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from stylizer.database import Database, uncancellable
from stylizer.file_store import FileStore
from stylizer.settings import MAX_IMAGE_BYTES, MIB, StylizerSettings
from stylizer.signing import is_signed, signature

ACCESS_KEY_ID = "repaint-stylizer"
MAX_KEY = 1023  # bytes of an object's name
_FIXED = {"x-oss-object-acl": "private", "x-oss-forbid-overwrite": "true"}

_USED_BYTES = text("select coalesce(sum(bytes), 0) from upload")
_INSERT = text("""
    insert into upload (object_key, account, file, bytes, created) values (:key, :account, :file, :bytes, :now)
""")
_FIND = text("select file from upload where object_key = :key and account = :account and created > :since")
_SELECT_EXPIRED = text("select file from upload where created <= :since")
_DELETE_EXPIRED = text("delete from upload where created <= :since")


class UploadRefused(Exception):
    """Answered as XML: HTTP status, code, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


def too_large() -> UploadRefused:
    """The file is larger than the policy allows."""
    return UploadRefused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size.")


@dataclass(frozen=True)
class Uploads:
    """Policies, files and who may read them. `now` returns milliseconds since the epoch."""

    database: Database
    files: FileStore
    secret: bytes
    settings: StylizerSettings
    now: Callable[[], int]
    new_id: Callable[[], str]

    def policy(self, account: str, host: str) -> dict[str, Any]:
        """The `data` of a policy answer: everything the form needs."""
        folder = f"dashscope-instant/{account}/{self.new_id()}"
        expires = self.now() // 1000 + self.settings.policy_life
        document = {"expires": expires, "folder": folder, "account": account}
        policy = base64.b64encode(json.dumps(document).encode()).decode()
        return {
            "policy": policy,
            "signature": signature(self.secret, "policy", policy),
            "upload_dir": folder,
            "upload_host": host,
            "expire_in_seconds": self.settings.policy_life,
            "max_file_size_mb": MAX_IMAGE_BYTES // MIB,
            "capacity_limit_mb": self.settings.upload_space // MIB,
            "oss_access_key_id": ACCESS_KEY_ID,
            "x_oss_object_acl": _FIXED["x-oss-object-acl"],
            "x_oss_forbid_overwrite": _FIXED["x-oss-forbid-overwrite"],
        }

    async def accept(self, fields: Mapping[str, str], data: bytes) -> None:
        """Store a form's file. Raises UploadRefused."""
        account = self._verify(fields)
        key = fields["key"]
        if len(data) > MAX_IMAGE_BYTES:
            raise too_large()
        file = f"uploads/{self.new_id()}"
        await self.files.put(file, data)
        try:
            await self._insert(key, account, file, len(data))
        except UploadRefused:
            await self.files.delete(file)
            raise

    async def read(self, account: str, key: str) -> bytes | None:
        """The file of `oss://key`, if this account uploaded it in the last 48 hours."""
        file = await self._find(account, key)
        return None if file is None else await self.files.get(file)

    async def delete_expired(self) -> None:
        """Delete what has expired."""
        await self.files.delete(*await self._delete_rows())

    @uncancellable
    async def _insert(self, key: str, account: str, file: str, size: int) -> None:
        """Insert the file's row, if there is space left and the key is not taken. Raises UploadRefused."""
        async with self.database.write() as connection:
            if (await connection.execute(_USED_BYTES)).scalar_one() + size > self.settings.upload_space:
                raise UploadRefused(403, "QuotaExceeded", "The temporary storage is full, please try again later.")
            values = {"key": key, "account": account, "file": file, "bytes": size, "now": self.now()}
            try:
                await connection.execute(_INSERT, values)
            except IntegrityError as error:
                message = "The object you specified already exists and can not be overwritten."
                raise UploadRefused(409, "FileAlreadyExists", message) from error

    @uncancellable
    async def _find(self, account: str, key: str) -> str | None:
        async with self.database.read() as connection:
            values = {"key": key, "account": account, "since": self._since()}
            row = (await connection.execute(_FIND, values)).first()
        return None if row is None else str(row[0])

    @uncancellable
    async def _delete_rows(self) -> list[str]:
        async with self.database.write() as connection:
            rows = (await connection.execute(_SELECT_EXPIRED, {"since": self._since()})).all()
            await connection.execute(_DELETE_EXPIRED, {"since": self._since()})
        return [row[0] for row in rows]

    def _since(self) -> int:
        return self.now() - self.settings.upload_life * 1000

    def _verify(self, fields: Mapping[str, str]) -> str:
        """Check policy, signature and key; the account that the policy was issued to. Raises UploadRefused."""
        policy = fields.get("policy", "")
        if fields.get("OSSAccessKeyId") != ACCESS_KEY_ID:
            message = "The OSS Access Key Id you provided does not exist in our records."
            raise UploadRefused(403, "InvalidAccessKeyId", message)
        if not is_signed(self.secret, fields.get("Signature", ""), "policy", policy):
            message = "The request signature we calculated does not match the signature you provided."
            raise UploadRefused(403, "SignatureDoesNotMatch", message)
        document = json.loads(base64.b64decode(policy))  # we signed it, so it is well-formed
        if self.now() >= document["expires"] * 1000:
            raise UploadRefused(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
        key = fields.get("key", "")
        is_inside = key.startswith(document["folder"] + "/") and len(key.encode()) <= MAX_KEY
        if not is_inside or any(fields.get(name) != value for name, value in _FIXED.items()):
            raise UploadRefused(403, "AccessDenied", "Invalid according to Policy: Policy Condition failed.")
        return str(document["account"])

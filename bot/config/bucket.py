"""The settings of the bucket where pictures are kept, if not in a folder, and of our access to it.

The names are those that other programs use for such stores; what is not set is taken from the usual places, such as the
role of a machine or a pod.
"""

import re
from typing import Literal

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from storage.bucket import Bucket

_BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([\w!'()*.-]+(?:/[\w!'()*.-]+)*))?/?", re.ASCII)


class BucketSettings(BaseSettings):
    """A part of `Settings`."""

    photo_store: str | None = None
    aws_endpoint_url: AnyHttpUrl | None = None
    aws_region: str | None = None
    aws_secret_access_key: SecretStr | None = None  # before the id, whose validator reads it
    aws_access_key_id: SecretStr | None = Field(default=None, validate_default=True)
    aws_session_token: SecretStr | None = None
    aws_virtual_hosted_style_request: bool = False
    aws_server_side_encryption: Literal["AES256", "aws:kms", "aws:kms:dsse"] | None = None
    aws_sse_kms_key_id: str | None = None

    @field_validator("photo_store")
    @classmethod
    def _is_a_bucket(cls, value: str | None) -> str | None:
        found = None if value is None else _BUCKET.fullmatch(value)
        if value is not None and (found is None or {".", ".."} & set((found[2] or "").split("/"))):
            raise ValueError("write it as s3://bucket or s3://bucket/prefix")
        return value

    @field_validator("aws_access_key_id")
    @classmethod
    def _go_together(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if (value is None) != (others.data.get("aws_secret_access_key", value) is None):
            raise ValueError("needs AWS_SECRET_ACCESS_KEY beside it, and the other way round")
        return value

    @property
    def bucket(self) -> Bucket | None:
        """Where pictures are kept; None: in a folder of DATA_DIR."""
        found = None if self.photo_store is None else _BUCKET.fullmatch(self.photo_store)
        if found is None:
            return None
        return Bucket(
            name=found[1],
            prefix=found[2] or "",
            endpoint=None if self.aws_endpoint_url is None else str(self.aws_endpoint_url).rstrip("/"),
            region=self.aws_region,
            access_key_id=_word(self.aws_access_key_id),
            secret_access_key=_word(self.aws_secret_access_key),
            session_token=_word(self.aws_session_token),
            in_host=self.aws_virtual_hosted_style_request,
            encryption=self.aws_server_side_encryption,
            encryption_key=self.aws_sse_kms_key_id,
        )

    @property
    def has_public_bucket(self) -> bool:
        """Whether pictures are in a bucket that can probably be reached from outside: one with plain http is in our own
        network."""
        return self.photo_store is not None and (
            self.aws_endpoint_url is None or self.aws_endpoint_url.scheme == "https"
        )


def _word(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()

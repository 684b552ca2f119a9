"""What several processes share: where pictures are kept, the database and the key to sign with; parts of `Settings`."""

import re
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from pydantic import AnyHttpUrl, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from storage.bucket import Bucket

_POSTGRES = ("postgresql://", "postgres://")
_HOW = "make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
_BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([\w!'()*.-]+(?:/[\w!'()*.-]+)*))?/?", re.ASCII)


class BucketSettings(BaseSettings):
    """Where pictures are kept: a folder of DATA_DIR or an S3 bucket."""

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


class ClusterSettings(BucketSettings):
    """Also the database and the secret key."""

    data_dir: Path = Path("data")
    database_url: SecretStr | None = None  # holds a password; before the key, whose validator reads it
    secret_key: SecretStr | None = Field(default=None, min_length=32, validate_default=True)

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(_POSTGRES):
            raise ValueError("write it as postgresql://user:password@host/name; without it, SQLite in DATA_DIR is used")
        return value

    @field_validator("secret_key")
    @classmethod
    def _is_shared(cls, value: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if value is None and others.data.get("database_url") is not None:
            raise ValueError(f"DATABASE_URL needs it, the same for every process; {_HOW}")
        return value

    @property
    def database_password(self) -> str:
        """The password in `database_url`; empty where there is none."""
        url = "" if self.database_url is None else self.database_url.get_secret_value()
        return unquote(url.rpartition("@")[0].rpartition(":")[2]) if "@" in url else ""

    @property
    def database(self) -> Path | str:
        """An SQLite file, or the address of a PostgreSQL database, which is a secret."""
        return self.data_dir / "repaint.db" if self.database_url is None else self.database_url.get_secret_value()

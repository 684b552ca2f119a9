"""The settings for several processes in one installation: the shared database, and the key to sign with."""

from pathlib import Path
from urllib.parse import unquote

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from bot.config.bucket import BucketSettings

_POSTGRES = ("postgresql://", "postgres://")
_HOW = "make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"


class ClusterSettings(BucketSettings):
    """A part of `Settings`."""

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

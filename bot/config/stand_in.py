"""The settings of `repaint stylizer`: a machine that only paints needs none of the bot's."""

from dataclasses import replace

from obstore.store import ObjectStore
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from bot.config.bucket import BucketSettings
from storage.bucket import Bucket, open_objects

STYLIZER_PREFIX = "stylizer"  # below the bucket's own prefix, beside the bot's pictures


class StandInSettings(BucketSettings):
    """Read from the same environment and the same `.env` as the bot's."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    stylizer_database_url: SecretStr | None = None
    database_url: SecretStr | None = None

    @property
    def task_database(self) -> str | None:
        """The address of a database that several processes share, which is a secret; None: a file in the data
        folder."""
        url = self.stylizer_database_url or self.database_url
        return None if url is None else url.get_secret_value()

    @property
    def store(self) -> ObjectStore | None:
        """Where the stylizer's photos are; None: in the data folder."""
        return None if self.bucket is None else stylizer_bucket(self.bucket)

    def secrets(self) -> tuple[str, ...]:
        """Every secret value, to be removed from logs."""
        values = [getattr(self, name) for name in type(self).model_fields]
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


def stylizer_bucket(bucket: Bucket) -> ObjectStore:
    """The stylizer's part of a bucket."""
    return open_objects(replace(bucket, prefix="/".join(filter(None, (bucket.prefix, STYLIZER_PREFIX)))))

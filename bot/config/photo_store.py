"""Where pictures are kept: in a folder of this machine, or in a bucket that several machines share."""

from pathlib import Path

from bot.config.bucket import BucketSettings
from bot.messaging.platform import CannotStart
from storage.bucket import BucketUnusable, open_bucket
from storage.photos import PhotoStore, open_photos


async def open_photo_store(settings: BucketSettings, folder: Path, name: str) -> PhotoStore:
    """The store. A bucket is tried out first, with something called `name`: whoever mistyped something hears of it
    before anybody has sent a photo.

    Raises:
        CannotStart: with what is wrong with the bucket.
    """
    if settings.bucket is None:
        return open_photos(folder)
    photos = open_bucket(settings.bucket)
    try:
        await photos.prove(name)
    except BucketUnusable as error:
        raise CannotStart(str(error)) from None
    return photos

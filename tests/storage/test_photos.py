"""The photo store, in a folder and in a bucket: keys by content and owner, expiry, and deletion."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.bucket import open_bucket
from storage.photos import NO_EXPIRY, PAGE, Kind, PhotoStore, open_photos
from tests.fakes.s3 import BucketServer, bucket_server
from tests.harness.rows import NOON

HOUR = 3600.0
SECRET = b"a face that nobody else may see"


@dataclass
class Place:
    """A store. `raw` lists everything that is really in it, `again` opens the same store once more."""

    photos: PhotoStore
    raw: Callable[[], list[str]]
    again: Callable[[], PhotoStore]


@pytest.fixture(scope="module")
def server() -> Iterator[BucketServer]:
    with bucket_server() as running:
        yield running


@pytest.fixture(params=["folder", "bucket", "below a prefix"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        folder = tmp_path / "photos"
        return Place(open_photos(folder), lambda: below(folder), lambda: open_photos(folder))
    server: BucketServer = request.getfixturevalue("server")
    bucket = server.bucket("all/pictures" if "prefix" in request.param else "")
    return Place(open_bucket(bucket), lambda: server.raw_keys(bucket), lambda: open_bucket(bucket))


@pytest.fixture
def photos(place: Place) -> PhotoStore:
    return place.photos


@pytest.fixture
def folder(tmp_path: Path) -> PhotoStore:
    """A store in a folder, for tests of folders only."""
    return open_photos(tmp_path / "photos")


def on_disk(folder: Path) -> list[bytes]:
    """The contents of all files below."""
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


def below(folder: Path) -> list[str]:
    """All paths below, folders included."""
    return [path.name for path in folder.rglob("*")]


async def test_a_picture_can_be_read_until_it_is_deleted(photos: PhotoStore, place: Place) -> None:
    key = await photos.put(Kind.ORIGINAL, 7, SECRET, expires=NOON + HOUR)
    assert (await photos.get(key), await photos.has(key)) == (SECRET, True)
    assert (await place.again().get(key), await place.again().keys()) == (SECRET, (key,))
    assert place.raw()[-1].endswith(key.rpartition("/")[2])
    await photos.delete(key)
    assert (await photos.get(key), await photos.has(key)) == (None, False)
    assert place.raw() == []
    await photos.delete(key)  # once more is no error


async def test_a_key_contains_kind_owner_hour_and_hash(photos: PhotoStore) -> None:
    key = await photos.put(Kind.RESULT, 7, SECRET, expires=NOON + 1)
    kind, owner, hour, name = key.split("/")
    assert (kind, owner, hour) == ("result", "7", "2026112213")
    assert len(name) == 64 + len(".jpg")


async def test_the_same_photo_within_the_hour_is_one_file(photos: PhotoStore) -> None:
    keys = {await photos.put(Kind.ORIGINAL, 7, SECRET, expires=NOON + second) for second in (1, 1800, 3600)}
    assert len(keys) == 1
    assert await photos.keys() == tuple(keys)


async def test_owners_have_their_own_copies(photos: PhotoStore) -> None:
    anna, ben = [await photos.put(Kind.ORIGINAL, owner, SECRET, expires=NOON + HOUR) for owner in (1, 2)]
    await photos.delete(anna)
    assert await photos.get(ben) == SECRET


@pytest.mark.parametrize(
    ("later", "left"),
    [(0, 3), (HOUR - 1, 3), (HOUR, 2), (2 * HOUR - 1, 2), (2 * HOUR, 1), (24 * HOUR, 1), (25 * HOUR, 0)],
)
async def test_a_purge_deletes_expired_pictures_and_no_others(
    photos: PhotoStore, place: Place, later: float, left: int
) -> None:
    for number, life in enumerate((HOUR, 2 * HOUR, 24.5 * HOUR)):
        await photos.put(Kind.ORIGINAL, number, SECRET + bytes([number]), expires=NOON + life)
    assert await photos.purge(NOON + later) == 3 - left
    assert len([name for name in place.raw() if name.endswith(".jpg")]) == left
    assert len(await photos.keys()) == left


async def test_expired_pictures_that_are_needed_are_kept_until_they_are_not(photos: PhotoStore, place: Place) -> None:
    needed, other = [await photos.put(Kind.ORIGINAL, owner, SECRET, expires=NOON) for owner in (1, 2)]
    assert await photos.purge(NOON + 99 * HOUR, keep={needed}) == 1
    assert (await photos.has(needed), await photos.has(other)) == (True, False)
    assert await photos.purge(NOON + 99 * HOUR) == 1
    assert place.raw() == []


async def test_two_processes_may_purge_at_once(place: Place) -> None:
    for owner in range(20):
        await place.photos.put(Kind.ORIGINAL, owner, SECRET, expires=NOON)
    await asyncio.gather(place.photos.purge(NOON + HOUR), place.again().purge(NOON + HOUR))
    assert place.raw() == []


async def test_pictures_stored_during_a_purge_are_safe(photos: PhotoStore) -> None:
    """A picture stored now expires in a later hour than the one being purged, however soon it expires."""
    key = await photos.put(Kind.ORIGINAL, 7, SECRET, expires=NOON + 0.001)
    await photos.purge(NOON + 0.001)
    assert await photos.has(key)


async def test_all_pictures_of_an_owner_are_deleted_and_none_of_an_owner_with_a_similar_id(photos: PhotoStore) -> None:
    for owner in (1, 11, 10):
        for kind in (Kind.ORIGINAL, Kind.STYLE):
            await photos.put(kind, owner, f"{kind} of {owner}".encode(), expires=NO_EXPIRY)
    assert await photos.delete_all(Kind.ORIGINAL, 1) == 1
    assert await photos.delete_all(Kind.ORIGINAL, 1) == 0
    left = {tuple(key.split("/")[:2]) for key in await photos.keys()}
    assert left == {("style", "1"), ("original", "10"), ("style", "10"), ("original", "11"), ("style", "11")}


async def test_pictures_without_expiry_survive_every_purge(photos: PhotoStore) -> None:
    key = await photos.put(Kind.STYLE, 1, b"a style", expires=NO_EXPIRY)
    assert await photos.purge(NOON + 1000 * 365 * 86_400) == 0
    assert await photos.get(key) == b"a style"


OUTSIDE = [
    "../secret.key",
    "original/../../secret.key",
    "original/7/2026112213/../../../../secret.key",
    "/etc/passwd",
    "original/7/2026112213/" + "a" * 63 + ".jpg",
    "original/7/2026112213/" + "A" * 64 + ".jpg",
    "original/7/2026112213/" + "a" * 64 + ".jpg\n",
    "original/-7/2026112213/" + "a" * 64 + ".jpg",
    "original/٧/2026112213/" + "a" * 64 + ".jpg",
    "secret/7/2026112213/" + "a" * 64 + ".jpg",
    "",
]


@pytest.mark.parametrize("key", OUTSIDE)
async def test_an_invalid_key_reaches_no_file(folder: PhotoStore, tmp_path: Path, key: str) -> None:
    (tmp_path / "secret.key").write_bytes(SECRET)
    (tmp_path / "photos" / "secret.key").write_bytes(SECRET)
    assert (await folder.get(key), await folder.has(key)) == (None, False)
    await folder.delete(key)
    await folder.purge(NOON + 10**6 * HOUR)
    assert len(on_disk(tmp_path)) == 2


async def test_empty_folders_are_removed(folder: PhotoStore, tmp_path: Path) -> None:
    for owner in range(20):
        await folder.put(Kind.ORIGINAL, owner, SECRET, expires=NOON)
    await folder.purge(NOON + HOUR)
    assert below(tmp_path / "photos") == []
    key = await folder.put(Kind.ORIGINAL, 1, SECRET, expires=NOON)
    assert await folder.has(key)


async def test_a_purge_of_many_pages_deletes_all(folder: PhotoStore, tmp_path: Path) -> None:
    for owner in range(2 * PAGE + 7):
        path = tmp_path / "photos" / "original" / str(owner) / "2026112212" / ("a" * 64 + ".jpg")
        path.parent.mkdir(parents=True)
        path.write_bytes(SECRET)
    assert await folder.purge(NOON) == 2 * PAGE + 7
    assert below(tmp_path / "photos") == []


async def test_partial_files_left_by_a_crash_are_deleted_at_the_next_start(tmp_path: Path) -> None:
    whole = await open_photos(tmp_path).put(Kind.ORIGINAL, 7, SECRET, expires=NOON)
    (tmp_path / f"{whole}#1").write_bytes(SECRET[:9])
    (tmp_path / whole).with_name("b" * 64 + ".jpg#23").write_bytes(SECRET)
    photos = open_photos(tmp_path)
    assert on_disk(tmp_path) == [SECRET]
    assert await photos.get(whole) == SECRET


async def test_only_the_owner_can_read_the_folder(folder: PhotoStore, tmp_path: Path) -> None:
    assert (tmp_path / "photos").stat().st_mode & 0o077 == 0

"""The export holds all data of one person, in files small enough to send, and none of anybody else's."""

import hashlib
import json
import zipfile
from pathlib import Path

from bot.app import Installation
from bot.domain.styles import REFERENCE
from bot.jobs.request import JobRequest
from bot.messaging.platform import Person
from bot.privacy.export import ZipParts, export_files
from tests.conftest import SHARED_LOOP
from tests.harness.app import accepted, ended, private
from tests.harness.requests import a_person, a_photo, stored_keys, submit_request


def contents_of(files: tuple[Path, ...]) -> dict[str, bytes]:
    """Every file in the zips by its name."""
    found: dict[str, bytes] = {}
    for file in files:
        with zipfile.ZipFile(file) as archive:
            assert archive.testzip() is None
            found |= {name: archive.read(name) for name in archive.namelist()}
    return found


async def create_data(app: Installation, person: Person) -> None:
    """Create data of every kind that an export has."""
    for style, how in ((0, {}), (REFERENCE, {"reference": a_photo()})):
        view = accepted(await submit_request(app, person, private(person), style, **how))
        await ended(app, person, view.id)
    await app.services.jobs.draft(
        JobRequest(person, private(person), f"draft of {person.platform_id}", photo=a_photo())
    )
    await app.services.saved_styles.save(person, "神奈川 / ../冲浪里", a_photo())
    await app.services.credits.add_purchase(f"charge of {person.platform_id}", person, 10, 50)


@SHARED_LOOP
async def test_an_export_holds_every_stored_picture_and_the_history(app: Installation) -> None:
    anna, ben = a_person(), a_person()
    await create_data(app, anna)
    await create_data(app, ben)
    async with app.services.privacy.export(anna) as files:
        assert [file.name for file in files] == ["repaint-1.zip"]
        found = contents_of(files)
    kept = [await app.services.photo_intake.photos.get(key) for key in await stored_keys(app, anna)]
    history = json.loads(found.pop("history.json"))
    assert {hashlib.sha256(data).digest() for data in found.values()} == {
        hashlib.sha256(data).digest() for data in kept if data
    }
    assert len(kept) == 7
    assert {name.split("/")[0] for name in found} == {"photos", "references", "pictures", "styles"}
    assert all(len(Path(name).parts) == 2 for name in found)
    assert history["person"] == {"platform": "test", "id": anna.platform_id, "language": "en"}
    assert [job["style"] for job in history["jobs"]] == ["comic", None, None]
    assert all(job["picture"] in found for job in history["jobs"][:2])
    assert history["saved_styles"][0]["name"] == "神奈川 / ../冲浪里"
    assert [bought["charge"] for bought in history["purchases"]] == [f"charge of {anna.platform_id}"]
    assert history["units"]["credits"] == 10
    assert ben.platform_id not in json.dumps(history)


@SHARED_LOOP
async def test_the_files_are_deleted_when_the_block_ends(app: Installation) -> None:
    anna = a_person()
    async with app.services.privacy.export(anna) as files:
        assert all(file.exists() for file in files)
        assert files[0].parent.stat().st_mode & 0o077 == 0
    assert not any(file.exists() or file.parent.exists() for file in files)


@SHARED_LOOP
async def test_a_large_export_comes_in_several_files(app: Installation) -> None:
    anna = a_person()
    await create_data(app, anna)
    async with app.services.privacy.export(anna) as whole:
        everything = contents_of(whole)
    async with export_files(app.services.queries, anna, max_bytes=4_000) as files:
        assert len(files) > 1
        assert contents_of(files).keys() == everything.keys()
        sizes = [file.stat().st_size for file in files]
        assert all(size <= 4_000 or len(contents_of((file,))) == 1 for size, file in zip(sizes, files, strict=True))


def test_zips_stay_below_the_limit_and_nothing_is_left_out(tmp_path: Path) -> None:
    zips = ZipParts(tmp_path, max_bytes=10_000)
    names = [f"pictures/{number}-{'长' * 40}.jpg" for number in range(20)]
    for number, name in enumerate(names):
        zips.add(name, bytes(number * 500))
    assert sorted(contents_of(tuple(zips.files))) == sorted(names)
    for file in zips.files:
        assert file.stat().st_size <= 10_000

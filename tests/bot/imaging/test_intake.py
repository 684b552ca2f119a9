"""The intake's quick check, and its worker processes when they are slow, too large, dead or cancelled."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
from PIL import Image

from bot.imaging.intake import FaceFinder, Intake, Unreadable
from bot.imaging.results import MAX_BYTES, REQUEST_BYTES, ForeignFormat, PhotoProblem, Portrait, UnusablePhoto
from bot.imaging.worker_client import Worker
from tests.fakes import face_finders
from tests.harness.pictures import BLUE, GREEN, RED, YELLOW, Colour, alike, corners, encoded, quarters

GOOD = encoded(quarters())
LONG = encoded(quarters(2400, 300))  # needs a face finder


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", UnusablePhoto(PhotoProblem.EMPTY, 0)),
        (b"Dear Sir or Madam", UnusablePhoto(PhotoProblem.NOT_A_PICTURE, 17)),
        (b"\0" * 500, UnusablePhoto(PhotoProblem.NOT_A_PICTURE, 500)),
        (b"\xff\xd8\xff" + bytes(MAX_BYTES), UnusablePhoto(PhotoProblem.TOO_MANY_BYTES, MAX_BYTES + 3)),
        (b"%PDF-1.7", UnusablePhoto(PhotoProblem.UNSUPPORTED, 8, foreign=ForeignFormat.PDF)),
        (b"<svg>", UnusablePhoto(PhotoProblem.UNSUPPORTED, 5, foreign=ForeignFormat.SVG)),
        (b"\0\0\0\x18ftypisom", UnusablePhoto(PhotoProblem.UNSUPPORTED, 12, foreign=ForeignFormat.VIDEO)),
    ],
)
async def test_files_that_are_no_photos_are_refused_without_a_worker(data: bytes, answer: UnusablePhoto) -> None:
    intake = Intake()  # not entered: there is no worker
    assert await intake.accept(data) == answer


@pytest.mark.parametrize(
    ("finder", "kept"),
    [
        (face_finders.at_the_start, [RED, RED, BLUE, BLUE]),
        (face_finders.near_the_end, [GREEN, GREEN, YELLOW, YELLOW]),
    ],
)
async def test_a_long_photo_is_cropped_around_its_face(finder: FaceFinder, kept: list[Colour]) -> None:
    async with Intake(find_face=finder) as intake:
        out = await intake.accept(LONG)
    assert isinstance(out, Portrait)
    assert (out.width, out.height, out.cropped) == (600, 300, True)
    assert alike(corners(out.jpeg), kept)


@pytest.mark.parametrize("finder", [None, face_finders.nowhere, face_finders.stumbling])
async def test_without_a_face_the_middle_is_kept(finder: FaceFinder | None) -> None:
    async with Intake(find_face=finder) as intake:
        out = await intake.accept(LONG)
    assert isinstance(out, Portrait)
    assert alike(corners(out.jpeg), [RED, GREEN, BLUE, YELLOW])


async def test_a_photo_that_takes_too_long_ends_and_the_next_one_is_read() -> None:
    async with Intake(find_face=face_finders.endless, seconds=1.5) as intake:
        assert await intake.accept(LONG) == UnusablePhoto(PhotoProblem.TOO_SLOW, len(LONG))
        assert isinstance(await intake.accept(GOOD), Portrait)


async def test_a_photo_that_kills_its_worker_is_damaged_and_the_next_one_is_read() -> None:
    async with Intake(find_face=face_finders.crashing) as intake:
        assert await intake.accept(LONG) == UnusablePhoto(PhotoProblem.DAMAGED, len(LONG))
        assert isinstance(await intake.accept(GOOD), Portrait)


async def test_a_photo_that_needs_too_much_memory_is_refused_and_the_next_one_is_read() -> None:
    large = encoded(Image.new("RGB", (6000, 5000)), "PNG", compress_level=1)
    async with Intake(memory_bytes=60_000_000) as intake:
        assert await intake.accept(large) == UnusablePhoto(PhotoProblem.TOO_SLOW, len(large))
        assert isinstance(await intake.accept(GOOD), Portrait)


async def test_a_worker_that_died_while_idle_costs_no_photo() -> None:
    worker = Worker("500000000", "")
    process = await worker.start()
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    head, _ = await worker.ask({}, GOOD, 20)
    assert head["reason"] is None
    assert worker.pid != process.pid
    await worker.stop()


async def test_a_cancelled_request_does_not_affect_the_next() -> None:
    async with Intake(find_face=face_finders.endless) as intake:
        asked = asyncio.create_task(intake.accept(LONG))
        await asyncio.wait([asked], timeout=0.3)
        asked.cancel()
        await asyncio.wait([asked])
        assert asked.cancelled()
        assert isinstance(await intake.accept(GOOD), Portrait)


@pytest.mark.parametrize("workers", [1, 2])
async def test_many_at_once_take_turns(workers: int) -> None:
    colours = [(40 * index, 20, 200 - 30 * index) for index in range(6)]
    async with Intake(workers=workers) as intake:
        answers = await asyncio.gather(*(intake.accept(encoded(quarters(colours=[colour] * 4))) for colour in colours))
    for colour, answer in zip(colours, answers, strict=True):
        assert isinstance(answer, Portrait)
        assert alike(corners(answer.jpeg), [colour] * 4)


async def test_the_process_that_reads_untrusted_files_gets_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123:abc")
    async with Intake(find_face=face_finders.nosy) as intake:
        out = await intake.accept(LONG)
    assert isinstance(out, Portrait)
    assert alike(corners(out.jpeg), [GREEN, GREEN, YELLOW, YELLOW])


async def test_no_worker_outlives_its_intake() -> None:
    worker = Worker("500000000", "")
    process = await worker.start()
    await worker.stop()
    assert process.returncode == -signal.SIGKILL
    assert worker.pid is None


async def test_a_worker_that_cannot_start_says_so_at_once() -> None:
    worker = Worker("500000000", "tests.fakes.face_finders:missing")
    with pytest.raises(RuntimeError, match="does not start"):
        await worker.start()


async def test_a_worker_that_sends_nonsense_counts_as_dead() -> None:
    async with Intake(find_face=face_finders.babbling) as intake:
        assert await intake.accept(LONG) == UnusablePhoto(PhotoProblem.DAMAGED, len(LONG))
        assert isinstance(await intake.accept(GOOD), Portrait)


async def test_output_of_libraries_does_not_get_into_the_answers() -> None:
    async with Intake(find_face=face_finders.chatty) as intake:
        assert isinstance(await intake.accept(LONG), Portrait)
        assert isinstance(await intake.accept(GOOD), Portrait)


def test_only_a_function_that_the_worker_can_import_may_find_faces() -> None:
    with pytest.raises(ValueError, match="top level of a module"):
        Intake(find_face=lambda _: None)


@pytest.mark.parametrize("data", [b"", b"text", b"\xff\xd8\xff rubbish", b"\xff\xd8\xff" + bytes(32_000_000)])
async def test_a_file_that_is_no_picture_has_no_preview(data: bytes) -> None:
    async with Intake() as intake:
        with pytest.raises(Unreadable):
            await intake.preview(data, 100)


def test_the_event_loops_process_imports_no_imaging() -> None:
    script = "import sys, bot.imaging; sys.exit(bool({'PIL', 'cv2', 'numpy', 'pillow_heif'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


async def test_a_large_photo_is_made_small_for_a_request_and_a_small_one_stays_as_it_is() -> None:
    noise = Image.merge("RGB", [Image.effect_noise((1600, 2400), 90)] * 3)
    large, small = encoded(noise, "JPEG", quality=95), encoded(quarters(), "JPEG")
    broken = large[: len(large) // 2]
    async with Intake() as intake:
        assert len(large) > REQUEST_BYTES >= len(await intake.request_copy(large))
        assert await intake.request_copy(small) == small
        assert await intake.request_copy(broken) == broken  # the API may say what is wrong with it


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_painted_picture_that_is_whole_stays_as_it_is(kind: str) -> None:
    picture = encoded(quarters(40, 30), kind)
    async with Intake() as intake:
        whole = await intake.whole_picture(picture)
        assert (whole.data, whole.width, whole.height) == (picture, 40, 30)
        for part in (picture[: len(picture) // 2], picture[:20], b"", b"<html>"):
            with pytest.raises(Unreadable):
                await intake.whole_picture(part)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "GIF", "AVIF"])
async def test_a_painted_picture_in_another_format_becomes_a_jpeg(kind: str) -> None:
    async with Intake() as intake:
        whole = await intake.whole_picture(encoded(quarters(), kind))
    assert (whole.width, whole.height) == (400, 300)
    assert alike(corners(whole.data), [RED, GREEN, BLUE, YELLOW])


async def test_a_worker_starts_when_a_photo_is_expected_and_ends_when_none_comes() -> None:
    async with Intake(idle_seconds=0.05) as intake:
        [worker] = intake._workers
        assert worker.pid is None
        intake.warm_up()
        intake.warm_up()  # once is enough
        assert isinstance(await intake.accept(GOOD), Portrait)
        async with asyncio.timeout(20):
            while worker.pid is not None:  # noqa: ASYNC110  # the process signals nothing
                await asyncio.sleep(0.01)
        assert isinstance(await intake.accept(GOOD), Portrait)  # another one starts

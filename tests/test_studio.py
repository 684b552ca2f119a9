"""The studio, the queue and the stand-in together: what a person asks for, and what becomes of it."""

import io
from pathlib import Path

from PIL import Image

from bot.wishes import State
from tests.house import ANNA, accepted, ended, house, private
from tests.quick_engine import quick_engine
from tests.stand_in import portrait_jpeg


async def test_a_wish_becomes_a_picture_in_store_and_costs_one_unit(tmp_path: Path) -> None:
    async with house(tmp_path) as parts:
        view = accepted(await parts.studio.wish(ANNA, private(ANNA), photo=portrait_jpeg(), style=0, source="test:1"))
        assert view.state == State.QUEUED
        done = await ended(parts, ANNA, view.id)
        assert done.state == State.STORED
        picture = await parts.studio.result(ANNA, view.id)
        assert picture is not None
        assert Image.open(io.BytesIO(picture)).size == (done.width, done.height)
        quota = await parts.studio.quota(ANNA)
        assert (quota.used, quota.reserved) == (1, 0)


async def test_the_same_update_again_is_told_apart_from_the_same_wish_again(tmp_path: Path) -> None:
    go, photo = tmp_path / "go", portrait_jpeg()
    async with house(tmp_path, engine=quick_engine(until=go)) as parts:
        sent = [
            accepted(await parts.studio.wish(ANNA, private(ANNA), photo=photo, style=0, source=source))
            for source in ("test:1", "test:1", "test:2")
        ]
        assert len({view.id for view in sent}) == 1
        assert [(view.repeated, view.merged) for view in sent] == [(False, False), (True, False), (True, True)]
        go.touch()
        await ended(parts, ANNA, sent[0].id)

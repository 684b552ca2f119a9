"""An engine that takes as long as the cloud, in scaled time, and photos for it."""

import io
import random
import time
from functools import partial

from PIL import Image

from bot.domain.poll_schedule import TaskDurations
from stylizer.engines import Engine
from tests.fakes.dashscope.quick_engine import STYLES, stylize, warm_up
from tests.fakes.dashscope.service import portrait_jpeg

TASK = TaskDurations(mean=15.0, deviation=3.75)


def slow_engine(speed: float) -> Engine:
    """Sleeps for as long as the cloud takes, then renders at once."""
    return Engine(stylize=partial(slowly, speed=speed), warm_up=warm_up, styles=STYLES)


def slowly(photo: bytes, look: int, *, speed: float, reference: bytes | None = None, seed: int = 0) -> bytes:
    """In a worker process. The duration depends on the photo alone, so that it is the same for every driver."""
    time.sleep(max(1.0, random.Random(photo).gauss(TASK.mean, TASK.deviation)) / speed)
    return stylize(photo, look, reference=reference, seed=seed)


def photo(number: int) -> bytes:
    """One of many small photos, all different."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(portrait_jpeg(256, 256))) as image:
        image.save(out, "JPEG", comment=str(number).encode())
    return out.getvalue()

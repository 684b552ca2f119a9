"""The scripted API's tasks, the pictures in which they end, and what the API says about them."""

import colorsys
import functools
import io
import json
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from bot.domain.styles import STYLES
from stylizer.answers import beijing_time
from tests.fakes.dashscope.scripted_cases import Case

MODEL = "wanx-style-repaint-v1"
STYLE_INDICES = (-1, *(style.index for style in STYLES if style.index >= 0))
Colour = tuple[int, int, int]
STRANGERS_COLOUR: Colour = (20, 20, 20)
SLOW_BYTES_PER_SECOND = 40_000.0


@dataclass
class ScriptedTask:
    """A task; times are epoch seconds. `starts`: when the account has room for it. `is_free`: it failed or was
    cancelled, as far as anybody was told; all others cost money whether anybody asks for them or not."""

    case: Case
    style: int | None
    key: str | None  # None: another program's
    account: str
    created: float
    starts: float
    task_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    is_free: bool = False
    links: int = 0  # how many have been signed

    @property
    def ends(self) -> float:
        return self.starts + self.case.run_seconds

    def status(self, now: float) -> str:
        """Its documented state."""
        if now < self.starts:
            return "PENDING"
        return "RUNNING" if now < self.ends else "SUCCEEDED"


def colour_of(style: int | None) -> Colour:
    """The colour in which the tasks of a style end, another for each."""
    if style is None:
        return STRANGERS_COLOUR
    red, green, blue = colorsys.hsv_to_rgb(STYLE_INDICES.index(style) / len(STYLE_INDICES), 0.75, 0.9)
    return round(255 * red), round(255 * green), round(255 * blue)


@functools.cache
def picture(colour: Colour, kind: str = "JPEG") -> bytes:
    """A plain picture of the size that the API makes."""
    out = io.BytesIO()
    Image.new("RGB", (1536, 2048), colour).save(out, kind)
    return out.getvalue()


@functools.cache
def large_picture(colour: Colour) -> bytes:
    """Some 3 MB of noise with a plain corner at the top left."""
    grain = Image.frombytes("L", (1536, 2048), random.Random(1).randbytes(1536 * 2048))
    image = Image.blend(Image.new("RGB", grain.size, colour), Image.merge("RGB", (grain,) * 3), 0.55)
    image.paste(colour, (0, 0, 200, 200))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=97)
    return out.getvalue()


def state_answer(task: ScriptedTask, state: str, now: float, **output: Any) -> dict[str, Any]:
    """The answer to a query about a task in this state, without a result."""
    said: dict[str, Any] = {"task_id": task.task_id, "task_status": state, **output}
    if state != "UNKNOWN":
        said |= {"submit_time": _beijing(task.created), "scheduled_time": _beijing(task.starts)}
    if state in {"SUCCEEDED", "FAILED"}:
        said |= {"start_time": _beijing(task.starts), "end_time": _beijing(min(now, task.ends))}
    elif state != "UNKNOWN":
        said |= {"task_metrics": {"TOTAL": 1, "SUCCEEDED": 0, "FAILED": 0}}
    return {"request_id": str(uuid.uuid4()), "output": said}


def success_answer(
    task: ScriptedTask, link: str, now: float, output: Mapping[str, Any] | None, usage: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The answer about a SUCCEEDED task; `output` and `usage` replace the documented ones."""
    shown = {"results": [{"url": "{url}"}]} if output is None else output
    filled = json.loads(json.dumps(shown).replace("{url}", link))
    described = {"error_message": "Success", "error_code": 0, "style_index": task.style}
    answer = state_answer(task, "SUCCEEDED", now, **described, **filled)
    return {**answer, "usage": {"image_count": 1} if usage is None else dict(usage)}


def list_entry(task: ScriptedTask, key_id: str, now: float) -> dict[str, Any]:
    """A task as the list shows it; times are in milliseconds."""
    ended = now >= task.ends
    entry = {
        "api_key_id": key_id,
        "caller_parent_id": task.account,
        "caller_uid": task.account,
        "gmt_create": int(task.created * 1000),
        "start_time": int(task.starts * 1000) if now >= task.starts else None,
        "end_time": int(task.ends * 1000) if ended else None,
        "model_name": MODEL,
        "region": "cn-beijing",
        "request_id": task.request_id,
        "status": task.status(now),
        "task_id": task.task_id,
        "user_api_unique_key": f"apikey:v1:aigc:image-generation:generation:{MODEL}",
    }
    hidden = set(task.case.list_lacks)
    return {name: value for name, value in entry.items() if value is not None and name not in hidden}


def _beijing(at: float) -> str:
    return beijing_time(int(at * 1000))

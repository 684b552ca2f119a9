"""Settings and constants. The environment is read by the caller, not here."""

from dataclasses import dataclass, field
from pathlib import Path

MODEL = "wanx-style-repaint-v1"
BASE_PATH = "/api/v1"
MIB = 1024 * 1024
MAX_IMAGE_BYTES = 10 * MIB


@dataclass(frozen=True)
class StylizerSettings:
    """The defaults are the API's own limits.

    `data_dir` holds the task table and all files. With `database_url` (`postgresql://…`, contains a password) the table
    is there instead, shared by several services and workers; a task whose lease was not renewed for `lease` seconds is
    taken over. With no `keys`, every key is accepted, each as its own account. Limits are per account; `max_pending`
    and `upload_space` (bytes) are for the whole table. `workers` are processes, each with `threads` (None: one for each
    core). `public_url` is the start of links (None: the address of the request). Lives are in seconds.
    `testing_faults`: callers may ask for errors (`stylizer.testing_faults`).
    """

    data_dir: Path
    database_url: str | None = field(default=None, repr=False)
    lease: float = 6.0
    keys: frozenset[str] = field(default=frozenset(), repr=False)
    submits_per_second: int = 2
    queries_per_second: int = 20
    max_running: int = 1
    max_pending: int = 100
    free_images: int | None = None
    workers: int = 1
    threads: int | None = None
    seconds_per_task: float = 180
    allow_private_addresses: bool = False
    public_url: str | None = None
    task_life: int = 24 * 3600
    upload_life: int = 48 * 3600
    policy_life: int = 300
    upload_space: int = 1024 * MIB
    testing_faults: bool = False

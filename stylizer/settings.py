"""What the service is told when it starts. Nothing in here reads the environment: whoever starts the service does."""

from dataclasses import dataclass, field
from pathlib import Path

MODEL = "wanx-style-repaint-v1"
BASE_PATH = "/api/v1"
MIB = 1024 * 1024
MAX_IMAGE_BYTES = 10 * MIB


@dataclass(frozen=True)
class StylizerSettings:
    """One frozen value, with the API's own limits as defaults.

    `data_dir` holds the task table and all bytes. With `database_url` (`postgresql://…`, it holds a password) the table
    is there instead, for several services and painters; what runs is taken over `lease` seconds after the last word
    from who ran it. With no `keys`, every key is accepted, and each one is its own account. Limits count per account;
    `max_pending` and `upload_space` are for the whole table. `workers` are processes, each with `threads` (None: as
    many as there are cores). `public_url` is where links point to (without it: wherever the request came in). Lives are
    in seconds.
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

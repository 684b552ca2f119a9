"""What a platform has room for, where the core has to know."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

FILE_BYTES = 45 * 1024 * 1024  # Telegram takes documents up to 50 MB


@dataclass(frozen=True)
class Room:
    """`looks`: styles to choose from on one card; `samples`: of how many the gallery shows at once; `file_bytes`: of a
    file that is sent; `has_forms`: commands are filled in instead of typed, and a button can ask for a picture."""

    looks: int = 8
    samples: int = 100
    file_bytes: int = FILE_BYTES
    has_forms: bool = False


ROOM = Room()


@runtime_checkable
class Roomy(Protocol):
    """A platform that has more, or less, than the usual room."""

    @property
    def room(self) -> Room: ...

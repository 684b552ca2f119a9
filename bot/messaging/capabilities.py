"""What a platform has room for, where the core has to know."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

MAX_FILE_BYTES = 45 * 1024 * 1024  # Telegram takes documents up to 50 MB


@dataclass(frozen=True)
class Capabilities:
    """`looks`: styles to choose from on one card; `samples`: of how many the gallery shows at once; `file_bytes`: of a
    file that is sent; `has_forms`: commands are filled in instead of typed, and a button can ask for a picture."""

    styles_per_page: int = 8
    samples_per_page: int = 100
    max_file_bytes: int = MAX_FILE_BYTES
    has_forms: bool = False


DEFAULT_CAPABILITIES = Capabilities()


@runtime_checkable
class HasCapabilities(Protocol):
    """A platform that has more, or less, than the usual room."""

    @property
    def capabilities(self) -> Capabilities: ...

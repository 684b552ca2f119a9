"""Returning freed memory to the system.

The nets free hundreds of megabytes that the C library would keep; glibc can be asked to release them.
"""

import ctypes
from collections.abc import Callable
from functools import cache


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None  # another C library: nothing to ask for


def give_back() -> None:
    """Return freed memory to the system, where the C library supports it; takes a few milliseconds."""
    trim = _trim()
    if trim:
        trim(0)

"""Handing freed memory back to the system.

The nets free hundreds of megabytes that the C library would keep; with glibc it can be asked to let go of them.
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
    """Return what has been freed to the system, where the C library can; costs a few milliseconds."""
    trim = _trim()
    if trim:
        trim(0)

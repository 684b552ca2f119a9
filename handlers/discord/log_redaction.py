"""Keeps tokens out of the logs: discord.py logs URLs with interaction tokens, httpx logs signed attachment URLs."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

# The least level that each library may log. Rate limits and lost connections are routine; what matters about them is
# logged where they are translated.
MIN_LEVELS = {"discord": logging.CRITICAL, "httpx": logging.WARNING, "httpcore": logging.WARNING}


@contextmanager
def install_redaction() -> Iterator[None]:
    """Raise the libraries' log levels while the bot runs."""
    original = {name: logging.getLogger(name).level for name in MIN_LEVELS}
    for name, level in MIN_LEVELS.items():
        logging.getLogger(name).setLevel(max(level, original[name]))
    try:
        yield
    finally:
        for name, level in original.items():
            logging.getLogger(name).setLevel(level)

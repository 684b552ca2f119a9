"""Keeps tokens out of logs: the library writes URLs with the tokens of interactions, httpx those of people's files."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

# From which level on each speaks. Rate limits and lost connections are daily bread: what matters of them is said where
# they are translated.
LEVELS = {"discord": logging.CRITICAL, "httpx": logging.WARNING, "httpcore": logging.WARNING}


@contextmanager
def quiet() -> Iterator[None]:
    """For as long as the bot runs, the libraries say only what matters."""
    before = {name: logging.getLogger(name).level for name in LEVELS}
    for name, level in LEVELS.items():
        logging.getLogger(name).setLevel(max(level, before[name]))
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)

"""Keeps the bot's token out of logs: the HTTP libraries write every URL, and Telegram's URLs contain the token."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

# From which level on each library speaks. Telegram's writes tracebacks about flood control and lost connections, which
# are our daily bread: what matters of them is said where they are translated.
LEVELS = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "telegram": logging.CRITICAL}


class Redaction(logging.Filter):
    """Strikes the token from a record before anybody formats it."""

    def __init__(self, token: SecretStr) -> None:
        super().__init__()
        self._token = token

    def filter(self, record: logging.LogRecord) -> bool:
        # Only the part after the colon is secret; in URLs the colon may be written %3A.
        secret = self._token.get_secret_value().rpartition(":")[2]
        message = record.getMessage()
        if secret in message:
            record.msg, record.args = message.replace(secret, "<token>"), None
        if record.exc_info and secret in logging.Formatter().formatException(record.exc_info):
            record.exc_info, record.exc_text = None, "(the traceback held the token and was left out)"
        return True


@contextmanager
def quiet(token: SecretStr) -> Iterator[None]:
    """For as long as the bot runs: the libraries say only what matters, and never the token."""
    redaction = Redaction(token)
    before = {name: logging.getLogger(name).level for name in LEVELS}
    for name, level in LEVELS.items():
        logging.getLogger(name).setLevel(max(level, before[name]))
        logging.getLogger(name).addFilter(redaction)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
            logging.getLogger(name).removeFilter(redaction)

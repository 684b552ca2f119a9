"""Keeps the bot's token out of logs: HTTP libraries log URLs, and Bot API URLs contain the token."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

# The lowest level that each library may log. python-telegram-bot logs tracebacks for flood control and lost
# connections, which are routine: `errors` and `long_polling` log what matters of them.
LOG_LEVELS = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "telegram": logging.CRITICAL}


class TokenFilter(logging.Filter):
    """Removes the token from a record before it is formatted."""

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
            record.exc_info, record.exc_text = None, "(traceback omitted: it contained the token)"
        return True


@contextmanager
def redact_token(token: SecretStr) -> Iterator[None]:
    """While the block runs, the libraries log warnings only, and never the token."""
    token_filter = TokenFilter(token)
    before = {name: logging.getLogger(name).level for name in LOG_LEVELS}
    for name, level in LOG_LEVELS.items():
        logging.getLogger(name).setLevel(max(level, before[name]))
        logging.getLogger(name).addFilter(token_filter)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
            logging.getLogger(name).removeFilter(token_filter)

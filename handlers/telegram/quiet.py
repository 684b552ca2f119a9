"""Keeps the bot's token out of logs: the HTTP libraries write every URL, and Telegram's URLs contain the token."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

TALKATIVE = ("httpx", "httpcore", "telegram", "aiolimiter")


class Redaction(logging.Filter):
    """Strikes the token from a record before anybody formats it."""

    def __init__(self, token: SecretStr) -> None:
        super().__init__()
        self._token = token

    def filter(self, record: logging.LogRecord) -> bool:
        secret = self._token.get_secret_value()
        message = record.getMessage()
        if secret in message:
            record.msg, record.args = message.replace(secret, "<token>"), None
        if record.exc_info and secret in logging.Formatter().formatException(record.exc_info):
            record.exc_info, record.exc_text = None, "(the traceback held the token and was left out)"
        return True


@contextmanager
def quiet(token: SecretStr) -> Iterator[None]:
    """For as long as the bot runs: the libraries speak from WARNING on, and never the token."""
    redaction = Redaction(token)
    loggers = [logging.getLogger(name) for name in TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(max(logger.level, logging.WARNING))
        logger.addFilter(redaction)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
            logger.removeFilter(redaction)

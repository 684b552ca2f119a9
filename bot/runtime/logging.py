"""Logs: one line an event on standard error, and one place where secrets are taken out, whoever wrote the line."""

import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable, MutableMapping
from types import TracebackType
from typing import Any
from urllib.parse import quote

import structlog

# Tokens of Telegram and Discord, DashScope's keys, bearer headers, signed queries, pictures as data URLs.
_SECRETS = re.compile(
    r"(?<!\d)\d{6,}(?::|%3[Aa])[A-Za-z0-9_-]{20,}"  # in a URL it follows the word "bot", and the colon may be quoted
    r"|\b[A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}"
    r"|\bsk-[A-Za-z0-9._-]{4,}"
    r"|(?<=Bot )[A-Za-z0-9._-]{30,}"
    r"|(?<=/webhooks/)\d+/[A-Za-z0-9_-]+"  # an interaction's token: whoever has it answers in our name
    r"|(?<=/interactions/)\d+/[A-Za-z0-9_-]+"
    r"|(?<=Bearer )\S+"
    r"|(?<=Signature=)[^&\s\"']+"
    r"|(?<=X-Amz-Credential=)[^&\s\"']+"
    r"|(?<=X-Amz-Security-Token=)[^&\s\"']+"
    r"|(?<=/photos/)[A-Za-z0-9._-]+"
    r"|(?<=/dashscope/events/)[A-Za-z0-9_-]+"
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"  # who we are at a database
    r"|(?<=;base64,)[A-Za-z0-9+/=]{16,}"
)
SHORTEST = 8  # characters; whatever is shorter would be found in every other word
_TALKATIVE = ("httpx", "httpcore", "telegram", "discord", "apscheduler", "alembic", "aiosqlite", "PIL", "uvicorn")


def redacted(text: str) -> str:
    """The text without anything that looks like a secret."""
    return _SECRETS.sub("[secret]", text)


def striker(secrets: Iterable[str] = ()) -> Callable[[str], str]:
    """What takes secrets out of a text: those that are given, whatever they look like, and all that look like one. Of a
    token with a colon, what comes after it is as secret as the whole; in a URL, secrets may be quoted."""
    spelt = {part for secret in secrets for part in (secret, secret.rpartition(":")[2]) if len(part) >= SHORTEST}
    known = sorted(spelt | {quote(secret, safe="") for secret in spelt}, key=len, reverse=True)
    if not known:
        return redacted
    given = re.compile("|".join(map(re.escape, known)))
    return lambda text: redacted(given.sub("[secret]", text))


def set_up_logging(level: str, *, secrets: Iterable[str] = (), stream: Any = None) -> None:
    """Send everything that is logged, by us or by a library, through the same redaction to `stream` (stderr)."""
    strike = striker(secrets)

    def redact(_logger: object, _method: str, line: MutableMapping[str, Any] | str | bytes) -> str:
        return strike(str(line))

    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(
                key_order=["timestamp", "level", "logger", "event"], sort_keys=True, drop_missing=True
            ),
            redact,
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def log_last_words() -> None:
    """Log what nobody caught instead of printing it: an interpreter's own traceback hides nothing."""
    logging.captureWarnings(capture=True)
    sys.excepthook = _last_words
    threading.excepthook = lambda last: _last_words(last.exc_type, last.exc_value, last.exc_traceback)
    sys.unraisablehook = lambda last: _last_words(last.exc_type, last.exc_value, last.exc_traceback)


def _last_words(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    words = (kind, error or kind(), trace)
    structlog.get_logger(__name__).critical("nobody caught this", exc_info=words)

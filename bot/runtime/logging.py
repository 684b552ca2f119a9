"""Logging: one line for each event on standard error, with secrets removed in one place, whoever logs them."""

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
    r"(?<!\d)\d{6,}(?::|%3[Aa])[A-Za-z0-9_-]{20,}"  # in a URL it follows the word "bot", and its colon may be quoted
    r"|\b[A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}"
    r"|\bsk-[A-Za-z0-9._-]{4,}"
    r"|(?<=Bot )[A-Za-z0-9._-]{30,}"
    r"|(?<=/webhooks/)\d+/[A-Za-z0-9_-]+"  # an interaction's token: whoever has it can reply in our name
    r"|(?<=/interactions/)\d+/[A-Za-z0-9_-]+"
    r"|(?<=Bearer )\S+"
    r"|(?<=Signature=)[^&\s\"']+"
    r"|(?<=X-Amz-Credential=)[^&\s\"']+"
    r"|(?<=X-Amz-Security-Token=)[^&\s\"']+"
    r"|(?<=/photos/)[A-Za-z0-9._-]+"
    r"|(?<=/dashscope/events/)[A-Za-z0-9_-]+"
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"  # credentials of a database
    r"|(?<=;base64,)[A-Za-z0-9+/=]{16,}"
)
MIN_SECRET_LENGTH = 8  # shorter ones would be found in ordinary words
VERBOSE_LIBRARIES = (
    "httpx",
    "httpcore",
    "telegram",
    "discord",
    "apscheduler",
    "alembic",
    "aiosqlite",
    "PIL",
    "uvicorn",
)


def redacted(text: str) -> str:
    """The text with everything that looks like a secret replaced."""
    return _SECRETS.sub("[secret]", text)


def redactor(secrets: Iterable[str] = ()) -> Callable[[str], str]:
    """A function that removes the given secrets from a text, and everything that looks like one. The part of a token
    after a colon counts as a secret too, and secrets may be quoted for a URL."""
    spellings = {
        part for secret in secrets for part in (secret, secret.rpartition(":")[2]) if len(part) >= MIN_SECRET_LENGTH
    }
    known = sorted(spellings | {quote(secret, safe="") for secret in spellings}, key=len, reverse=True)
    if not known:
        return redacted
    given = re.compile("|".join(map(re.escape, known)))
    return lambda text: redacted(given.sub("[secret]", text))


def set_up_logging(level: str, *, secrets: Iterable[str] = (), stream: Any = None) -> None:
    """Send everything that we or a library log through the same redaction to `stream` (default: stderr)."""
    remove_secrets = redactor(secrets)

    def redact(_logger: object, _method: str, line: MutableMapping[str, Any] | str | bytes) -> str:
        return remove_secrets(str(line))

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
    for name in VERBOSE_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def log_uncaught_exceptions() -> None:
    """Log uncaught exceptions and warnings instead of printing them: Python's own tracebacks are not redacted."""
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)
    sys.unraisablehook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _log_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    info = (kind, error or kind(), trace)
    structlog.get_logger(__name__).critical("uncaught exception", exc_info=info)

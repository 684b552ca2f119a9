"""Logs: one line an event on standard error, and one place where secrets are taken out, whoever wrote the line."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Telegram's tokens, DashScope's keys, bearer headers, signed queries, pictures as data URLs.
_SECRETS = re.compile(
    r"(?<!\d)\d{6,}(?::|%3[Aa])[A-Za-z0-9_-]{20,}"  # in a URL it follows the word "bot", and the colon may be quoted
    r"|\bsk-[A-Za-z0-9._-]{4,}"
    r"|(?<=Bearer )\S+"
    r"|(?<=Signature=)[^&\s\"']+"
    r"|(?<=/photos/)[A-Za-z0-9._-]+"
    r"|(?<=;base64,)[A-Za-z0-9+/=]{16,}"
)
_TALKATIVE = ("httpx", "httpcore", "telegram", "apscheduler", "alembic", "aiosqlite", "PIL", "uvicorn")


def redacted(text: str) -> str:
    """The text without anything that looks like a secret."""
    return _SECRETS.sub("[secret]", text)


def set_up_logging(level: str, *, stream: Any = None) -> None:
    """Send everything that is logged, by us or by a library, through the same redaction to `stream` (stderr)."""
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
            _redact,
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


def _redact(_logger: object, _method: str, line: MutableMapping[str, Any] | str | bytes) -> str:
    return redacted(str(line))

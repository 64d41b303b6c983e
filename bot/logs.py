"""Configures structured logs and redacts secrets from every line."""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Literal

import structlog

from moa.redaction import HIDDEN, hide_known_keys, hide_secret_shapes, is_secret_field

log = structlog.get_logger(__name__)

_BEARER = re.compile(r"(?<=Bearer )[^\s\"']+")

QUIET = (
    "alembic",
    "slack_bolt",
    "slack_sdk",
    "bot.bolt",
    "httpx2",
    "httpcore2",
    "openai",
    "anthropic",
    "aiohttp",
    "aiosqlite",
    "asyncio",
    "markdown_it",
    "procrastinate",
    "psycopg",
    "sqlalchemy",
    "uvicorn",
)
"""Loggers limited to warnings: their other lines are noisy or contain requests, questions and
answers."""


Processor = Callable[[object, str, MutableMapping[str, Any]], MutableMapping[str, Any]]
"""A structlog processor: changes a log line."""


def configure(level: str, log_format: Literal["console", "json"], *more: Processor) -> None:
    """Send all logs, including the libraries', to standard error in one format.

    Args:
        level: the lowest level to log.
        log_format: "console" for readable lines, "json" for one JSON object per line.
        more: processors that add fields; their fields are redacted too.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        *more,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    final = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[frames_only, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, final],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class OutageLog:
    """Logs one warning when a dependency goes away, and one line when it is back.

    Args:
        name: the start of both events: `NAME_away` and `NAME_back`.
    """

    def __init__(self, name: str) -> None:
        self._away, self._back = f"{name}_away", f"{name}_back"
        self._since: float | None = None

    def start(self, error: BaseException | None = None) -> None:
        """Report a failure; only the first of an outage is logged."""
        if self._since is None:
            self._since = time.monotonic()
            log.warning(self._away, error=type(error).__name__ if error else None)

    def end(self) -> None:
        """Report a success; only the first after an outage is logged."""
        if self._since is not None:
            log.info(self._back, after_s=round(time.monotonic() - self._since, 1))
            self._since = None


def hide_secrets(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Redact secrets from a log line's fields, including nested values (a structlog processor)."""
    for key, value in event.items():
        if not key.startswith("_"):  # structlog's own fields, which are not logged
            event[key] = _without_secrets(key, value)
    return event


def _without_secrets(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_secrets(str(name), each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secrets(key, each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return HIDDEN if is_secret_field(key) else scrub(str(value))


def scrub(text: str) -> str:
    """Return the text with `[hidden]` in place of every secret, in time linear in its length."""
    return hide_secret_shapes(_BEARER.sub(HIDDEN, hide_known_keys(text)))


def frames_only(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Reduce exceptions logged by moa to their frames and type (a structlog processor).

    Their messages may quote questions and answers, which must not be logged.
    """
    record = event["_record"]
    if record.name.startswith("moa.") and record.exc_info:
        kind, _, trace = record.exc_info
        frames = "".join(traceback.format_tb(trace))
        event["exception"] = f"Traceback (most recent call last):\n{frames}{kind.__name__}"
        del event["exc_info"]
    return event

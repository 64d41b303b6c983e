"""Structured logs, with whatever looks like a secret taken out of every line."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Callable, MutableMapping
from typing import Any, Literal

import structlog

from moa.redaction import hide_known_keys

SECRET = re.compile(
    r"xox[a-z]-[\w-]+"
    r"|xapp-[\w-]+"
    r"|\bsk-[\w-]{8,}"
    r"|(?<=Bearer )\S+"
    r"|https?://[^\s\"']*/(?:response|commands|actions|services)/[^\s\"']+"
    r"|wss?://[^\s\"']+"
    r"|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"
)
"""Slack's tokens, the providers' keys, response_urls, socket addresses, passwords in addresses."""

HIDDEN = "[hidden]"

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
"""Their INFO and DEBUG lines are many, or hold request bodies, questions and answers."""


Processor = Callable[[object, str, MutableMapping[str, Any]], MutableMapping[str, Any]]
"""Adds to a line, or takes from it."""


def configure(level: str, form: Literal["console", "json"], *more: Processor) -> None:
    """Send all logs, ours and the libraries', to standard error in one form.

    Args:
        level: the least that is logged.
        form: one line to read, or one JSON object, for each entry.
        more: processors that add to each line; what they add is searched for secrets too.
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
        if form == "json"
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


def hide_secrets(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor: every text of a line without what looks like a secret."""
    for key, value in line.items():
        if isinstance(value, str):
            line[key] = SECRET.sub(HIDDEN, hide_known_keys(value))
    return line


def frames_only(
    _logger: object, _method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Reduce the exceptions that moa logs to their frames and type.

    Their messages may quote a question or an answer, and no log may hold those.
    """
    record = line["_record"]
    if record.name.startswith("moa.") and record.exc_info:
        kind, _, trace = record.exc_info
        frames = "".join(traceback.format_tb(trace))
        line["exception"] = f"Traceback (most recent call last):\n{frames}{kind.__name__}"
        del line["exc_info"]
    return line

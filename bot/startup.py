"""Describes the configuration that `moa-bot run` and `worker` start with, before they are ready."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

import structlog

from bot.app import Bot
from bot.figures import shape_of
from bot.settings import Settings
from bot.slack.api.connection import Mode
from bot.storage.database_url import location
from moa.catalogue import ModelCatalogue

log = structlog.get_logger(__name__)

CONNECTIONS: Mapping[Mode, str] = {
    "socket": "Socket Mode",
    "http": "HTTP",
    "worker": "none: this worker answers questions that other processes receive",
}
HOW_TO_ASK = "Mention @{name} in a channel it belongs to, or send it a direct message."
LABEL_WIDTH = 14


async def announce(bot: Bot, settings: Settings, mode: Mode) -> None:
    """Print what was found, as a plain block on standard error or as one JSON log line."""
    me = await bot.identity.get()
    fields = {
        "version": _version(),
        "configuration": settings.config_source,
        "pipelines": _pipelines(bot.catalogue),
        "database": _database(bot),
        "workspace": f"{me.team} ({me.team_id})",
        "connection": CONNECTIONS[mode],
    }
    if settings.environment.log_format == "json":
        log.info("starting", **fields)
        return
    lines = [f"moa-bot {fields.pop('version')}"]
    for label, value in fields.items():
        first, *others = [value] if isinstance(value, str) else value
        lines.append(f"  {label:<{LABEL_WIDTH}} {first}")
        lines.extend(f"  {'':<{LABEL_WIDTH}} {other}" for other in others)
    if mode != "worker":
        lines.append(HOW_TO_ASK.format(name=me.name or "the app"))
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()


def _version() -> str:
    try:
        return version("moa-bot")
    except PackageNotFoundError:
        return "(running from source)"


def _pipelines(catalogue: ModelCatalogue) -> Sequence[str]:
    return [
        f"{name}{' (default)' if name == catalogue.default else ''}: {shape_of(pipeline)}"
        for name, pipeline in catalogue.pipelines.items()
    ]


def _database(bot: Bot) -> str:
    """Return where the data is, without the user and password."""
    where = location(bot.database.engine.url)
    kind = "" if bot.database.file else "Postgres at "
    return f"{kind}{where} ({'new' if bot.database.is_new else 'existing'})"

"""A complete bot on loopback: the local Slack, real model servers, a real database."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from opentelemetry.trace import TracerProvider
from sqlalchemy import update

from bot.app import Bot, open_bot
from bot.http import open_port, port_of
from bot.playground.clock import Clock
from bot.playground.server import LocalSlack
from bot.playground.state.installation import BOT_EVENTS
from bot.playground.state.models import Channel, SlackMessage, SlackView, User
from bot.server import serve_slack, serve_socket
from bot.settings import Settings, load
from bot.storage.tables import runs
from tests.databases import fresh_sqlite
from tests.models.replies import Reply
from tests.models.server import Answers, ModelServer
from tests.payloads import check

Mode = Literal["socket", "http"]

CONFIG = """
default_pipeline = "{default}"

[models.red]
provider = "openai"
model = "red-1"
base_url = "{openai}"
price = {{ input = 1.0, output = 2.0 }}

[models.green]
provider = "openai"
model = "green-1"
base_url = "{openai}"
price = {{ input = 1.0, output = 2.0 }}

[models.blue]
provider = "anthropic"
model = "blue-1"
base_url = "{anthropic}"
api_key_env = "BLUE_KEY"
price = {{ input = 1.0, output = 2.0 }}

[models.writer]
provider = "openai"
model = "writer-1"
base_url = "{openai}"
price = {{ input = 1.0, output = 2.0 }}

[pipelines.balanced]
description = "Three models, one reply."
aggregator = "writer"

[[pipelines.balanced.layers]]
proposers = ["red", "green", "blue"]

[pipelines.single]
description = "One model alone."
aggregator = "writer"
"""

MODELS = ("red-1", "green-1", "blue-1", "writer-1")


@dataclass(frozen=True, slots=True)
class Setting:
    """How bots on stage connect, and the URL of their database."""

    mode: Mode = "socket"
    database: str | None = None


SETTING = Setting()
"""The default. Tests in `tests/slack` run in several settings, by their `conftest.py`."""


def everywhere(reply: Reply) -> dict[str, Answers]:
    """Return this reply for every model of `CONFIG`."""
    return dict.fromkeys(MODELS, reply)


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts a test uses: Slack with two people in a channel, the models, the running bot."""

    slack: LocalSlack
    models: ModelServer
    bot: Bot
    settings: Settings
    ana: User
    ben: User
    general: Channel

    @property
    def mention(self) -> str:
        """Return the bot's mention as it is written in a message."""
        return f"<@{self.slack.bot_user_id}>"

    async def ask(
        self, text: str, thread_ts: str | None = None, *, user: User | None = None
    ) -> str:
        """Mention the bot in the channel as a person, and return the ts of the message."""
        words = f"{self.mention} {text}"
        return await self.slack.post(user or self.ana, self.general, words, thread_ts=thread_ts)

    async def unfinish(self, only: str = "", *, unmarked: SlackMessage | None = None) -> None:
        """Reset the run store to before a run's end, as if the process had died there.

        Args:
            only: words of the question to reset; by default, all questions.
            unmarked: a message that loses its metadata tag, as if it had not been finished.
        """
        undone = update(runs).where(runs.c.text.contains(only)).values(state="running", reply="")
        async with self.bot.database.begin() as connection:
            await connection.execute(undone.values(finished_at=None))
        if unmarked:
            unmarked.metadata = None

    def replies(self, thread_ts: str, channel: Channel | None = None) -> list[SlackMessage]:
        """Return the bot's finished messages in a thread."""
        found = self.slack.messages(channel or self.general, thread_ts)
        ours = [m for m in found if m.user == self.slack.bot_user_id]
        return [m for m in ours if not m.streaming and (m.metadata or m.stream is None)]

    async def replied(
        self, thread_ts: str, count: int = 1, channel: Channel | None = None
    ) -> SlackMessage:
        """Wait for the bot's message that completes a thread, and return it."""
        await self.slack.wait_for(
            lambda: len(self.replies(thread_ts, channel)) >= count, timeout=20
        )
        return self.replies(thread_ts, channel)[count - 1]

    async def opened_view(self, user: User, containing: str) -> SlackView:
        """Return the modal that a person has open, once it shows certain words."""

        def showing() -> SlackView | None:
            view = self.slack.current_modal(user)
            return view if view and containing in self.slack.render(view) else None

        await self.slack.wait_for(lambda: showing() is not None, timeout=10)
        view = showing()
        assert view is not None
        return view


@asynccontextmanager
async def served(bot: Bot) -> AsyncGenerator[int]:
    """Serve Slack's requests to a bot over HTTP, and yield the port."""
    listener = open_port("127.0.0.1", 0, "--port")
    async with serve_slack(bot, listener, with_metrics=True):
        yield port_of(listener)


@asynccontextmanager
async def on_stage(
    folder: Path,
    *,
    mode: Mode | None = None,
    models: Mapping[str, Answers] | None = None,
    config: str = CONFIG,
    extra: str = "",
    default: str = "balanced",
    clock: Clock | None = None,
    events: Iterable[str] = BOT_EVENTS,
    database: str | None = None,
    tracer_provider: TracerProvider | None = None,
    grid: tuple[str, ...] = (),
    now: Callable[[], datetime] | None = None,
) -> AsyncGenerator[Stage, None]:
    """Run a bot. Every model that is not in `models` answers "The answer of NAME.".

    `mode` and `database` (a URL, see `tests.databases`) default to those of `SETTING`; if that has
    no database, the bot uses a SQLite file in the folder. `grid` is the id of our workspace's
    Enterprise organisation, followed by the team ids of its other workspaces. `now` is the clock
    of prompts and brainstorms; by default the local Slack's.
    """
    mode = mode or SETTING.mode
    database = database or SETTING.database or fresh_sqlite(folder / "bot.db")
    async with AsyncExitStack() as stack:
        named = Reply(text=lambda request: f"The answer of {request.model}.")
        server = await stack.enter_async_context(ModelServer(models, default=named))
        slack = await stack.enter_async_context(LocalSlack(clock=clock))
        slack.app.events = set(events)
        if grid:
            slack.join_grid(*grid)
        text = config.format(
            default=default, openai=server.openai_url, anthropic=server.anthropic_url
        )
        (folder / "moa.toml").write_text(text + extra, encoding="utf-8")
        settings = load(folder, variables(slack, folder, database))
        bot = await stack.enter_async_context(
            open_bot(
                settings,
                mode=mode,
                tracer_provider=tracer_provider,
                now=now or (lambda: datetime.fromtimestamp(slack.clock.now(), UTC)),
            )
        )
        if mode == "http":
            port = await stack.enter_async_context(served(bot))
            slack.request_url = f"http://127.0.0.1:{port}/slack/events"
        else:
            await stack.enter_async_context(serve_socket(bot, settings))
            await slack.wait_for(lambda: slack.connections == 1)
        ana, ben = slack.add_user("Ana"), slack.add_user("Ben")
        general = slack.add_channel("general", members=[ana, ben])
        yield Stage(slack, server, bot, settings, ana, ben, general)
        await slack.wait_for_deliveries()
        check(slack.calls())


def variables(slack: LocalSlack, folder: Path, database: str | None = None) -> dict[str, str]:
    """Return the environment of a bot that uses the local Slack."""
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "BLUE_KEY": "blue-key",
        "DATABASE_URL": database or f"sqlite:///{folder / 'bot.db'}",
    }

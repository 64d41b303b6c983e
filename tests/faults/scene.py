"""A workspace whose bot is killed and cut off, and the checks that must hold afterwards."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, make_url, select, text, update

from bot.playground.state.models import SlackMessage
from bot.slack.api.metadata import is_last_message, run_id_of
from bot.storage.tables import answers, ledger, runs
from tests.bot.processes import LocalServices, local_services
from tests.faults.bot_processes import PATIENCE_S, BotLauncher, BotProcess
from tests.models.replies import Reply, Request

ASKED = re.compile(r"the risk of (\w+)")
GOOD = ("used", "truncated")


def named(request: Request) -> str:
    """Return the keyword of the question in a model request."""
    found = ASKED.findall(" ".join(words for _, words in request.turns))
    return found[-1] if found else ""


def reply_to(request: Request) -> str:
    """Return the aggregator's text."""
    return f"The reply to {named(request)} is: one two three four five six seven eight nine ten."


SLOWLY = Reply(reply_to, first_token_s=0.1, pace_s=0.1)
"""Slow enough to be shown in several pieces."""


@dataclass(frozen=True)
class Asked:
    """A question: its place in Slack and its unique keyword."""

    ts: str
    thread_ts: str
    word: str


@dataclass(frozen=True)
class Paid:
    """How often each model was called for a question, and whose answers are stored."""

    calls: Mapping[str, int]
    stored: frozenset[str]


class Scene:
    """The surroundings of the bot processes, and the checks of the results."""

    def __init__(
        self, folder: Path, services: LocalServices, launcher: BotLauncher, database: str
    ) -> None:
        self.services = services
        self.slack = services.slack
        self._folder = folder
        self._launcher = launcher
        self._database = database
        self._numbers = count(1)

    def start(self, *options: str, **others: Any) -> AbstractAsyncContextManager[BotProcess]:
        """Start a bot process."""
        return self._launcher.start(
            self._folder, self.slack, *options, database=self._database, **others
        )

    def ready(self, *options: str, **others: Any) -> AbstractAsyncContextManager[BotProcess]:
        """Start a bot process and wait until it is ready."""
        return self._launcher.ready(
            self._folder, self.slack, *options, database=self._database, **others
        )

    def configure(self, text: str) -> None:
        """Add settings for processes that start from now on."""
        file = self._folder / "moa.toml"
        file.write_text(f"{file.read_text(encoding='utf-8')}\n{text}\n", encoding="utf-8")

    async def ask(self, *, within: Asked | None = None) -> Asked:
        """Ask as Ana, in a new thread or in an existing one."""
        word = f"q{next(self._numbers)}"
        text = f"<@{self.slack.bot_user_id}> What is the risk of {word}?"
        thread_ts = within.thread_ts if within else None
        services = self.services
        ts = await self.slack.post(services.ana, services.general, text, thread_ts=thread_ts)
        return Asked(ts, thread_ts or ts, word)

    async def begun(self, asked: Asked) -> None:
        """Wait until the models have been called for a question."""
        for number in count(1):
            request = await self.services.models.asked(number)
            if request.api != "models" and named(request) == asked.word:
                return

    async def wrote(self, asked: Asked) -> None:
        """Wait until the aggregator has written the reply, wherever it is shown."""
        for number in count(1):
            request = await self.services.models.asked(number)
            if request.model == "writer-1" and named(request) == asked.word:
                await request.ended.wait()
                return

    async def answered(self, *questions: Asked, patience_s: float = PATIENCE_S) -> None:
        """Wait until every question has ended completely, then check each one."""
        for asked in questions:
            await self.slack.wait_for(lambda asked=asked: self._seems_finished(asked), patience_s)
        try:
            async with asyncio.timeout(patience_s):
                while self.queued_jobs() or any(self._is_live(asked) for asked in questions):  # noqa: ASYNC110 - a database does not report changes
                    await asyncio.sleep(0.05)
        except TimeoutError:
            live = [f"{asked.word}: {self.state(asked)}" for asked in questions]
            raise AssertionError(
                f"not over: {live}; the queue holds {self.queued_jobs()}"
            ) from None
        for asked in questions:
            self.check(asked)

    async def failed(self, asked: Asked, patience_s: float = PATIENCE_S) -> None:
        """Wait until a question has ended without an answer."""
        await self.slack.wait_for(lambda: self._seems_finished(asked), patience_s)
        async with asyncio.timeout(patience_s):
            while self.queued_jobs() or self.state(asked) != "failed":  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.05)

    def check(self, asked: Asked) -> None:
        """Check for one finished answer, nothing left open, and metadata on all our messages."""
        ours = self.ours(asked)
        ends = [message for message in ours if is_last_message(_shown(message))]
        thread = "\n".join(map(self.slack.render, ours))
        row = self._row(asked)
        assert row["state"] == "answered", f"{asked.word}: {row}\n{thread}"
        assert len(ends) == 1, f"{asked.word} has {len(ends)} ends:\n{thread}"
        assert thread.count("[Show answers]") == 1, thread
        assert f"The reply to {asked.word} is" in ends[0].text, thread
        assert ends[0].text.rstrip().endswith("ten."), thread
        whole = [message for message in ours if "nine ten." in message.text]
        assert len(whole) == 1, f"{asked.word} was answered {len(whole)} times:\n{thread}"
        assert {run_id_of(_shown(message)) for message in ours} == {self._row(asked)["id"]}, thread
        twice = [key for key, times in self._answer_counts(asked).items() if times > 1]
        assert not twice, f"{asked.word} was paid for twice: {twice}"

    def paid(self, asked: Asked) -> Paid:
        """Return what a question has cost so far."""
        requests = [r for r in self.services.models.questions if named(r) == asked.word]
        with self._connect() as connection:
            query = select(answers.c.model).join(runs, runs.c.id == answers.c.run_id)
            query = query.where(runs.c.ts == asked.ts, answers.c.status.in_(GOOD))
            stored = connection.execute(query).scalars().all()
        calls = Counter(request.model.removesuffix("-1") for request in requests)
        return Paid(calls, frozenset(stored))

    def check_paid(self, asked: Asked, before: Paid) -> None:
        """Check that stored answers were not requested again, and nothing more than once."""
        after = self.paid(asked)
        assert after.stored == {"red", "green", "blue", "writer"}
        for model, calls in after.calls.items():
            again = calls - before.calls.get(model, 0)
            most = 0 if model in before.stored else 1
            assert again <= most, f"{asked.word}: {model} was asked {again} more times"

    def ours(self, asked: Asked) -> list[SlackMessage]:
        """Return the bot's messages below a question."""
        found = self.slack.messages(*self._place(asked))
        ours = [message for message in found if message.user == self.slack.bot_user_id]
        run_id = self._row(asked).get("id")
        return [message for message in ours if run_id_of(_shown(message)) in {None, run_id}]

    def state(self, asked: Asked) -> str:
        """Return a question's state in the run store."""
        return self._row(asked).get("state", "unknown")

    def stored_texts(self, asked: Asked) -> list[str]:
        """Return all texts in the run store for a question, its reply and its answers."""
        row = self._row(asked)
        with self._connect() as connection:
            query = select(answers.c.text).where(answers.c.run_id == row["id"])
            found = connection.execute(query).scalars().all()
        return [words for words in (row["text"], row["reply"], *found) if words]

    def stop(self, asked: Asked) -> None:
        """Store a request to stop a question, as another process does."""
        statement = update(runs).where(runs.c.ts == asked.ts)
        with self._connect() as connection:
            connection.execute(statement.values(stop_by=self.services.ana.id))
            connection.commit()

    def queued_jobs(self) -> int:
        """Return the number of jobs in the queue; SQLite has no queue."""
        if make_url(self._database).get_backend_name() == "sqlite":
            return 0
        with _opened(self._database) as connection:
            jobs = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            return connection.scalar(text(jobs)) or 0

    def _is_live(self, asked: Asked) -> bool:
        return self.state(asked) not in {"answered", "failed"}

    def _seems_finished(self, asked: Asked) -> bool:
        channel, ts = self._place(asked)
        session = self.slack.session(channel, ts)
        ours = self.ours(asked)
        return (
            any(is_last_message(_shown(message)) for message in ours)
            and not any(message.streaming for message in ours)
            and (session is None or session.status == "active")
            and not self.slack.status(channel, ts)
            and not any(self.slack.message(channel, ts).reactions.values())
        )

    def _place(self, asked: Asked) -> tuple[str, str]:
        return self.services.general.id, asked.thread_ts

    def _row(self, asked: Asked) -> Mapping[str, Any]:
        with self._connect() as connection:
            rows = connection.execute(select(runs).where(runs.c.ts == asked.ts)).mappings().all()
        assert len(rows) <= 1, f"{asked.word} was claimed {len(rows)} times"
        return rows[0] if rows else {}

    def _answer_counts(self, asked: Asked) -> Counter[tuple[int, int]]:
        """Count the answers in the call log by layer and position."""
        good = select(ledger.c.layer, ledger.c.position).join(runs, runs.c.id == ledger.c.run_id)
        good = good.where(runs.c.ts == asked.ts, ledger.c.state.in_(GOOD))
        with self._connect() as connection:
            return Counter((row.layer, row.position) for row in connection.execute(good))

    def _connect(self) -> Any:
        return _opened(self._database)


@asynccontextmanager
async def scene(
    folder: Path, launcher: BotLauncher, database: str, writer: Reply = SLOWLY
) -> AsyncGenerator[Scene, None]:
    """Create a workspace, models and a database that outlive the bot processes."""
    async with local_services(folder, writer) as services:
        yield Scene(folder, services, launcher, database)


@contextmanager
def _opened(url: str) -> Generator[Connection, None, None]:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _shown(message: SlackMessage) -> Mapping[str, Any]:
    return {"metadata": message.metadata}

"""A trial with scripted models, and a client that acts as its page."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, FormData
from yarl import URL

from bot.playground.state.models import SlackMessage
from bot.settings import load
from bot.trial.examples import is_example
from bot.trial.session import Trial, nothing_configured, open_trial

CONFIG = """
default_pipeline = "balanced"

[models.fast]
provider = "scripted"
model = "example"
delay_s = {delay}
reply = "Answer of the fast one."

[models.careful]
provider = "scripted"
model = "example"
delay_s = {delay}
reply = "Answer of the careful one."

[models.writer]
provider = "scripted"
model = "example"
delay_s = 0.2
reply = '''**Both agree.**

| a | b |
|---|---|
| 1 | 2 |

```
code
```
<img src="x" onerror="document.title='owned'"> [click](javascript:alert(1))'''

[pipelines.balanced]
description = "Two models, one reply."
aggregator = "writer"

[[pipelines.balanced.layers]]
proposers = ["fast", "careful"]

[pipelines.single]
description = "One model alone."
aggregator = "writer"
"""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Sends the page's requests. `cookie` is "" before the first visit."""

    trial: Trial
    session: ClientSession
    cookie: str

    @property
    def base(self) -> str:
        """The page's origin."""
        return self.trial.address.partition("/?")[0]

    async def get(self, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
        """Fetch a page, and return status, text and headers."""
        sent = {"Cookie": self.cookie, **headers}
        url = URL(self.base + path, encoded=True)
        async with self.session.get(url, headers=sent, allow_redirects=False) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, await answer.text(), headers

    async def act(
        self, slug: str, what: str, files: dict[str, bytes] | None = None, **values: Any
    ) -> dict[str, Any]:
        """Act as a person."""
        status, text = await self.send(f"/as/{slug}/act/{what}", values, files)
        assert status == 200, (status, text)
        return json.loads(text)

    async def send(
        self,
        path: str,
        values: dict[str, Any],
        files: dict[str, bytes] | None = None,
        **headers: str,
    ) -> tuple[int, str]:
        """Post a form, and return status and text."""
        form = FormData()
        form.add_field("values", json.dumps(values), content_type="text/plain")
        for name, data in (files or {}).items():
            form.add_field("files", data, filename=name)
        sent = {"Cookie": self.cookie, "Origin": self.base, **headers}
        async with self.session.post(self.base + path, data=form, headers=sent) as answer:
            return answer.status, await answer.text()

    def room(self, name: str) -> str:
        """Return the id of a channel."""
        return next(each.id for each in self.trial.slack.conversations if each.name == name)

    async def reply(self, room: str = "team", count: int = 1) -> SlackMessage:
        """Wait for the bot's replies in a channel, except examples, and return the last."""

        def found() -> list[SlackMessage]:
            channel = next(c for c in self.trial.slack.conversations if c.name == room)
            ours = [m for m in channel.messages.values() if m.user == self.trial.slack.bot_user_id]
            done = [m for m in ours if m.metadata and not m.streaming]
            roots = channel.messages
            return [m for m in done if not is_example(m, roots.get(str(m.thread_ts)))]

        await self.trial.slack.wait_for(lambda: len(found()) >= count, timeout=20)
        return found()[-1]


@asynccontextmanager
async def on_trial(
    folder: Path,
    *,
    keep: bool = False,
    delay: float = 0.1,
    ready: bool = True,
    no_models: str = "",
    more: str = "",
) -> AsyncGenerator[Visitor, None]:
    """Run a trial whose page is open. `more` is added to its configuration."""
    (folder / "moa.toml").write_text(CONFIG.format(delay=delay) + more, encoding="utf-8")
    settings = load(folder, {})
    if no_models:
        settings = replace(settings, config=nothing_configured())
    timeout = ClientTimeout(total=20)
    async with (
        open_trial(settings, folder, keep=keep, no_models=no_models) as trial,
        ClientSession(cookie_jar=DummyCookieJar(), timeout=timeout) as session,
    ):
        async with session.get(trial.address, allow_redirects=False) as answer:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        if ready:
            await trial.slack.wait_for(lambda: trial.runner.state == "ready")
        yield Visitor(trial, session, cookie)


async def opened_modal(visitor: Visitor, name: str, containing: str) -> str:
    """Wait until a person's modal shows a text, and return its id."""
    slack = visitor.trial.slack

    def shown() -> str:
        view = slack.current_modal(name)
        return view.id if view and containing in slack.render(view) else ""

    return await slack.wait_for(shown)

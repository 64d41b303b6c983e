"""A trial with scripted models in a real browser; people act in separate windows."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Locator, Page, async_playwright
from playwright.async_api import expect as expected

from bot.playground.state.models import SlackMessage
from bot.settings import load
from bot.trial.examples import is_example
from bot.trial.session import Trial, open_trial
from tests.trial.scene import CONFIG

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ZONE = "Asia/Kathmandu"
"""The visitors' time zone: no server has its quarter of an hour."""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class Scene:
    """A running trial and a browser. `complaints` must stay empty."""

    trial: Trial
    browser: Browser
    complaints: list[str] = field(default_factory=list[str])

    async def window(
        self, slug: str, room: str = "team", scheme: Literal["light", "dark"] = "light"
    ) -> Page:
        """Open a channel as a person, in a separate browser session."""
        context = await self.browser.new_context(
            viewport={"width": 1360, "height": 900}, color_scheme=scheme, timezone_id=ZONE
        )
        page = await context.new_page()
        page.set_default_timeout(12_000)
        self._listen(page)
        await page.goto(self.trial.address)
        channel = next(c for c in self.trial.slack.conversations if c.name == room)
        await self.go(page, f"/as/{slug}/{channel.id}")
        return page

    async def go(self, page: Page, path: str) -> None:
        """Open a page of the trial and wait until it is live."""
        await page.goto(f"{self.trial.address.partition('/?')[0]}{path}")
        await wait_until_live(page)

    def _listen(self, page: Page) -> None:
        here = self.trial.address.partition("/?")[0]
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on(
            "console",
            lambda message: (
                self.complaints.append(f"{message.type}: {message.text}")
                if message.type in {"error", "warning"}
                else None
            ),
        )
        page.on(
            "response",
            lambda response: (
                self.complaints.append(f"{response.status}: {response.url}")
                if response.status >= 400
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((here, "data:"))
                else self.complaints.append(f"request: {request.url}")
            ),
        )

    def replies(self, room: str = "team") -> list[SlackMessage]:
        """Return the bot's finished replies in a channel, except examples."""
        channel = next(c for c in self.trial.slack.conversations if c.name == room)
        ours = [m for m in channel.messages.values() if m.user == self.trial.slack.bot_user_id]
        done = [m for m in ours if m.metadata and not m.streaming]
        return [m for m in done if not is_example(m, channel.messages.get(str(m.thread_ts)))]


async def wait_until_live(page: Page) -> None:
    """Wait until a page follows the local Slack."""
    await page.wait_for_selector("body[data-live=yes]")


async def send_message(page: Page, text: str, *, thread: bool = False) -> None:
    """Type a message and send it with Enter."""
    box = page.locator("aside textarea" if thread else "main textarea")
    await box.fill(text)
    await box.press("Enter")


async def open_thread(page: Page, question: str) -> Locator:
    """Open the thread of a question once it has replies, and return its pane."""
    message = page.locator("main article").filter(has_text=question).last
    await message.locator("a.replies").click()
    await page.wait_for_selector("aside")
    await wait_until_live(page)
    return page.locator("aside")


async def wait_for_text(place: Page | Locator, text: str) -> None:
    """Wait until a text is visible."""
    await expected(place.get_by_text(text).first).to_be_visible(timeout=15_000)


@asynccontextmanager
async def browser_scene(folder: Path, *, delay: float = 0.3) -> AsyncGenerator[Scene, None]:
    """Run a trial in a browser. There must be no console error and no request to another host."""
    (folder / "moa.toml").write_text(CONFIG.format(delay=delay), encoding="utf-8")
    async with AsyncExitStack() as stack:
        trial = await stack.enter_async_context(open_trial(load(folder, {}), folder))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        stack.push_async_callback(browser.close)
        async with asyncio.timeout(30):
            await trial.slack.wait_for(lambda: trial.runner.state == "ready", timeout=30)
        scene = Scene(trial, browser)
        yield scene
        assert not scene.complaints, scene.complaints

"""Makes every picture in the documents: `python -m docs.pictures [FOLDER]`.

A real bot with scripted models answers in the local Slack, and Chromium takes pictures of the page
of `moa-bot try`. Needs Chromium and the development tools.
"""

from __future__ import annotations

import asyncio
import base64
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, CDPSession, Page, ViewportSize, async_playwright

from bot.settings import load
from bot.trial.session import Trial, open_trial
from docs.example_brainstorm import (
    NAMED,
    PEOPLE,
    ROOM,
    VOTES,
    example_brainstorm,
    example_models,
)

ROOT = Path(__file__).parent.parent
IMAGES = Path(__file__).parent / "images"

QUESTION = "@MoA Should we move the release from Thursday to Monday?"
TERMINAL_QUESTION = "Should we move the release from Thursday to Monday?"

CONFIG = """
default_pipeline = "balanced"

[models.fast]
provider = "scripted"
delay_s = 0.8
model = "example"
price = {{ input = 1.0, output = 4.0 }}
reply = "Monday. A Thursday release leaves one working day to fix what breaks."

[models.careful]
provider = "scripted"
delay_s = 2.2
model = "example"
price = {{ input = 2.0, output = 8.0 }}
reply = "Keep Thursday. Monday collides with the billing run."{careful}

[models.open]
provider = "scripted"
delay_s = 1.5
model = "example"
price = {{ input = 0.5, output = 1.0 }}
reply = "Monday, if support can staff the first two days."

[models.writer]
provider = "scripted"
delay_s = 0.8
model = "example"
price = {{ input = 2.0, output = 8.0 }}
reply = '''**Move it to Monday**, with one condition.

- A Thursday release leaves one working day to fix what breaks.
- Monday's billing run starts at noon: release before it, or wait a day.
- Ask support to staff the first two days.

One question is open: does the billing run really start at noon? Check that first.'''

[pipelines.quick]
description = "Two models, one reply."
aggregator = "writer"

[[pipelines.quick.layers]]
proposers = ["fast", "open"]

[pipelines.balanced]
description = "Three models, one reply."
aggregator = "writer"

[[pipelines.balanced.layers]]
proposers = ["fast", "careful", "open"]
"""
BROKEN = '\nfail = "unavailable"'

SIZE = ViewportSize(width=1180, height=720)
PATIENCE_MS = 90_000
HIGHER = ViewportSize(width=1180, height=820)
TALL = ViewportSize(width=1180, height=1000)
FRAME_MS = 120
"""The fewest milliseconds between two pictures of the animation."""
LAST_FRAME_MS = 3_500
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

TERMINAL_PAGE = """<body style="margin:0;background:#fff"><div style="display:inline-block;
min-width:900px;background:#171a1b;border-radius:10px;overflow:hidden"><p style="margin:0;
padding:10px 14px;background:#2b3133"><i style="{dot}#f08a7d"></i><i style="{dot}#f0d48a"></i><i
style="{dot}#5fcb98"></i></p><pre style="margin:0;padding:14px 18px 18px;color:#e6e4df;
font:14px/1.5 'DejaVu Sans Mono',monospace;white-space:pre-wrap">{text}</pre></div></body>"""
DOT = "display:inline-block;width:12px;height:12px;border-radius:6px;margin-right:7px;background:"


class Recorder:
    """Records a picture of each change of a page, with its time, until it is stopped."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        self._frames: list[tuple[float, bytes]] = []
        self._tasks: set[asyncio.Task[object]] = set()
        session.on("Page.screencastFrame", self._keep)

    async def start(self) -> None:
        """Start recording."""
        await self._session.send("Page.startScreencast", {"format": "png"})

    async def stop(self) -> None:
        """Stop recording."""
        await self._session.send("Page.stopScreencast")
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _keep(self, frame: dict[str, Any]) -> None:
        self._frames.append((frame["metadata"]["timestamp"], base64.b64decode(frame["data"])))
        seen = self._session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})
        task = asyncio.ensure_future(seen)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def save(self, path: Path) -> None:
        """Write an animation that repeats, with at least `FRAME_MS` between two pictures."""
        kept = [self._frames[0]]
        for frame in self._frames[1:]:
            if (frame[0] - kept[-1][0]) * 1000 >= FRAME_MS or frame is self._frames[-1]:
                kept.append(frame)
        times = [time for time, _ in kept]
        durations = [round((later - time) * 1000) for time, later in pairwise(times)]
        first, *rest = [Image.open(io.BytesIO(data)).convert("RGB") for _, data in kept]
        first.save(
            path,
            save_all=True,
            append_images=rest,
            duration=[*durations, LAST_FRAME_MS],
            loop=0,
            quality=80,
            method=6,
        )


@asynccontextmanager
async def on_page(
    browser: Browser, config: str = CONFIG.format(careful="")
) -> AsyncGenerator[tuple[Trial, Page], None]:
    """Run a trial, and open Ana's page of #team."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "moa.toml").write_text(config, encoding="utf-8")
        async with open_trial(load(folder, {"OPENAI_API_KEY": "none"}), folder) as trial:
            await trial.slack.wait_for(lambda: trial.runner.state == "ready", 60)
            page = await browser.new_page(viewport=SIZE, color_scheme="light")
            page.set_default_timeout(PATIENCE_MS)
            await page.goto(trial.address)
            await page.goto(f"{trial.address.partition('/?')[0]}/as/ana")
            await page.wait_for_selector("body[data-live=yes]")
            yield trial, page
            await page.close()


async def ask(trial: Trial, page: Page) -> None:
    """Ask the question and wait until its reply is complete in the open thread."""
    await page.locator("main textarea").press_sequentially(QUESTION, delay=35)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")
    await page.locator("main article:has(.mention) a.replies").last.click()
    await page.wait_for_selector("aside")
    ts = trial.slack.messages("team")[-1].ts
    await trial.slack.wait_for(lambda: ended(trial, ts), timeout=60)
    await page.wait_for_selector("aside >> text=Show answers")
    await page.wait_for_timeout(400)


def ended(trial: Trial, ts: str, room: str = "team") -> bool:
    """Return whether the thread's last message is a finished reply."""
    last = trial.slack.messages(room, ts)[-1]
    return last.user == trial.slack.bot_user_id and not last.streaming and bool(last.metadata)


async def picture_a_question(browser: Browser, folder: Path) -> None:
    """Make the animation, and the pictures of a reply, its answers, settings and Home."""
    async with on_page(browser) as (trial, page):
        await page.wait_for_timeout(600)
        recorder = Recorder(await page.context.new_cdp_session(page))
        await recorder.start()
        await ask(trial, page)
        await page.wait_for_timeout(1_200)
        await page.locator("aside").get_by_text("Show answers").last.click()
        await page.wait_for_selector("dialog >> text=One reply from 3 answers")
        await page.wait_for_timeout(1_500)
        await page.get_by_role("button", name="Next answer").click()
        await page.wait_for_selector("dialog >> text=Used for the reply")
        await page.wait_for_timeout(900)
        await recorder.stop()
        recorder.save(folder / "question.webp")
        await page.screenshot(path=folder / "answers.png")
        await page.keyboard.press("Escape")
        await page.wait_for_selector("dialog[open]", state="detached")
        await picture_at_rest(page, folder / "reply.png")
        await page.locator("main textarea").fill("/moa settings")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("dialog >> text=Save")
        await page.screenshot(path=folder / "settings.png")
        await page.keyboard.press("Escape")
        await page.get_by_role("link", name="MoA").click()
        await page.get_by_role("link", name="Home").click()
        await page.wait_for_selector("text=Many models, one reply")
        await page.set_viewport_size(TALL)
        await page.wait_for_timeout(400)
        await page.screenshot(path=folder / "home.png")


async def picture_at_rest(page: Page, path: Path) -> None:
    """Take a picture of a whole thread with the mouse and the focus out of the way."""
    await page.set_viewport_size(HIGHER)
    await page.mouse.move(600, 20)
    await page.locator("aside textarea").focus()
    await page.wait_for_timeout(300)
    await page.screenshot(path=path)
    await page.set_viewport_size(SIZE)


async def picture_a_failure(browser: Browser, folder: Path) -> None:
    """Make the picture of a reply for which one model failed."""
    async with on_page(browser, CONFIG.format(careful=BROKEN)) as (trial, page):
        await ask(trial, page)
        await picture_at_rest(page, folder / "failed.png")


async def picture_a_brainstorm(browser: Browser, folder: Path) -> None:
    """Make the pictures of a brainstorm's board, dots and result."""
    async with example_models() as config, on_page(browser, config) as (trial, page):
        held = example_brainstorm(trial.slack)
        await held.start()
        await held.hand_in_all(PEOPLE, [NAMED])
        await held.wait_for_text("24 ideas from 3 models")
        await page.get_by_role("link", name=ROOM).click()
        live = page.locator("main article").last
        await live.get_by_text("24 ideas from 3 models").wait_for()
        await live.get_by_text("models at work").wait_for(state="detached")
        await page.screenshot(path=folder / "brainstorm-board.png")
        await held.end_phase("2 of 4 · Themes* · until")
        await held.end_phase("3 of 4 · Dots")
        await page.get_by_role("button", name="Give dots").click()
        await page.locator("dialog select").first.select_option("2 dots")
        await page.locator("dialog select").nth(1).focus()
        await page.wait_for_timeout(300)
        await page.screenshot(path=folder / "brainstorm-dots.png")
        await page.keyboard.press("Escape")
        for person, dots in VOTES.items():
            await held.vote(person, dots)
        await held.end_phase("4 of 4 · Result")
        await trial.slack.wait_for(lambda: ended(trial, held.board.ts, ROOM), timeout=60)
        await page.locator("main a.replies").last.click()
        await page.wait_for_selector("aside >> text=Show answers")
        await page.set_viewport_size(TALL)
        await page.wait_for_timeout(400)
        result = page.locator("aside article", has=page.get_by_role("heading", name="Result:"))
        await result.evaluate("each => each.scrollIntoView()")
        await page.wait_for_timeout(300)
        await page.screenshot(path=folder / "brainstorm-result.png")


async def picture_the_terminal(browser: Browser, folder: Path) -> None:
    """Make the picture of a question in a terminal."""
    page = await browser.new_page(viewport={"width": 900, "height": 400})
    shown = f'$ moa-bot ask "{TERMINAL_QUESTION}"\n{await asyncio.to_thread(terminal_session)}'
    await page.set_content(TERMINAL_PAGE.format(text=escape(shown.rstrip()), dot=DOT))
    await page.locator("div").screenshot(path=folder / "terminal.png")
    await page.close()


def terminal_session() -> str:
    """Return what `moa-bot ask` prints, with its progress."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "moa.toml").write_text(CONFIG.format(careful=""), encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "bot", "ask", TERMINAL_QUESTION],
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
    return done.stdout


async def make_all(folder: Path) -> None:
    """Make every picture."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        await picture_a_question(browser, folder)
        await picture_a_failure(browser, folder)
        await picture_a_brainstorm(browser, folder)
        await picture_the_terminal(browser, folder)
        await browser.close()


def main(arguments: Sequence[str] = ()) -> None:
    """Make every picture in `docs/images`, or in the given folder."""
    folder = Path(arguments[0]) if arguments else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(make_all(folder))


if __name__ == "__main__":
    main(sys.argv[1:])

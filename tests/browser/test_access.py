"""Light and dark, keyboard, narrow screens, many messages, hostile text: in a real browser."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page
from playwright.async_api import expect as expected

from tests.browser.scene import (
    ZONE,
    browser_scene,
    open_thread,
    send_message,
    wait_for_text,
    wait_until_live,
)

HOSTILE = (
    "<script>document.title='owned'</script> <img src=x onerror=\"document.title='owned'\"> "
    '"><svg onload="document.title=\'owned\'"> [x](javascript:alert(1)) https://example.org/a'
)


async def assert_accessible(page: Page, where: str) -> None:
    """Require that axe finds nothing serious or critical."""
    results = await Axe().run(page)
    assert results.response["passes"]
    bad = [
        (each["id"], [node["html"][:160] for node in each["nodes"]])
        for each in results.response["violations"]
        if each["impact"] in {"serious", "critical"}
    ]
    assert not bad, (where, bad)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_pass_accessibility_checks(
    tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    """Channel, thread, menus, modals, Home and the list of calls pass axe in light and dark."""
    async with browser_scene(tmp_path) as scene:
        page = await scene.window("ana", scheme=scheme)
        await page.get_by_text("Make it hard").click()
        await page.get_by_role("button", name="API calls").click()
        await page.locator("#strip summary").first.click()
        await assert_accessible(page, "channel")
        await page.get_by_text("Make it hard").click()
        await page.get_by_role("button", name="API calls").click()
        thread = await open_thread(page, "Should we move")
        await assert_accessible(page, "thread")
        await thread.get_by_text("Show answers").click()
        await wait_for_text(page.get_by_role("dialog"), "One reply from 3 answers")
        await assert_accessible(page, "answers")
        await page.keyboard.press("Escape")
        await expected(page.get_by_role("dialog")).to_be_hidden()
        await send_message(page, "/moa settings")
        await wait_for_text(page.get_by_role("dialog"), "Save")
        await assert_accessible(page, "settings")
        await page.keyboard.press("Escape")
        await expected(page.get_by_role("dialog")).to_be_hidden()
        await page.locator("nav").get_by_role("link", name="brainstorm").click()
        await wait_until_live(page)
        board = scene.trial.slack.messages("brainstorm")[-1]
        posted = datetime.fromtimestamp(float(board.ts), ZoneInfo(ZONE))
        closes = posted + timedelta(days=7)
        await expected(page.locator("article time").last).to_have_text(f"{posted:%H:%M}")
        await wait_for_text(page, f"{closes:%b} {closes.day}, {closes.year}")
        await assert_accessible(page, "brainstorm")
        await page.get_by_role("button", name="See ideas").click()
        modal = page.get_by_role("dialog")
        await wait_for_text(modal, "Ask for the address after the first order")
        await modal.get_by_label("More options").first.click()
        await assert_accessible(page, "ideas")
        await page.keyboard.press("Escape")
        await expected(modal.get_by_role("button", name="Develop").first).to_be_hidden()
        await expected(modal).to_be_visible()
        await page.keyboard.press("Escape")
        await expected(modal).to_be_hidden()
        await page.get_by_role("button", name="Start your own brainstorm").press("Enter")
        await wait_for_text(modal, "Minutes of silence")
        await assert_accessible(page, "start a brainstorm")
        await page.keyboard.press("Escape")
        await expected(modal).to_be_hidden()
        await page.locator("nav").get_by_role("link", name="MoA").click()
        await wait_until_live(page)
        await page.get_by_role("link", name="Home").click()
        await wait_for_text(page, "Many models, one reply")
        await assert_accessible(page, "home")


async def test_hostile_text_stays_text(tmp_path: Path) -> None:
    """Markup that people or models write neither runs nor loads anything."""
    async with browser_scene(tmp_path) as scene:
        page = await scene.window("ana")
        await send_message(page, HOSTILE)
        await wait_for_text(page, "<script>document.title='owned'</script>")
        await send_message(page, f"/moa {HOSTILE}")
        await wait_for_text(page, "Both agree.")
        await expected(page).not_to_have_title("owned")
        bad = "main script, main img, main [onload], main [onerror], a[href^='javascript']"
        await expected(page.locator(bad)).to_have_count(0)
        link = page.get_by_role("link", name="https://example.org/a").first
        await expected(link).to_have_attribute("rel", "noopener noreferrer nofollow")


async def test_a_thousand_messages_and_a_narrow_screen(tmp_path: Path) -> None:
    """Only the newest messages are shown, earlier ones on request; a phone shows one pane."""
    async with browser_scene(tmp_path) as scene:
        slack = scene.trial.slack
        for number in range(1_000):
            await slack.post("Ben", "team", f"message {number}")
        page = await scene.window("ana")
        await expected(page.locator("main article")).to_have_count(50)
        await wait_for_text(page, "message 999")
        await page.get_by_role("link", name="Show earlier messages").click()
        await wait_until_live(page)
        await expected(page.locator("main article")).to_have_count(150)
        await page.set_viewport_size({"width": 390, "height": 800})
        await expected(page.locator("nav")).to_be_hidden()
        await page.get_by_role("button", name="Channels").click()
        await page.locator("nav").get_by_role("link", name="incidents").click()
        await wait_until_live(page)
        await expected(page.get_by_role("heading", name="incidents", exact=True)).to_be_visible()
        await expected(page.locator("nav")).to_be_hidden()
        await open_thread(page, "Checkout is slow")
        await expected(page.locator("main")).to_be_hidden()
        assert await width(page) <= 390
        board = slack.messages("brainstorm")[-1]
        await scene.go(page, f"/as/ana/{board.channel}/thread/{board.ts}")
        await wait_for_text(page.locator("aside"), "=2. A passkey instead of a password")
        assert await width(page) <= 390
        leads = next(c for c in slack.conversations if c.name == "leads")
        await scene.go(page, f"/as/ana/{leads.id}")
        await page.get_by_role("button", name="Ask MoA").click()
        await wait_for_text(page.locator("aside"), "Both agree.")
        await page.get_by_role("link", name="Close thread").click()
        await wait_until_live(page)
        await expected(page.get_by_role("button", name="Ask MoA")).to_have_count(0)


async def width(page: Page) -> int:
    """How wide a page's content is; more than the window's width would scroll sideways."""
    return await page.evaluate("document.documentElement.scrollWidth")

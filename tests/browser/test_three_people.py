"""Everything that people do in the trial, in a real browser."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import FilePayload
from playwright.async_api import expect as expected

from tests.browser.scene import (
    browser_scene,
    open_thread,
    send_message,
    wait_for_text,
    wait_until_live,
)


async def test_ask_with_a_mention_and_open_the_answers(tmp_path: Path) -> None:
    """Ana asks with @MoA, sees the models work, reads the reply and pages through the answers."""
    async with browser_scene(tmp_path) as scene:
        page = await scene.window("ana")
        box = page.locator("main textarea")
        await box.press_sequentially("@mo")
        await expected(page.get_by_role("option", name="@MoA")).to_be_visible()
        await box.press("Enter")
        await expected(box).to_have_value("@MoA ")
        await box.press_sequentially("Which one?")
        await box.press("Enter")
        await wait_for_text(page.locator("main"), "Which one?")
        thread = await open_thread(page, "Which one?")
        await wait_for_text(thread, "Both agree.")
        await wait_for_text(thread, "balanced · 2 of 2 models")
        await expected(thread.locator("table td").first).to_have_text("1")
        await expected(thread.locator("pre")).to_have_text("code\n")
        await expected(page).not_to_have_title("owned")
        await expected(thread.locator("img, a[href^='javascript']")).to_have_count(0)
        await thread.get_by_text("Show answers", exact=True).last.click()
        modal = page.get_by_role("dialog")
        await wait_for_text(modal, "One reply from 2 answers")
        await modal.get_by_role("button", name="Next answer").click()
        await wait_for_text(modal, "Answer of the fast one.")
        await modal.get_by_role("combobox").select_option(index=2)
        await wait_for_text(modal, "Answer of the careful one.")
        await page.keyboard.press("Escape")
        await expected(modal).to_be_hidden()
        await page.keyboard.press("Escape")
        await wait_until_live(page)
        await expected(page.locator("aside")).to_have_count(0)


async def test_regenerate_and_feedback_with_a_reason(tmp_path: Path) -> None:
    """Ben regenerates Ana's reply, and says why the second one did not help."""
    async with browser_scene(tmp_path) as scene:
        ana, ben = await scene.window("ana"), await scene.window("ben")
        await send_message(ana, "@MoA Which one?")
        await scene.trial.slack.wait_for(lambda: len(scene.replies()) == 1, timeout=15)
        thread = await open_thread(ben, "Which one?")
        await thread.get_by_text("Regenerate", exact=True).last.click()
        await wait_for_text(thread, "asked again by Ben")
        await wait_for_text(await open_thread(ana, "Which one?"), "asked again by Ben")
        await thread.get_by_text("Not helpful", exact=True).last.click()
        modal = ben.get_by_role("dialog")
        await expected(modal).to_be_visible()
        await modal.locator("textarea, input[type=text]").first.fill("It says too little.")
        await modal.locator("button[type=submit]").click()
        await expected(modal).to_be_hidden()


async def test_ask_privately_and_share_the_reply(tmp_path: Path) -> None:
    """The reply to /moa is only Ana's until she shares it."""
    async with browser_scene(tmp_path) as scene:
        ana, ben = await scene.window("ana"), await scene.window("ben")
        await send_message(ana, "/moa Which one?")
        await wait_for_text(ana, "Only visible to you")
        await wait_for_text(ana, "Both agree.")
        await expected(ben.get_by_text("Both agree.")).to_have_count(0)
        await ana.reload()
        await wait_until_live(ana)
        await wait_for_text(ana, "Both agree.")
        await ana.get_by_text("Share in channel", exact=True).click()
        await wait_for_text(ben, "Both agree.")


async def test_ask_with_a_file_and_the_shortcuts(tmp_path: Path) -> None:
    """A question with a file, about a message, and from the shortcuts menu."""
    async with browser_scene(tmp_path) as scene:
        page = await scene.window("carla")
        notes = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"The sum is 12.")
        await page.locator("main .attach input").set_input_files([notes])
        await send_message(page, "@MoA What does the file say?")
        await wait_for_text(page, "notes.txt")
        await scene.trial.slack.wait_for(lambda: len(scene.replies()) == 1, timeout=15)
        message = page.locator("main article").first
        await message.hover()
        await message.get_by_label("Actions for the message by Carla").click()
        await message.get_by_role("button", name="Summarise this thread").click()
        await scene.trial.slack.wait_for(lambda: len(scene.replies()) == 2, timeout=15)
        await page.locator("main").get_by_label("Shortcuts").click()
        await page.get_by_role("button", name="Ask the models").click()
        modal = page.get_by_role("dialog")
        await modal.locator("button[type=submit]").click()
        await wait_for_text(modal, "Please complete this required field.")
        await modal.locator("textarea").first.fill("Which one?")
        await modal.locator("button[type=submit]").click()
        await expected(modal).to_be_hidden()
        await page.locator("nav").get_by_role("link", name="MoA").click()
        await wait_until_live(page)
        await wait_for_text(page, "Which one?")


async def test_settings_and_home(tmp_path: Path) -> None:
    """Ben changes the channel's pipeline; a guest can't. The Home tab shows Ben's questions."""
    async with browser_scene(tmp_path) as scene:
        ben, dan = await scene.window("ben"), await scene.window("dan")
        await send_message(ben, "/moa settings")
        modal = ben.get_by_role("dialog")
        await modal.locator("select").first.select_option(label="single")
        await modal.get_by_role("button", name="Save").click()
        await expected(modal).to_be_hidden()
        await send_message(dan, "/moa settings")
        refused = dan.get_by_role("dialog")
        await expected(refused).to_be_visible()
        await expected(refused.get_by_role("button", name="Save")).to_have_count(0)
        await send_message(ben, "@MoA Which one?")
        await scene.trial.slack.wait_for(lambda: len(scene.replies()) == 1, timeout=15)
        await wait_for_text(await open_thread(ben, "Which one?"), "single · ")
        await ben.locator("nav").get_by_role("link", name="MoA").click()
        await wait_until_live(ben)
        await ben.get_by_role("link", name="Home").click()
        await wait_until_live(ben)
        await wait_for_text(ben, "Many models, one reply")
        await wait_for_text(ben, "Which one?")
        await ben.get_by_role("link", name="Which one?").click()
        await wait_until_live(ben)
        await expected(ben.locator("aside")).to_be_visible()


async def test_stop_and_a_refused_outsider(tmp_path: Path) -> None:
    """Ana stops her question; Eva, from another organisation, can't open the answers to Ana's."""
    async with browser_scene(tmp_path, delay=2.0) as scene:
        ana = await scene.window("ana", "northwind-launch")
        eva = await scene.window("eva", "northwind-launch")
        await send_message(ana, "@MoA Which one?")
        await wait_for_text(await open_thread(ana, "Which one?"), "working")
        await ana.get_by_role("button", name="Stop").first.click()
        await wait_for_text(ana.locator("aside"), "Stopped")
        await ana.keyboard.press("Escape")
        await send_message(ana, "@MoA And now?")
        room = "northwind-launch"
        await scene.trial.slack.wait_for(lambda: len(scene.replies(room)) == 2, timeout=20)
        thread = await open_thread(eva, "And now?")
        await thread.get_by_text("Show answers", exact=True).last.click()
        await expected(eva.get_by_role("dialog")).to_be_visible()
        await expected(eva.get_by_text("Answer of the fast one.")).to_have_count(0)


async def test_kill_and_restart(tmp_path: Path) -> None:
    """A question whose bot is killed is answered by the next one."""
    async with browser_scene(tmp_path, delay=2.0) as scene:
        page = await scene.window("ana")
        await send_message(page, "@MoA Which one?")
        thread = await open_thread(page, "Which one?")
        await wait_for_text(thread, "working")
        await page.get_by_text("Make it hard").click()
        await page.get_by_role("button", name="Kill").click()
        await wait_for_text(page, "The bot is not running.")
        await page.get_by_role("button", name="Start again").click()
        await wait_for_text(thread, "Both agree.")


async def test_faults_of_models_and_slack(tmp_path: Path) -> None:
    """With a dead model and no streaming there is still a reply, and the calls are listed."""
    async with browser_scene(tmp_path) as scene:
        page = await scene.window("ana")
        before = len(scene.trial.slack.calls())
        await page.get_by_text("Make it hard").click()
        await page.get_by_label("No streaming").check()
        await page.get_by_label("One is down").check()
        await scene.trial.slack.wait_for(
            lambda: (
                scene.trial.runner.faults.models == "dead" and scene.trial.runner.state == "ready"
            )
        )
        await send_message(page, "@MoA Which one?")
        thread = await open_thread(page, "Which one?")
        await wait_for_text(thread, "Both agree.")
        await wait_for_text(thread, "1 of 2 models")
        await page.get_by_role("button", name="API calls").click()
        strip = page.locator("#strip")
        streams = scene.trial.slack.calls("chat.startStream", after=before)
        assert not any(call.ok for call in streams)
        await strip.get_by_text("chat.update").first.click()
        await wait_for_text(strip, "Arguments")
        assert "xoxb" not in await strip.inner_text()


async def test_edit_and_delete_a_question(tmp_path: Path) -> None:
    """Carla edits her question and gets a new reply; when she deletes it, only the reply stays."""
    async with browser_scene(tmp_path) as scene:
        page = await scene.window("carla")
        await send_message(page, "@MoA Wich one?")
        await scene.trial.slack.wait_for(lambda: len(scene.replies()) == 1, timeout=15)
        message = page.locator("main article").last
        await message.hover()
        await message.get_by_label("Actions for the message by Carla").click()
        await message.get_by_role("button", name="Edit message").click()
        box = page.locator("main textarea")
        await expected(box).to_have_value("@MoA Wich one?")
        await box.fill("@MoA Which one?")
        await box.press("Enter")
        await wait_for_text(message, "(edited)")
        await wait_for_text(message, "Which one?")
        thread = await open_thread(page, "Which one?")
        await wait_for_text(thread, "Both agree.")
        await message.hover()
        await message.get_by_label("Actions for the message by Carla").click()
        await message.get_by_role("button", name="Delete message").click()
        await wait_for_text(message, "This message was deleted.")
        await expected(page.locator("main").get_by_text("Which one?")).to_have_count(0)


async def test_a_thread_that_is_deleted_while_open_closes(tmp_path: Path) -> None:
    """When Ana deletes her message, its thread closes in Ben's window."""
    async with browser_scene(tmp_path) as scene:
        ana, ben = await scene.window("ana"), await scene.window("ben")
        await send_message(ana, "Just a thought.")
        ts = scene.trial.slack.messages("team")[-1].ts
        await scene.go(ben, f"{urlsplit(ben.url).path}/thread/{ts}")
        await wait_for_text(ben.locator("aside"), "Just a thought.")
        await scene.trial.slack.delete("team", ts)
        await expected(ben.locator("aside")).to_have_count(0)
        await wait_until_live(ben)
        await expected(ben.get_by_text("Just a thought.")).to_have_count(0)

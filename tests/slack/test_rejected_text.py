"""A paid answer is never lost: rejected text is sent in a plainer form, and the buttons stay."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.playground.faults import STREAMING, Part
from bot.playground.state.models import CallRecord, SlackMessage
from bot.slack.ui.blocks import SHOW_ANSWERS
from bot.slack.ui.strings import answers_modal as strings
from bot.slack.ui.strings.footer import RETRY
from bot.slack.ui.strings.progress import DONE_FAILED
from bot.slack.ui.strings.reply import REPLY_REFUSED_FILED
from bot.slack.ui.strings.troubles import TROUBLES
from bot.storage.tables import posts, runs
from tests.models.replies import Reply
from tests.slack.user_actions import ALL_EVENTS, wait_for_notice, wait_until_idle
from tests.stage import Stage, on_stage

TABLE = "| model | cost |\n|---|---|\n| red | low |"
TEXT = f"Before the table.\n\n{TABLE}\n\nAfter the table."

POSTS = ("chat.postMessage", "chat.update", *STREAMING)

SPEAKING = {"writer-1": Reply(TEXT)}


def ours(stage: Stage, ts: str) -> list[SlackMessage]:
    """Return the bot's messages in a thread."""
    found = stage.slack.messages(stage.general, ts)
    return [m for m in found if m.user == stage.slack.bot_user_id]


def thread(stage: Stage, ts: str) -> str:
    return "\n".join(stage.slack.render(m) for m in ours(stage, ts))


async def ended(stage: Stage, ts: str) -> str:
    """Wait until the question is done, and return the thread."""
    await stage.slack.wait_for(lambda: ours(stage, ts), timeout=20)
    await wait_until_idle(stage)
    assert not any(message.streaming for message in ours(stage, ts))
    return thread(stage, ts)


def assert_no_payload_repeats(stage: Stage) -> None:
    """Check that Slack got few rejected payloads, and none of them twice.

    The end of a stream without content may come twice: once more before it is deleted.
    """
    refused = [c for c in stage.slack.calls() if not c.ok and c.method in POSTS]
    seen = Counter(
        f"{c.method} {sorted(c.args.items(), key=str)}" for c in refused if has_content(c)
    )
    assert max(seen.values(), default=0) <= 1
    assert len(refused) <= 20


def has_content(call: CallRecord) -> bool:
    return bool({"text", "chunks", "blocks", "metadata"} & {*call.args})


async def opens_answers(stage: Stage, ts: str) -> None:
    """Check that Ana can open the answers by a button in the thread."""
    [message] = [m for m in ours(stage, ts) if SHOW_ANSWERS in str(m.blocks)]
    await stage.slack.click(stage.ana, message, SHOW_ANSWERS)
    view = await stage.opened_view(stage.ana, "# One reply from 3 answers")
    assert view.title == strings.ANSWERS_TITLE


CASES: list[tuple[Part, str]] = [
    ("feedback", "invalid_blocks"),
    ("metadata", "metadata_too_large"),
    ("metadata", "invalid_arguments"),
    ("cards", "invalid_chunks"),
    ("session status", "invalid_arguments"),
    ("table", "invalid_blocks"),
    ("blocks", "invalid_blocks"),
    ("blocks", "msg_blocks_too_long"),
    ("blocks", "some_new_error"),
]


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "edited"])
@pytest.mark.parametrize(("part", "error"), CASES)
async def test_a_reply_survives_slacks_refusals(
    tmp_path: Path, part: Part, error: str, *, streams: bool
) -> None:
    """The complete text is there once, without "No reply", and its answers open."""
    async with on_stage(tmp_path, models=SPEAKING) as stage:
        if not streams:
            stage.slack.app.features.discard("streaming")
        stage.slack.refuse(part, error=error)
        ts = await stage.ask("What is the risk?")
        shown = await ended(stage, ts)
        assert shown.count("Before the table.") == shown.count("After the table.") == 1
        assert "red" in shown
        assert DONE_FAILED not in shown
        if part == "table":
            assert "```\n| model" in shown
        if part == "blocks":  # no message may have blocks, so the text names the command
            assert "/moa answers" in shown
        else:
            await opens_answers(stage, ts)
        assert_no_payload_repeats(stage)


@pytest.mark.parametrize("method", [*STREAMING, "every one"])
async def test_a_refused_stream_becomes_a_message(tmp_path: Path, method: str) -> None:
    """No stream stays open, and the text with its buttons is there once."""
    methods = STREAMING if method == "every one" else [method]
    async with on_stage(tmp_path, models=SPEAKING) as stage:
        stage.slack.refuse("anything", methods=methods)
        ts = await stage.ask("What is the risk?")
        shown = await ended(stage, ts)
        assert shown.count("Before the table.") == shown.count("After the table.") == 1
        await opens_answers(stage, ts)
        assert len(ours(stage, ts)) == 1
        assert_no_payload_repeats(stage)


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "edited"])
async def test_refused_buttons_follow_the_reply(tmp_path: Path, *, streams: bool) -> None:
    """If the reply's last call may have no blocks, a small message has the button."""
    async with on_stage(tmp_path, models=SPEAKING) as stage:
        if not streams:
            stage.slack.app.features.discard("streaming")
        where = "chat.stopStream" if streams else "chat.update"

        def has_buttons(args: dict[str, object]) -> bool:
            return SHOW_ANSWERS in str(args.get("blocks"))

        stage.slack.fail_next(where, error="invalid_blocks", times=99, when=has_buttons)
        ts = await stage.ask("What is the risk?")
        shown = await ended(stage, ts)
        text, buttons = ours(stage, ts)
        assert "After the table." in stage.slack.render(text)
        assert "3 of 3 models" in stage.slack.render(buttons)
        assert shown.count("After the table.") == 1
        await opens_answers(stage, ts)


async def test_the_command_opens_the_latest_answers(tmp_path: Path) -> None:
    """`/moa answers` works without a button, for people who may open the answers."""
    async with on_stage(tmp_path, models=SPEAKING) as stage:
        none = await stage.slack.command(stage.ana, stage.general, "/moa", "answers")
        assert none.acknowledged
        await stage.opened_view(stage.ana, strings.ANSWERS_NONE)
        stage.slack.refuse("blocks")
        await ended(stage, await stage.ask("What is the risk?"))
        await stage.slack.command(stage.ben, stage.general, "/moa", "Only for Ben?")
        await wait_for_notice(stage, stage.ben, "After the table.")
        await wait_until_idle(stage)
        await stage.slack.command(stage.ana, stage.general, "/moa", "answers")
        await stage.opened_view(stage.ana, "# One reply from 3 answers")
        outsider = stage.slack.add_user("Cem")
        await stage.slack.command(outsider, stage.general, "/moa", "answers")
        await stage.opened_view(outsider, strings.ANSWERS_FORBIDDEN["members"])


@pytest.mark.parametrize("fails_once", [False, True])
async def test_a_long_plain_reply_is_complete(tmp_path: Path, *, fails_once: bool) -> None:
    """Without any blocks, a long reply takes several plain messages, in order and each once."""
    text = "\n\n".join(f"P{number}P " + "word " * 60 for number in range(40))
    async with on_stage(tmp_path, models={"writer-1": Reply(text)}, default="single") as stage:
        stage.slack.app.features.discard("streaming")
        stage.slack.refuse("blocks")
        if fails_once:
            stage.slack.fail_next(
                "chat.postMessage", status=500, when=lambda args: "P20P" in str(args.get("text"))
            )
        ts = await stage.ask("Tell me everything.")
        await ended(stage, ts)
        texts = [m.text for m in ours(stage, ts)]
        assert all(len(each) <= 4_000 for each in texts)
        places = ["".join(texts).index(f"P{number}P ") for number in range(40)]
        assert places == sorted(places)
        assert all("".join(texts).count(f"P{number}P ") == 1 for number in range(40))
        assert set(await stored_posts(stage)) == {m.ts for m in ours(stage, ts)}


async def stored_posts(stage: Stage) -> list[str]:
    """Return the ts of all messages in the run store: a restart looks for them there."""
    async with stage.bot.database.connect() as connection:
        return [*await connection.scalars(select(posts.c.ts))]


def refuse_text(stage: Stage) -> None:
    """Make Slack refuse every message with the reply's text."""
    for method in POSTS:
        stage.slack.fail_next(
            method,
            error="invalid_blocks",
            times=999,
            when=lambda args: "Before the table" in str(args),
        )


async def test_a_reply_refused_in_every_form_becomes_a_file(tmp_path: Path) -> None:
    """With files:write the text is uploaded, and the buttons are tried below it."""
    async with on_stage(tmp_path, models=SPEAKING) as stage:
        stage.slack.app.scopes.add("files:write")
        stage.slack.fail_next("files.getUploadURLExternal", status=500)  # tried again
        refuse_text(stage)
        ts = await stage.ask("What is the risk?")
        shown = await ended(stage, ts)
        [shared] = [m for m in ours(stage, ts) if m.files]
        file = stage.slack._emulator.files.files[shared.files[0]["id"]]
        assert file.data.decode() == TEXT
        assert REPLY_REFUSED_FILED in shown
        assert DONE_FAILED not in shown
        await opens_answers(stage, ts)
        assert_no_payload_repeats(stage)


async def test_a_reply_that_cannot_be_posted_keeps_its_answers(tmp_path: Path) -> None:
    """Without files:write a notice says so, with the buttons to open the answers and to retry."""
    async with on_stage(tmp_path, models=SPEAKING) as stage:
        stage.slack.app.scopes.discard("files:write")
        refuse_text(stage)
        ts = await stage.ask("What is the risk?")
        shown = await ended(stage, ts)
        assert "Slack didn't accept it in any form" in shown
        assert DONE_FAILED not in shown
        assert f"[{RETRY}]" in shown
        await opens_answers(stage, ts)
        assert_no_payload_repeats(stage)


async def test_a_notice_is_posted_without_its_buttons(tmp_path: Path) -> None:
    """The reason for a missing reply is posted in the thread, even if Slack accepts no blocks."""
    limits = "\n[limits]\nquestions_per_person_hour = 1\n"
    async with on_stage(tmp_path, extra=limits, default="single") as stage:
        await stage.replied(await stage.ask("What is the risk?"))
        stage.slack.refuse("blocks")
        stage.slack.refuse("metadata", error="invalid_metadata_schema")
        ts = await stage.ask("And now?")
        shown = await ended(stage, ts)
        assert TROUBLES["hourly_limit"].split("`")[0] in shown
        assert stage.slack.messages(stage.slack.dm(stage.ana)) == []


async def test_missing_buttons_are_posted_after_a_restart(tmp_path: Path) -> None:
    """If a process dies before posting the small message, the next one posts it."""
    async with on_stage(tmp_path, models=SPEAKING, events=ALL_EVENTS) as stage:
        stage.slack.fail_next(
            "chat.stopStream",
            error="invalid_blocks",
            times=99,
            when=lambda args: bool(args.get("blocks")),
        )
        ts = await stage.ask("What is the risk?")
        await ended(stage, ts)
        text, buttons = ours(stage, ts)
        await stage.slack.delete(stage.general, buttons.ts)
        async with asyncio.timeout(20):
            await reopened(stage)
            await stage.slack.wait_for(lambda: len(ours(stage, ts)) == 2)
        assert ours(stage, ts)[0] is text
        await opens_answers(stage, ts)


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "edited"])
async def test_a_plain_reply_appears_once_after_a_restart(tmp_path: Path, *, streams: bool) -> None:
    """Without its tag and its buttons a reply looks unfinished: it is removed and posted again."""
    async with on_stage(tmp_path, models=SPEAKING, events=ALL_EVENTS) as stage:
        if not streams:
            stage.slack.app.features.discard("streaming")
        stage.slack.refuse("blocks")
        stage.slack.refuse("metadata", error="metadata_too_large")
        ts = await stage.ask("What is the risk?")
        await ended(stage, ts)
        before = {message.ts for message in ours(stage, ts)}
        asked = len(stage.models.questions)
        await reopened(stage)
        await wait_until_idle(stage)
        shown = thread(stage, ts)
        assert shown.count("Before the table.") == shown.count("After the table.") == 1
        assert before.isdisjoint(m.ts for m in ours(stage, ts) if "After" in m.text)
        assert len(stage.models.questions) == asked
        assert not any(message.streaming for message in ours(stage, ts))


async def reopened(stage: Stage) -> None:
    """Make the run resume, as if its process had died before its end was stored."""
    async with stage.bot.database.begin() as connection:
        undone = update(runs).values(state="running", finished_at=None)
        await connection.execute(undone)
        run_id = await connection.scalar(select(runs.c.id))
    assert run_id is not None
    await stage.bot.jobs.hand_over(run_id)

"""Replies when Slack rejects something, fails for a while or cuts off a stream."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.playground.clock import Clock
from tests.models.replies import Cut, Reply
from tests.stage import on_stage

LONG = "\n\n".join(f"Paragraph {i}. " + "word " * 60 for i in range(80))


async def test_without_streaming_the_reply_is_posted_and_edited(tmp_path: Path) -> None:
    """An older workspace gets the whole reply with its button in an ordinary message."""
    async with on_stage(tmp_path) as stage:
        stage.slack.app.features.discard("streaming")
        ts = await stage.ask("What is the risk?")
        reply = await stage.replied(ts)
        await stage.slack.wait_for(lambda: "[Show answers]" in stage.slack.render(reply))
        assert "The answer of writer-1." in stage.slack.render(reply)
        assert reply.stream is None
        assert reply.text, "the notification has words"


async def test_without_sessions_the_assistant_status_is_shown(tmp_path: Path) -> None:
    """Without agent sessions, the assistant status appears and is cleared."""
    gate = asyncio.Event()
    async with on_stage(tmp_path, models={"red-1": Reply("Late.", gate=gate)}) as stage:
        stage.slack.app.features.discard("agent_sessions")
        ts = await stage.ask("What is the risk?")
        await stage.slack.wait_for(lambda: stage.slack.calls("assistant.threads.setStatus") != [])
        gate.set()
        await stage.replied(ts)
        await stage.slack.wait_for(lambda: stage.slack.status(stage.general, ts) == "")


async def test_without_any_status_a_reaction_is_shown(tmp_path: Path) -> None:
    """The last resort is a reaction on the question, removed at the end."""
    gate = asyncio.Event()
    async with on_stage(tmp_path, models={"red-1": Reply("Late.", gate=gate)}) as stage:
        stage.slack.app.features -= {"agent_sessions", "assistant_status"}
        ts = await stage.ask("What is the risk?")
        question = stage.slack.message(stage.general, ts)
        await stage.slack.wait_for(lambda: question.reactions.get("eyes"))
        gate.set()
        await stage.replied(ts)
        await stage.slack.wait_for(lambda: not question.reactions.get("eyes"))


async def test_a_long_reply_is_complete_in_several_messages(tmp_path: Path) -> None:
    """A long reply is complete, with the buttons under its last message."""
    async with on_stage(tmp_path, models={"writer-1": Reply(LONG)}) as stage:
        ts = await stage.ask("Tell me everything.")

        def complete() -> bool:
            shown = [stage.slack.render(m) for m in stage.replies(ts)]
            return bool(shown) and "[Show answers]" in shown[-1]

        await stage.slack.wait_for(complete, timeout=20)
        shown = [stage.slack.render(m) for m in stage.replies(ts)]
        assert len(shown) == 3
        assert all(f"Paragraph {i}. word" in "".join(shown) for i in range(80))
        assert sum("[Show answers]" in text for text in shown) == 1


async def test_an_expired_stream_continues_in_a_new_message(tmp_path: Path) -> None:
    """Slack ends a stream after five minutes; the rest follows in a new message."""
    gate = asyncio.Event()
    clock = Clock()
    models = {"writer-1": Reply("The whole reply.", gate=gate)}
    async with on_stage(tmp_path, models=models, clock=clock) as stage:
        ts = await stage.ask("What is the risk?")
        await stage.models.asked(4)
        await stage.slack.wait_for(lambda: stage.slack.calls("chat.startStream") != [])
        clock.advance(301)
        gate.set()

        def complete() -> bool:
            shown = [stage.slack.render(m) for m in stage.replies(ts)]
            return any("[Show answers]" in text for text in shown)

        await stage.slack.wait_for(complete, timeout=20)
        together = "\n".join(stage.slack.render(m) for m in stage.replies(ts))
        assert together.count("The whole reply.") == 1


async def test_a_brief_slack_failure_loses_nothing(tmp_path: Path) -> None:
    """Text from a failed append is delivered with the next one."""
    async with on_stage(tmp_path) as stage:
        stage.slack.fail_next("chat.appendStream", error="internal_error", status=500, times=2)
        stage.slack.fail_next("chat.stopStream", error="internal_error", status=500)
        ts = await stage.ask("What is the risk?")

        def shown() -> str:
            return "\n".join(stage.slack.render(m) for m in stage.replies(ts))

        await stage.slack.wait_for(lambda: "[Show answers]" in shown(), timeout=20)
        assert shown().count("The answer of writer-1.") == 1
        assert shown().count("[Show answers]") == 1


async def test_rate_limits_are_waited_out(tmp_path: Path) -> None:
    """The bot waits as long as a 429 says, and the reply still arrives."""
    async with on_stage(tmp_path) as stage:
        stage.slack.fail_next("chat.startStream", error="ratelimited", status=429, retry_after=1)
        ts = await stage.ask("What is the risk?")
        assert "The answer of writer-1." in stage.slack.render(await stage.replied(ts))


async def test_an_unfinished_reply_is_kept_and_marked(tmp_path: Path) -> None:
    """If the aggregator stops mid-sentence, its text is shown with a notice."""
    cut = Reply("The first half of a reply.", fault=Cut(after=3))
    async with on_stage(tmp_path, models={"writer-1": cut}) as stage:
        ts = await stage.ask("What is the risk?")
        shown = stage.slack.render(await stage.replied(ts))
        assert "The first half" in shown
        assert "The reply ends here" in shown


async def test_pressing_stop_ends_the_run(tmp_path: Path) -> None:
    """After Slack's Stop button no more text is sent, and the run ends."""
    gate = asyncio.Event()
    models = {"writer-1": Reply("One two three.", gate=gate)}
    async with on_stage(tmp_path, models=models) as stage:
        ts = await stage.ask("What is the risk?")
        await stage.models.asked(4)
        await stage.slack.wait_for(lambda: stage.slack.calls("chat.startStream") != [])
        await stage.slack.press_stop(stage.ana, stage.general, ts)
        gate.set()
        await stage.slack.wait_for(
            lambda: getattr(stage.slack.session(stage.general, ts), "status", "") == "active"
        )
        await stage.slack.wait_for_deliveries()
        assert "One two three." not in "".join(
            stage.slack.render(m) for m in stage.slack.messages(stage.general, ts)
        )


async def test_a_proxys_error_loses_nothing(tmp_path: Path) -> None:
    """A plain-text error from a proxy in front of Slack is retried like any other error."""
    async with on_stage(tmp_path) as stage:
        for method in ("chat.startStream", "chat.appendStream", "chat.stopStream"):
            stage.slack.fail_next(method, error="upstream connect error", status=503, plain=True)
        ts = await stage.ask("What is the risk?")

        def complete() -> bool:
            shown = [stage.slack.render(m) for m in stage.replies(ts)]
            return any("[Show answers]" in text for text in shown)

        await stage.slack.wait_for(complete, timeout=20)
        together = "\n".join(stage.slack.render(m) for m in stage.replies(ts))
        assert together.count("The answer of writer-1.") == 1


async def test_a_posting_restriction_is_explained(tmp_path: Path) -> None:
    """A restriction that retries cannot fix is explained at once."""
    async with on_stage(tmp_path) as stage:
        stage.slack.fail_next("chat.startStream", error="restricted_action", times=9)
        stage.slack.fail_next("chat.postMessage", error="restricted_action")
        await stage.ask("What is the risk?")
        channel = stage.slack.dm(stage.ana)
        await stage.slack.wait_for(lambda: stage.slack.messages(channel))
        assert "I'm not allowed to post here" in stage.slack.render(
            stage.slack.messages(channel)[0]
        )


async def test_a_notice_stays_outside_unfinished_code(tmp_path: Path) -> None:
    """The notice below an unfinished reply never ends up inside an open code block."""
    cut = Reply("Run this:\n```\nmake all the things", fault=Cut(after=5))
    async with on_stage(tmp_path, models={"writer-1": cut}) as stage:
        ts = await stage.ask("How?")
        shown = stage.slack.render(await stage.replied(ts))
        code, _, after = shown.partition("```\n")[2].partition("```")
        assert "make" in code
        assert "The reply ends here" in after


async def test_many_notes_fit_in_a_message(tmp_path: Path) -> None:
    """With many notes the reply still gets its footer and buttons."""
    names = [f"m{number}" for number in range(30)]
    tables = "".join(
        f'\n[models.{name}]\nprovider = "scripted"\nmodel = "echo"\ncontext_window = 512\n'
        for name in names
    )
    crowd = (
        '\n[pipelines.crowd]\naggregator = "writer"\n'
        f"[[pipelines.crowd.layers]]\nproposers = {names}\n"
    )
    extra = tables + crowd
    async with on_stage(tmp_path, extra=extra, default="crowd") as stage:
        ts = await stage.ask("What is this? " + "word " * 2_000)
        reply = await stage.replied(ts)
        await stage.slack.wait_for(lambda: "[Show answers]" in stage.slack.render(reply))
        assert "The last message was too long" in stage.slack.render(reply)

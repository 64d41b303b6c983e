"""Shortcuts: ask about a message, summarise a thread, ask from anywhere."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import text
from structlog.testing import capture_logs

from bot.playground.people.actions import ActionResult
from bot.playground.state.models import SlackMessage, SlackView, User
from bot.slack.intake.shortcut_form import INPUT, PLACE, QUESTION
from bot.slack.routes import ASK_ABOUT, ASK_ANYWHERE, SUMMARISE
from bot.slack.ui.strings.commands import (
    ASK_EMPTY,
    ASK_FORBIDDEN,
    ASK_IN_THREAD,
    ASK_PIPELINE_USUAL,
    ASK_QUESTION,
    ASK_TOO_LATE,
    ASK_UNSURE,
    SUGGESTIONS,
    SUMMARISE_QUESTION,
)
from bot.slack.ui.strings.footer import AGAIN_NO_PIPELINE
from bot.slack.ui.strings.troubles import TROUBLES
from tests.slack.prompts import without_times
from tests.slack.user_actions import (
    ALL_EVENTS,
    count_runs,
    run_of_reply,
    wait_for_direct_message,
    wait_for_notice,
)
from tests.stage import Stage, on_stage

ROOT = Path(__file__).parent.parent.parent


async def open_form(stage: Stage, user: User, message: SlackMessage | None = None) -> SlackView:
    """Use a shortcut that opens the form, and return the form."""
    await stage.slack.shortcut(user, ASK_ABOUT if message else ASK_ANYWHERE, message)
    return await stage.opened_view(user, ASK_QUESTION)


async def submit(stage: Stage, user: User, view: SlackView, **filled: Any) -> ActionResult:
    """Submit the form; `question`, `pipeline` and `place` are its blocks."""
    for block, value in filled.items():
        kind = {"place": "selected_conversation", "pipeline": "selected_option"}.get(block, "value")
        given = {"value": value} if block == "pipeline" else value
        view.state.setdefault(block, {})[INPUT] = {kind: given}
    return await stage.slack.submit(user, view)


def prompt_of(stage: Stage) -> list[str]:
    """Return the turns of the latest prompt, without times and the channel's line."""
    return [without_times(text) for _, text in stage.models.questions[-1].turns]


async def asked(stage: Stage, ts: str, question: str) -> SlackMessage:
    """Return the question that was posted for a person."""
    shown = stage.slack.messages(stage.general, ts)
    [found] = [m for m in shown if question in stage.slack.render(m) and m.bot_id]
    return found


async def test_a_question_about_a_message_is_asked_in_its_thread(tmp_path: Path) -> None:
    """It works on a top-level message, inside a thread and on a bot's message."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        ts = await stage.slack.post(stage.ana, stage.general, "We launch on Monday.")
        inner = await stage.slack.post(stage.ben, stage.general, "Or later.", thread_ts=ts)
        view = await open_form(stage, stage.ben, stage.slack.message(stage.general, inner))
        assert ASK_IN_THREAD in stage.slack.render(view)
        done = await submit(stage, stage.ben, view, question="When & <why>?", pipeline="balanced")
        assert not done.errors
        reply = await stage.replied(ts, 2)
        assert "balanced · " in stage.slack.render(reply)
        shown = stage.slack.render(await asked(stage, ts, "When & <why>?"))
        assert "Ben asks:" in shown
        assert "We launch on Monday." in str(stage.models.questions[0].turns)
        assert "When & <why>?" in str(stage.models.questions[0].turns)
        run = await run_of_reply(stage, reply)
        assert (run.question.user, run.question.surface) == (stage.ben.id, "shortcut")
        robot = stage.slack.add_user("Robot", bot=True)
        await stage.slack.invite(robot, stage.general)
        other = await stage.slack.post(robot, stage.general, "The build is red.")
        view = await open_form(stage, stage.ana, stage.slack.message(stage.general, other))
        await submit(stage, stage.ana, view, question="What broke?")
        await stage.replied(other, 2)
        assert "The build is red." in str(stage.models.questions[-1].turns)


async def test_a_thread_is_summarised_for_its_asker(tmp_path: Path) -> None:
    """One click summarises it; later, models see the question as its asker's."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        ts = await stage.slack.post(stage.ana, stage.general, "We launch on Monday.")
        await stage.slack.shortcut(stage.ben, SUMMARISE, stage.slack.message(stage.general, ts))
        await stage.replied(ts, 2)
        assert stage.models.questions[-1].turns[-1][1].endswith(SUMMARISE_QUESTION)
        await stage.ask("And what is open?", ts)
        await stage.replied(ts, 3)
        [first, second, third] = stage.models.questions[-1].turns
        assert first[0] == "user"
        assert first[1].endswith(f"Ben asked:\n> {SUMMARISE_QUESTION}")
        assert second == ("assistant", "The answer of writer-1.")
        assert third[1].endswith("And what is open?")


async def test_a_question_from_anywhere_is_posted_where_chosen(tmp_path: Path) -> None:
    """It is posted to a channel that the asker is in, or to their direct messages."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        view = await open_form(stage, stage.ana)
        await submit(stage, stage.ana, view, question="What is the risk?")
        reply = await wait_for_direct_message(stage, stage.ana, "Ana asks:")
        direct = stage.slack.dm(stage.ana)
        await stage.replied(reply.ts, 2, channel=direct)
        view = await open_form(stage, stage.ana)
        await submit(stage, stage.ana, view, question="And here?", place=stage.general.id)
        await stage.slack.wait_for(lambda: stage.slack.messages(stage.general))
        [parent] = stage.slack.messages(stage.general)
        await stage.replied(parent.ts, 2)
        assert prompt_of(stage) == ["Ana asks:\nAnd here?"]
        await stage.ask("Why?", parent.ts)
        await stage.replied(parent.ts, 3)
        assert prompt_of(stage)[0] == "Ana asked:\n> And here?"


async def test_a_refused_shortcut_leaves_no_message(tmp_path: Path) -> None:
    """Without the bot or the asker, archived or gone: an error and no message."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        add = stage.slack.add_channel
        places = {
            add("others", members=[stage.ben]): ASK_FORBIDDEN,
            add("alone", members=[stage.ana], bot_member=False): TROUBLES["not_in_channel"],
            add("hidden", members=[stage.ana], bot_member=False, private=True): (
                TROUBLES["not_in_channel"]
            ),
            add("old", members=[stage.ana], archived=True): TROUBLES["archived"],
        }
        for place, why in places.items():
            view = await open_form(stage, stage.ana)
            done = await submit(stage, stage.ana, view, question="Anybody?", place=place.id)
            assert done.errors == {PLACE: why}
            assert stage.slack.messages(place) == []
            await stage.slack.close(stage.ana, view)
        hidden = next(place for place in places if place.name == "hidden")
        ts = await stage.slack.post(stage.ana, hidden, "Among ourselves.")
        await stage.slack.shortcut(stage.ana, SUMMARISE, stage.slack.message(hidden, ts))
        await wait_for_notice(stage, stage.ana, TROUBLES["not_in_channel"].split("`")[0], hidden)
        assert await count_runs(stage) == 0


async def test_a_hostile_question_stays_text(tmp_path: Path) -> None:
    """A question of 3,000 characters with markup is shown in full and pings nobody."""
    hostile = (
        "<!channel> <@U00000003> *bold* https://evil.example `x` [a](https://b.example)\n> q\n"
    )
    text = (hostile + "&" * 3_000)[:3_000]
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        ts = await stage.slack.post(stage.ana, stage.general, "We launch on Monday.")
        view = await open_form(stage, stage.ana, stage.slack.message(stage.general, ts))
        assert not (await submit(stage, stage.ana, view, question=text)).errors
        await stage.replied(ts, 2)
        assert "&" * 2_900 in stage.slack.render(await asked(stage, ts, "<!channel>"))
        assert stage.models.questions[-1].turns[-1][1].endswith(text)
        await stage.ask("And?", ts)
        await stage.replied(ts, 3)
        quoted = "\n".join(f"> {line}" for line in text.splitlines())
        assert quoted in stage.models.questions[-1].turns[0][1]
        assert stage.slack.notifications == []
        assert stage.slack.unfurls == []


async def test_a_form_submitted_twice_asks_once(tmp_path: Path) -> None:
    """Submitted twice, together or later, it posts one question with one reply."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        ts = await stage.slack.post(stage.ana, stage.general, "We launch on Monday.")
        view = await open_form(stage, stage.ana, stage.slack.message(stage.general, ts))
        view.state = {QUESTION: {INPUT: {"value": "When?"}}}
        await asyncio.gather(*(stage.slack.submit(stage.ana, view) for _ in range(3)))
        await stage.replied(ts, 2)
        assert not (await stage.slack.submit(stage.ana, view)).errors
        await stage.slack.wait_for_deliveries()
        await asked(stage, ts, "When?")
        assert await count_runs(stage) == 1


async def test_an_empty_or_outdated_form_says_what_to_do(tmp_path: Path) -> None:
    """Blank questions, a removed pipeline and forged metadata are refused."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        view = await open_form(stage, stage.ana)
        for blank in ("", "  \n ", "\u200b\u2060"):
            done = await submit(stage, stage.ana, view, question=blank)
            assert done.errors == {QUESTION: ASK_EMPTY}
        done = await submit(stage, stage.ana, view, question="Why?", pipeline="gone")
        assert done.errors == {"pipeline": AGAIN_NO_PIPELINE}
        for forged in ("", "{}", "[1, 2]", '["C1"]', "null"):
            view.content = {**view.content, "private_metadata": forged}
            done = await submit(stage, stage.ana, view, question="Why?", pipeline="single")
            assert done.errors == {QUESTION: ASK_EMPTY}
        stage.slack.fail_next("views.open", error="expired_trigger_id")
        await stage.slack.shortcut(stage.ana, ASK_ANYWHERE)
        await wait_for_direct_message(stage, stage.ana, ASK_TOO_LATE)
        assert await count_runs(stage) == 0


async def test_a_slow_slack_loses_no_question(tmp_path: Path) -> None:
    """The form closes within 3 s; the question is posted, or the asker learns why not."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        ts = await stage.slack.post(stage.ana, stage.general, "We launch on Monday.")
        message = stage.slack.message(stage.general, ts)
        view = await open_form(stage, stage.ana, message)
        stage.slack.delay("conversations.members", 2.2)
        done = await submit(stage, stage.ana, view, question="When?")
        assert done.acknowledged
        assert stage.slack.current_modal(stage.ana) is None
        await stage.replied(ts, 2)
        view = await open_form(stage, stage.ana, message)
        stage.slack.fail_next("chat.postMessage", error="is_archived")
        assert not (await submit(stage, stage.ana, view, question="And why?")).errors
        await wait_for_direct_message(stage, stage.ana, TROUBLES["archived"])
        assert await count_runs(stage) == 1


async def test_the_form_opens_without_the_database(tmp_path: Path) -> None:
    """It preselects none, and asking works once the database is back."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        ts = await stage.slack.post(stage.ana, stage.general, "We launch on Monday.")
        message = stage.slack.message(stage.general, ts)
        await stage.slack.wait_for_deliveries()  # her preferences are now in the cache
        await _execute(stage, "ALTER TABLE preferences RENAME TO hidden")
        with capture_logs() as logged:  # rendering a traceback takes seconds
            view = await open_form(stage, stage.ben, message)
        assert "default_pipeline_unknown" in str(logged)
        assert ASK_PIPELINE_USUAL in stage.slack.render(view)
        await _execute(stage, "ALTER TABLE hidden RENAME TO preferences")
        assert not (await submit(stage, stage.ben, view, question="When?")).errors
        await stage.replied(ts, 2)


async def _execute(stage: Stage, statement: str) -> None:
    async with stage.bot.database.begin() as connection:
        await connection.execute(text(statement))


async def test_a_lost_response_is_reported_as_unknown(tmp_path: Path) -> None:
    """If Slack's response is lost, the asker reads that the outcome is unknown."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        view = await open_form(stage, stage.ana)
        stage.slack.fail_next("chat.postMessage", drop_response=True)
        done = await submit(stage, stage.ana, view, question="Why?", place=stage.general.id)
        assert done.errors == {PLACE: ASK_UNSURE}


async def test_prompts_are_suggested_in_a_new_chat(tmp_path: Path) -> None:
    """The Messages tab suggests the manifest's four prompts; Home stays Home."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        await stage.slack.open_home(stage.ana, "messages")
        [call] = await stage.slack.wait_for(
            lambda: stage.slack.calls("assistant.threads.setSuggestedPrompts")
        )
        assert call.ok
        assert "thread_ts" not in call.args
        assert call.args["channel_id"] == stage.slack.dm(stage.ana).id
        stage.slack.app.features.discard("assistant_status")
        await stage.slack.open_home(stage.ana, "messages")
        await stage.slack.wait_for_deliveries()
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    told_there = manifest["features"]["agent_view"]["suggested_prompts"]
    assert [(each["title"], each["message"]) for each in told_there] == [*SUGGESTIONS]

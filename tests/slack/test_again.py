"""Regenerate and Try again: a new reply to the same question, one at a time."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import delete, update

from bot.slack.permissions.access import RevealPolicy
from bot.slack.ui.blocks import AGAIN, ANOTHER
from bot.slack.ui.footer import FooterOptions, footer
from bot.slack.ui.strings import footer as strings
from bot.slack.ui.strings.troubles import TROUBLES
from bot.storage.tables import runs
from moa import Answer, Outcome
from tests.models.replies import Reply, Status
from tests.slack.home_actions import choose
from tests.slack.prompts import timeless
from tests.slack.user_actions import (
    ALL_EVENTS,
    again,
    count_runs,
    idle,
    run_behind,
    said_directly,
    taped,
    told,
)
from tests.stage import MODELS, Stage, everywhere, on_stage


async def test_anybody_in_the_channel_can_ask_again(tmp_path: Path) -> None:
    """The new reply names who asked, links to the first, and counts for the clicker."""
    async with on_stage(tmp_path, events=ALL_EVENTS) as stage:
        ts = await stage.ask("What is the risk?")
        first = await stage.replied(ts)
        second = await again(stage, stage.ben, first)
        shown = stage.slack.render(second)
        assert "asked again by Ben" in shown
        assert f"p{first.ts.replace('.', '')}" in shown
        assert "balanced · 3 of 3 models" in shown
        run = await run_behind(stage, second)
        assert run.again_of == (await run_behind(stage, first)).id
        assert run.question.user == stage.ben.id
        await stage.slack.click(stage.ana, second, ANOTHER, "single")
        third = await stage.replied(ts, 3)
        assert "single · " in stage.slack.render(third)
        assert f"p{second.ts.replace('.', '')}" in stage.slack.render(third)
        asked = stage.models.questions[-1]
        assert [timeless(text) for _, text in asked.turns] == ["Ana asks:\nWhat is the risk?"]


async def test_several_layers_count_answers_and_not_models(tmp_path: Path) -> None:
    """A model that answers in two layers is not counted as two models."""
    deep = """
        [pipelines.deep]
        aggregator = "writer"
        [[pipelines.deep.layers]]
        proposers = ["red", "green", "blue"]
        [[pipelines.deep.layers]]
        proposers = ["red", "green"]
    """
    async with on_stage(tmp_path, extra=deep, events=ALL_EVENTS) as stage:
        first = await stage.replied(await stage.ask("What is the risk?"))
        assert "balanced · 3 of 3 models · " in stage.slack.render(first)
        await idle(stage)
        await stage.slack.click(stage.ana, first, ANOTHER, "deep")
        second = await stage.replied(str(first.thread_ts), 2)
        assert "deep · 5 of 5 answers used · " in stage.slack.render(second)


async def test_clicks_that_come_together_ask_once(tmp_path: Path) -> None:
    """Three clicks of two people and a repeated payload give one reply."""
    gate = asyncio.Event()
    gate.set()
    async with on_stage(
        tmp_path, models={"writer-1": Reply(gate=gate)}, events=ALL_EVENTS, default="single"
    ) as stage:
        ts = await stage.ask("What is the risk?")
        first = await stage.replied(ts)
        gate.clear()
        tape = taped(stage)
        people = (stage.ana, stage.ben, stage.ben)
        await asyncio.gather(*(stage.slack.click(who, first, AGAIN) for who in people))
        await told(stage, stage.ben, strings.AGAIN_IN_PROGRESS)
        assert await count_runs(stage) == 2
        gate.set()
        await stage.replied(ts, 2)
        await again(stage, stage.ana, first, 3)
        for _ in range(2):
            assert (await tape.replay()).ok
        assert await count_runs(stage) == 3
        assert len(stage.replies(ts)) == 3


async def test_what_cannot_be_asked_again_is_said(tmp_path: Path) -> None:
    """The pipeline, thread or question is gone, or the channel is archived."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        ts = await stage.ask("What is the risk?")
        first = await stage.replied(ts)
        run = await run_behind(stage, first)
        [menu] = [e for b in first.blocks for e in b.get("elements", ()) if "options" in e]
        menu["options"][0]["value"] = f"{run.id}|gone"
        await stage.slack.click(stage.ana, first, ANOTHER, f"{run.id}|gone")
        await told(stage, stage.ana, strings.AGAIN_NO_PIPELINE)
        await stored(stage, update(runs).values(pipeline="gone"))
        assert "single · " in stage.slack.render(await again(stage, stage.ana, first))
        await idle(stage)
        stage.general.archived = True
        await stage.slack.click(stage.ana, first, AGAIN)
        await said_directly(stage, stage.ana, TROUBLES["archived"])
        await idle(stage)
        stage.general.archived = False
        await stage.slack.delete_thread(stage.general, ts)
        await stage.slack.click(stage.ben, first, AGAIN)
        await said_directly(stage, stage.ben, TROUBLES["thread_gone"])
        await idle(stage)
        await stored(stage, delete(runs))
        await stage.slack.click(stage.ben, first, AGAIN)
        await told(stage, stage.ben, strings.AGAIN_GONE)


async def stored(stage: Stage, statement: object) -> None:
    """Change the stored run, as time or an administrator would."""
    async with stage.bot.database.begin() as connection:
        await connection.execute(statement)  # type: ignore[call-overload]


async def test_a_private_reply_is_made_anew_in_private(tmp_path: Path) -> None:
    """Only its asker can regenerate it, sees the progress and can stop it."""
    async with on_stage(tmp_path, events=ALL_EVENTS) as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        reply = await told(stage, stage.ana, f"[{strings.SHARE}]")
        await stage.slack.click(stage.ben, reply, AGAIN)
        await told(stage, stage.ben, strings.AGAIN_REFUSED["no"])
        await stage.slack.click(stage.ana, reply, ANOTHER, "single")
        asked = await told(stage, stage.ana, strings.AGAIN_ASKED.format(pipeline="*single*")[:20])
        assert f"[{strings.STOP}]" in stage.slack.render(asked)
        await told(stage, stage.ana, "single · ")
        assert stage.slack.messages(stage.general) == []


async def test_a_question_without_a_reply_can_be_tried_again(tmp_path: Path) -> None:
    """Once the models are back it gets a reply, in public and in private."""
    down = everywhere(Reply(fault=Status(400)))
    async with on_stage(tmp_path, models=down, events=ALL_EVENTS, default="single") as stage:
        ts = await stage.ask("What is the risk?")
        sorry = await stage.replied(ts)
        assert TROUBLES["no_answer"].split("`")[0] in stage.slack.render(sorry)
        await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        alone = await told(stage, stage.ana, f"[{strings.RETRY}]")
        stage.models.models = dict.fromkeys(MODELS, Reply("At last."))
        assert "At last." in stage.slack.render(await again(stage, stage.ben, sorry))
        await idle(stage)
        await stage.slack.click(stage.ana, alone, AGAIN)
        await told(stage, stage.ana, "At last.")


async def test_asking_again_counts_for_whoever_clicks(tmp_path: Path) -> None:
    """After a budget refusal, the asker or a colleague with budget left can retry."""
    limits = "\n[limits]\nper_person_day_usd = 0.000001\n"
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single", extra=limits) as stage:
        await stage.replied(await stage.ask("What is the first risk?"))
        ts = await stage.ask("What is the second risk?")
        refused = await stage.replied(ts)
        assert f"[{strings.RETRY}]" in stage.slack.render(refused)
        assert TROUBLES["person_budget"] in stage.slack.render(
            await again(stage, stage.ana, refused)
        )
        answered = await again(stage, stage.ben, refused, 3)
        assert "The answer of writer-1." in stage.slack.render(answered)


async def test_a_title_that_people_gave_a_thread_stays(tmp_path: Path) -> None:
    """A session is titled after its question, but never over a person's title."""
    thinks = {"writer-1": Reply("The answer of writer-1.", first_token_s=0.3)}
    async with on_stage(tmp_path, models=thinks, default="single", events=ALL_EVENTS) as stage:
        ts = await stage.ask("What is <https://risk.example|this risk> & that?")
        first = await stage.replied(ts)
        session = stage.slack.session(stage.general, ts)
        assert session is not None
        assert session.title == "What is this risk & that?"
        session.title = "Ana's risks"
        stage.slack.emit(
            "agent_session_title_changed",
            channel=stage.general.id,
            user=stage.ana.id,
            thread_ts=ts,
            title=session.title,
            previous_title="What is this risk & that?",
        )
        await stage.slack.wait_for_deliveries()
        assert all(delivery.state == "acknowledged" for delivery in stage.slack.deliveries)
        await again(stage, stage.ben, first)
        assert session.title == "Ana's risks"


async def test_where_cost_is_hidden_and_names_are_none_is_told(tmp_path: Path) -> None:
    """No message of the thread shows them, not even a regenerated reply."""
    down = {"red-1": Reply(fault=Status(503))}
    async with on_stage(tmp_path, models=down, events=ALL_EVENTS) as stage:
        await choose(stage, stage.ana, names="is:anonymous", cost="is:hidden")
        ts = await stage.ask("What is the risk?")
        await again(stage, stage.ben, await stage.replied(ts))
        for message in stage.replies(ts):
            told_there = f"{message.text} {message.blocks}".replace("The answer of writer-1.", "")
            assert "$" not in told_there
            assert "no cost" not in told_there
            assert not any(name in told_there for name in ("'red", "green", "blue", "writer"))


def test_the_footer_offers_no_more_than_a_menu_holds() -> None:
    """Any number of pipelines with names of any length fits."""
    answer = Answer("red", 1, 1, "used", text="Yes.", seconds=1.0)
    outcome = Outcome("Yes.", "complete", "p0", (answer,), None, (), 1.0)
    names = [f"p{number}" for number in range(150)] + ["x" * 200]
    blocks = footer("R" * 24, outcome, FooterOptions(RevealPolicy(), names))
    [menu] = [e for b in blocks for e in b.get("elements", ()) if "options" in e]
    assert len(menu["options"]) == 100
    assert all(len(option["value"]) <= 150 for option in menu["options"])
    blocks = footer("R" * 24, outcome, FooterOptions(RevealPolicy(), ["p0"]))
    assert not [e for b in blocks for e in b.get("elements", ()) if "options" in e]

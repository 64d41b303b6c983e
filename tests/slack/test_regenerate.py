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
from tests.slack.prompts import without_times
from tests.slack.user_actions import (
    ALL_EVENTS,
    count_runs,
    regenerate,
    run_of_reply,
    taped,
    wait_for_direct_message,
    wait_for_notice,
    wait_until_idle,
)
from tests.stage import MODELS, Stage, everywhere, on_stage


async def test_anyone_in_the_channel_can_regenerate(tmp_path: Path) -> None:
    """The new reply names who asked, links to the first, and counts for the clicker."""
    async with on_stage(tmp_path, events=ALL_EVENTS) as stage:
        ts = await stage.ask("What is the risk?")
        first = await stage.replied(ts)
        second = await regenerate(stage, stage.ben, first)
        shown = stage.slack.render(second)
        assert "asked again by Ben" in shown
        assert f"p{first.ts.replace('.', '')}" in shown
        assert "balanced · 3 of 3 models" in shown
        run = await run_of_reply(stage, second)
        assert run.again_of == (await run_of_reply(stage, first)).id
        assert run.question.user == stage.ben.id
        await stage.slack.click(stage.ana, second, ANOTHER, "single")
        third = await stage.replied(ts, 3)
        assert "single · " in stage.slack.render(third)
        assert f"p{second.ts.replace('.', '')}" in stage.slack.render(third)
        asked = stage.models.questions[-1]
        assert [without_times(text) for _, text in asked.turns] == ["Ana asks:\nWhat is the risk?"]


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
        await wait_until_idle(stage)
        await stage.slack.click(stage.ana, first, ANOTHER, "deep")
        second = await stage.replied(str(first.thread_ts), 2)
        assert "deep · 5 of 5 answers used · " in stage.slack.render(second)


async def test_simultaneous_clicks_regenerate_once(tmp_path: Path) -> None:
    """Three clicks by two people and a repeated payload give one reply."""
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
        await wait_for_notice(stage, stage.ben, strings.AGAIN_IN_PROGRESS)
        assert await count_runs(stage) == 2
        gate.set()
        await stage.replied(ts, 2)
        await regenerate(stage, stage.ana, first, 3)
        for _ in range(2):
            assert (await tape.replay()).ok
        assert await count_runs(stage) == 3
        assert len(stage.replies(ts)) == 3


async def test_an_impossible_regeneration_is_explained(tmp_path: Path) -> None:
    """The pipeline, thread or question is gone, or the channel is archived."""
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single") as stage:
        ts = await stage.ask("What is the risk?")
        first = await stage.replied(ts)
        run = await run_of_reply(stage, first)
        [menu] = [e for b in first.blocks for e in b.get("elements", ()) if "options" in e]
        menu["options"][0]["value"] = f"{run.id}|gone"
        await stage.slack.click(stage.ana, first, ANOTHER, f"{run.id}|gone")
        await wait_for_notice(stage, stage.ana, strings.AGAIN_NO_PIPELINE)
        await stored(stage, update(runs).values(pipeline="gone"))
        assert "single · " in stage.slack.render(await regenerate(stage, stage.ana, first))
        await wait_until_idle(stage)
        stage.general.archived = True
        await stage.slack.click(stage.ana, first, AGAIN)
        await wait_for_direct_message(stage, stage.ana, TROUBLES["archived"])
        await wait_until_idle(stage)
        stage.general.archived = False
        await stage.slack.delete_thread(stage.general, ts)
        await stage.slack.click(stage.ben, first, AGAIN)
        await wait_for_direct_message(stage, stage.ben, TROUBLES["thread_gone"])
        await wait_until_idle(stage)
        await stored(stage, delete(runs))
        await stage.slack.click(stage.ben, first, AGAIN)
        await wait_for_notice(stage, stage.ben, strings.AGAIN_GONE)


async def stored(stage: Stage, statement: object) -> None:
    """Change the stored run, as time or an administrator would."""
    async with stage.bot.database.begin() as connection:
        await connection.execute(statement)  # type: ignore[call-overload]


async def test_a_private_reply_is_regenerated_privately(tmp_path: Path) -> None:
    """Only its asker can regenerate it, sees the progress and can stop it."""
    async with on_stage(tmp_path, events=ALL_EVENTS) as stage:
        await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        reply = await wait_for_notice(stage, stage.ana, f"[{strings.SHARE}]")
        await stage.slack.click(stage.ben, reply, AGAIN)
        await wait_for_notice(stage, stage.ben, strings.AGAIN_REFUSED["no"])
        await stage.slack.click(stage.ana, reply, ANOTHER, "single")
        asked = await wait_for_notice(
            stage, stage.ana, strings.AGAIN_ASKED.format(pipeline="*single*")[:20]
        )
        assert f"[{strings.STOP}]" in stage.slack.render(asked)
        await wait_for_notice(stage, stage.ana, "single · ")
        assert stage.slack.messages(stage.general) == []


async def test_a_failed_question_can_be_retried(tmp_path: Path) -> None:
    """Once the models are back, it gets a reply, in public and in private."""
    down = everywhere(Reply(fault=Status(400)))
    async with on_stage(tmp_path, models=down, events=ALL_EVENTS, default="single") as stage:
        ts = await stage.ask("What is the risk?")
        sorry = await stage.replied(ts)
        assert TROUBLES["no_answer"].split("`")[0] in stage.slack.render(sorry)
        await stage.slack.command(stage.ana, stage.general, "/moa", "What is the risk?")
        alone = await wait_for_notice(stage, stage.ana, f"[{strings.RETRY}]")
        stage.models.models = dict.fromkeys(MODELS, Reply("At last."))
        assert "At last." in stage.slack.render(await regenerate(stage, stage.ben, sorry))
        await wait_until_idle(stage)
        await stage.slack.click(stage.ana, alone, AGAIN)
        await wait_for_notice(stage, stage.ana, "At last.")


async def test_a_regeneration_counts_for_the_person_who_clicks(tmp_path: Path) -> None:
    """After a budget refusal, the asker or a colleague with budget left can retry."""
    limits = "\n[limits]\nper_person_day_usd = 0.000001\n"
    async with on_stage(tmp_path, events=ALL_EVENTS, default="single", extra=limits) as stage:
        await stage.replied(await stage.ask("What is the first risk?"))
        ts = await stage.ask("What is the second risk?")
        refused = await stage.replied(ts)
        assert f"[{strings.RETRY}]" in stage.slack.render(refused)
        assert TROUBLES["person_budget"] in stage.slack.render(
            await regenerate(stage, stage.ana, refused)
        )
        answered = await regenerate(stage, stage.ben, refused, 3)
        assert "The answer of writer-1." in stage.slack.render(answered)


async def test_a_title_set_by_people_is_kept(tmp_path: Path) -> None:
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
        await regenerate(stage, stage.ben, first)
        assert session.title == "Ana's risks"


async def test_hidden_costs_and_names_stay_hidden(tmp_path: Path) -> None:
    """No message of the thread shows them, not even a regenerated reply."""
    down = {"red-1": Reply(fault=Status(503))}
    async with on_stage(tmp_path, models=down, events=ALL_EVENTS) as stage:
        await choose(stage, stage.ana, names="is:anonymous", cost="is:hidden")
        ts = await stage.ask("What is the risk?")
        await regenerate(stage, stage.ben, await stage.replied(ts))
        for message in stage.replies(ts):
            told_there = f"{message.text} {message.blocks}".replace("The answer of writer-1.", "")
            assert "$" not in told_there
            assert "no cost" not in told_there
            assert not any(name in told_there for name in ("'red", "green", "blue", "writer"))


def test_the_pipeline_menu_stays_within_slacks_limits() -> None:
    """Any number of pipelines fits, with names of any length."""
    answer = Answer("red", 1, 1, "used", text="Yes.", seconds=1.0)
    outcome = Outcome("Yes.", "complete", "p0", (answer,), None, (), 1.0)
    names = [f"p{number}" for number in range(150)] + ["x" * 200]
    blocks = footer("R" * 24, outcome, FooterOptions(RevealPolicy(), names))
    [menu] = [e for b in blocks for e in b.get("elements", ()) if "options" in e]
    assert len(menu["options"]) == 100
    assert all(len(option["value"]) <= 150 for option in menu["options"])
    blocks = footer("R" * 24, outcome, FooterOptions(RevealPolicy(), ["p0"]))
    assert not [e for b in blocks for e in b.get("elements", ()) if "options" in e]

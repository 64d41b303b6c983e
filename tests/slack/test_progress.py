"""The progress of a run as people see it: the plan, a card per model, or one line."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.slack.reply.progress import CARDS, Progress
from moa import Event, Finished, Hedge, Plan, Prompt, Sampling, Unavailable
from moa.pipeline.strategies import STRATEGIES
from moa.providers.scripted import Fail, Hang, Step, Wait
from tests.moa.runs import follows, layer, plan, play, says, slow
from tests.moa.virtual_time import virtual
from tests.models.replies import Reply
from tests.models.replies import Status as Refusal
from tests.stage import on_stage


class ShownMessage:
    """A message that applies updates like Slack and records everything it has shown.

    When a card is sent again, Slack replaces its title and status and appends the rest.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.cards: dict[str, str] = {}
        self.states: dict[str, str] = {}
        self.plan = ""
        self.said: list[str] = []

    def take(self, chunks: Sequence[dict[str, Any]]) -> None:
        for chunk in chunks:
            assert chunk.keys() <= {"type", "id", "title", "status"}, "other fields accumulate"
            self.said.append(chunk["title"])
            if chunk["type"] == "plan_update":
                self.plan = chunk["title"]
                assert self.progress.line == self.plan
            else:
                self.cards[chunk["id"]] = chunk["title"]
                self.states[chunk["id"]] = chunk["status"]

    def see(self, events: Sequence[Event]) -> None:
        for event in events:
            self.take(self.progress.chunks(event))
            if isinstance(event, Finished):
                self.take(self.progress.done(event.outcome))

    @property
    def shown(self) -> set[str]:
        return set(self.cards.values())


async def show_run(plan: Plan, progress: Progress | None = None) -> ShownMessage:
    """Run a plan and return what the message showed."""
    found = ShownMessage(progress or Progress())
    found.see((await play(plan)).events)
    return found


def council(*names: str) -> Plan:
    """Return a plan whose models answer and then rank each other's answers."""

    def script(prompt: Prompt, _: Sampling) -> list[Step]:
        ranks = "RANKING" in prompt.system
        return ["RANKING: A > B"] if ranks else [Wait(2), "An answer."]

    models = [follows(name, script) for name in names]
    return Plan.of(models, aggregator=says("w"), strategy=STRATEGIES["rank_then_synthesise"])


@virtual
async def test_each_card_shows_work_and_then_the_result() -> None:
    """A card says in words that a model is working, and later how long it took."""
    found = await show_run(plan(layer(slow("a", 1.2), slow("b", 12)), by=says("w")))
    assert found.said[:3] == [
        "Layer 1: asking 2 models",
        "Layer 1 · a: working",
        "Layer 1 · b: working",
    ]
    assert "Layer 1: 1 of 2 answered so far" in found.said
    assert "Writing one reply from 2 answers" in found.said
    assert found.shown == {"Layer 1 · a: answered in 1.2 s", "Layer 1 · b: answered in 12 s"}
    assert set(found.states.values()) == {"complete"}
    assert found.plan == "2 answers, one reply"


@virtual
async def test_a_layer_that_continues_without_a_model_says_so() -> None:
    """A late model is named at once, and its card shows how it ended."""
    late = slow("slow", 9)
    found = await show_run(
        plan(layer(slow("a", 1), late, quorum=1, grace_s=0), by=slow("w", 20)),
    )
    assert "Layer 1: 1 of 2 answered, continuing without slow" in found.said
    assert "Layer 1 · slow: still working, but too late for the reply" in found.said
    assert "Layer 1 · slow: answered too late, after 9.0 s" in found.shown
    stopped = await show_run(
        plan(layer(slow("a", 1), says("slow", Hang()), quorum=1, grace_s=0), by=says("w"))
    )
    assert "Layer 1 · slow: stopped after 1.0 s: no longer needed" in stopped.shown


@virtual
async def test_many_missing_models_are_counted() -> None:
    """A line names at most three models."""
    crowd = [says(f"slow{i}", Hang()) for i in range(5)]
    found = await show_run(plan(layer(slow("a", 1), *crowd, quorum=1, grace_s=0), by=says("w")))
    assert "Layer 1: 1 of 6 answered, continuing without 5 models" in found.said


@virtual
async def test_failures_and_retries_are_summarised() -> None:
    """Cards show why a model is retried, which try worked, and why one failed."""
    tries = iter([[Fail(Unavailable(kind="overloaded"))], [Wait(1), "At last."]])

    def script(_: Prompt, __: Sampling) -> Sequence[Step]:
        return next(tries)

    flaky = follows("flaky", script, max_attempts=2)
    dead = says("dead", Wait(2), Fail(Unavailable()), max_attempts=1)
    found = await show_run(plan(layer(flaky, dead, quorum=2), by=says("w")))
    assert "Layer 1 · flaky: retrying: its server is overloaded" in found.said
    assert found.shown == {
        "Layer 1 · flaky: answered in 1.0 s, on the second try",
        "Layer 1 · dead: didn't answer: its server failed (after 2.0 s)",
    }
    assert sorted(found.states.values()) == ["complete", "error"]


@virtual
async def test_a_backup_model_is_named() -> None:
    """If a backup model answered, the card keeps the first model's name and adds the backup's."""
    model = says("a", Hang(), hedge=Hedge(slow("spare", 2), 5))
    found = await show_run(plan(layer(model), by=says("w")))
    assert found.shown == {"Layer 1 · a: answered in 2.0 s (spare stood in)"}


@virtual
async def test_a_ranking_layer_is_shown_as_ranking() -> None:
    """A ranking layer does not claim that models answered."""
    found = await show_run(council("a", "b"))
    assert "Layer 2: 2 models are ranking the answers" in found.said
    assert "Layer 2 · a: ranking the answers" in found.said
    assert "Layer 2: 2 of 2 rankings" in found.said
    assert "Layer 2 · b: ranked the answers in 0.0 s" in found.shown
    assert found.plan == "2 answers, one reply"


@virtual
async def test_later_layers_are_shown_as_waiting() -> None:
    """With a plan, later layers are visible from the start, and skipped ones are closed."""
    whole = council("a", "b")
    found = await show_run(whole, Progress(plan=whole))
    assert found.said[3:5] == [
        "Layer 2 · a: waiting for layer 1",
        "Layer 2 · b: waiting for layer 1",
    ]
    assert "waiting" not in str(found.shown)
    alone = council("a")
    found = await show_run(alone, Progress(plan=alone))
    assert "Layer 2 · a: not needed" in found.shown
    assert found.states["2-1"] == "complete"


@virtual
async def test_many_models_share_a_card() -> None:
    """A message has at most 50 parts, so a layer without room shares one card."""
    crowd = layer(*(slow(f"m{i}", 1) for i in range(30)))
    both = plan(crowd, crowd, by=says("w"))
    for progress in (Progress(), Progress(plan=both)):
        found = await show_run(both, progress)
        assert len(found.cards) == 31 <= CARDS
        assert found.cards["2-all"] == "Layer 2 · 30 models: 30 of 30 done"
        assert "Layer 2 · 30 models: 7 of 30 done" in found.said


@virtual
async def test_anonymous_cards_reveal_no_names() -> None:
    """Cards show no names, and their numbers do not follow the order in moa.toml."""
    orders: set[str] = set()
    for seed in range(30):
        models = [slow(f"zz{i}", i) for i in range(1, 5)]
        models.append(says("zz5", Hang(), hedge=Hedge(slow("zz6", 2), 5)))
        hidden = plan(layer(*models, quorum=3, grace_s=0), by=says("zzw"))
        found = await show_run(hidden, Progress("anonymous", seed=seed, plan=hidden))
        assert "zz" not in json.dumps([found.said, list(found.cards)])
        assert "Layer 1: 3 of 5 answered, continuing without 2 models" in found.said
        orders.add(next(id_ for id_, title in found.cards.items() if "in 1.0 s" in title))
    assert orders == {f"1-{number}" for number in range(1, 6)}


@virtual
async def test_the_next_aggregator_is_announced() -> None:
    """When the first aggregator fails, the plan says that another one is writing."""
    found = await show_run(plan(layer(says("a")), by=[says("x", Fail(Unavailable())), says("y")]))
    assert "Writing the reply from one answer with another aggregator" in found.said


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_the_cards_of_a_running_bot(tmp_path: Path, mode: Any) -> None:
    """In Slack, finished cards say in words how each model's call ended."""
    models = {
        "red-1": Reply("Half an", stop="length"),
        "green-1": Reply(fault=Refusal(401)),
    }
    async with on_stage(tmp_path, mode=mode, models=models) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        shown = stage.slack.render(reply)
        assert re.search(r"Layer 1 · red: answered in \d\.\d s, cut off at its length", shown)
        assert "Layer 1 · green: didn't answer: its API key is missing or was rejected" in shown
        assert "Layer 1 · blue: answered in " in shown


async def test_without_cards_one_line_shows_progress(tmp_path: Path) -> None:
    """If Slack refuses to stream, one edited line shows the progress."""
    gate = asyncio.Event()
    async with on_stage(tmp_path, models={"blue-1": Reply("At last.", gate=gate)}) as stage:
        stage.slack.fail_next("chat.startStream", error="method_not_supported")
        ts = await stage.ask("What is the risk?")

        def shown() -> str:
            messages = stage.slack.messages(stage.general, ts)[1:]
            return "".join(stage.slack.render(message) for message in messages)

        await stage.slack.wait_for(lambda: "Layer 1: 2 of 3 answered so far" in shown())
        gate.set()
        reply = await stage.replied(ts)
        await stage.slack.wait_for(lambda: "The answer of writer-1." in stage.slack.render(reply))
        assert "answered so far" not in shown()

"""Going through the answers modal of a running bot."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.app import open_bot
from bot.playground.state.models import SlackMessage
from bot.slack.ui.strings import answers_modal as strings
from bot.storage.tables import runs
from tests.models.replies import Cut, Reply, Status
from tests.slack.modal_walk import choose, options, reveal, turn, verdict
from tests.stage import MODELS, Mode, Stage, on_stage, served


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_from_the_overview_to_each_answer_and_back(
    tmp_path: Path, mode: Mode, database: str
) -> None:
    """The modal opens with the overview; buttons and menu lead to each answer and back."""
    async with on_stage(tmp_path, mode=mode, database=database) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        view = await reveal(stage, stage.ben, reply)
        shown = stage.slack.render(view)
        assert "# One reply from 3 answers" in shown
        assert "The reply was written by writer." in shown
        assert "Layer 1: 3 of 3 answered in time" in shown
        assert shown.count(": answered in ") == 3
        first, *others = options(view.blocks)
        assert first["text"]["text"] == "Overview"
        assert len(others) == 3
        assert "The answer of red-1." in await turn(stage, stage.ben, "reveal_go:next")
        shown = await choose(stage, stage.ben, "blue")
        assert "The answer of blue-1." in shown
        assert "Next answer" not in shown
        assert "The answer of green-1." in await turn(stage, stage.ben, "reveal_go:previous")
        assert "written by writer" in await choose(stage, stage.ben, "Overview")


async def test_a_long_answer_is_readable_to_its_end(tmp_path: Path) -> None:
    """An answer too long for one modal has pages, with nothing lost."""
    text = "\n\n".join(f"Paragraph {i}. " + ("word" * 25 + " ") * 5 for i in range(80))
    async with on_stage(tmp_path, models={"red-1": Reply(text)}) as stage:
        await reveal(stage, stage.ana, await stage.replied(await stage.ask("Tell me everything.")))
        first = await choose(stage, stage.ana, "red")
        assert "Page 1 of 2" in first
        second = await turn(stage, stage.ana, "reveal_page:1")
        assert "Page 2 of 2" in second
        assert all(f"Paragraph {i}." in first + second for i in range(80))
        assert "Page 1 of 2" in await turn(stage, stage.ana, "reveal_page:0")


async def test_each_calls_outcome_is_explained(tmp_path: Path) -> None:
    """Truncated, failed and retried calls are explained in the overview and at the answer."""
    models = {
        "red-1": Reply("Half an", stop="length"),
        "green-1": Reply(fault=Status(429)),
        "blue-1": [Reply(fault=Status(529)), Reply("Blue at last.")],
    }
    async with on_stage(tmp_path, models=models) as stage:
        view = await reveal(
            stage, stage.ana, await stage.replied(await stage.ask("What is the risk?"))
        )
        shown = stage.slack.render(view)
        assert "cut off at its length limit" in shown
        assert "green: didn't answer: it hit its rate limit" in shown
        assert "asked twice" in shown
        assert "Layer 1: 2 of 3 answered in time" in shown
        assert "Cut off at its length limit" in await choose(stage, stage.ana, "red")
        shown = await choose(stage, stage.ana, "green")
        assert "No answer." in shown
        assert strings.ANSWERS_EMPTY in shown
        assert strings.ANSWERS_BEST not in shown


async def test_a_late_answer_can_be_read(tmp_path: Path) -> None:
    """A layer that continued without a model says so, and the late answer can be read."""
    slow = {"blue-1": Reply("Blue came late.", first_token_s=0.5)}
    hurry = "quorum = 2\ngrace_s = 0\n"
    pipeline = f'\n[pipelines.hurry]\naggregator = "writer"\n{hurry}'
    layer = '\n[[pipelines.hurry.layers]]\nproposers = ["red", "green", "blue"]\n'
    gate = {"writer-1": Reply("The reply.", first_token_s=1.0)}
    async with on_stage(
        tmp_path, models=slow | gate, extra=pipeline + layer, default="hurry"
    ) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        shown = stage.slack.render(await reveal(stage, stage.ana, reply))
        assert ", without blue." in shown
        assert "blue: answered too late, after " in shown
        shown = await choose(stage, stage.ana, "blue")
        assert "Too late." in shown
        assert "Blue came late." in shown


async def test_an_unsynthesised_reply_names_its_author(tmp_path: Path) -> None:
    """When no aggregator answered, the modal says that the reply is one model's own."""
    models = {"writer-1": Reply(fault=Status(400)), "green-1": Reply("A better answer by far.")}
    async with on_stage(tmp_path, models=models) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        shown = stage.slack.render(await reveal(stage, stage.ana, reply))
        assert "# Not synthesised" in shown
        assert "so the reply is green (" in shown
        assert "written by" not in shown
        assert "writer: didn't answer: its server rejected the request" in shown


async def test_an_unfinished_reply_is_marked(tmp_path: Path) -> None:
    """The modal names the model that started the reply and says that it did not finish."""
    models = {"writer-1": Reply("One two three four.", fault=Cut(after=3))}
    async with on_stage(tmp_path, models=models) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        shown = stage.slack.render(await reveal(stage, stage.ana, reply))
        assert "# Unfinished reply" in shown
        assert "written by writer, which stopped" in shown


async def test_a_single_model_has_no_other_answers(tmp_path: Path) -> None:
    """With a single model, the modal says so and offers nothing to choose."""
    async with on_stage(tmp_path, default="single") as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        view = await reveal(stage, stage.ana, reply, "asks no other models")
        assert "# One model on its own" in stage.slack.render(view)
        assert options(view.blocks) == []


async def test_an_unknown_location_opens_the_overview(tmp_path: Path) -> None:
    """Forged values of menus and buttons open the overview and store nothing."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        view = await reveal(stage, stage.ana, reply)
        for block in view.blocks:
            for element in block.get("elements", ()):
                if element.get("action_id") == "reveal_go:next":
                    element["value"] = "9-Z"
        assert "# One reply from 3 answers" in await turn(stage, stage.ana, "reveal_go:next")
        view.content["private_metadata"] = json.dumps(["forged", "1-A", 10**30])
        assert strings.ANSWERS_GONE in await turn(stage, stage.ana, "reveal_go:next")


async def test_an_unfinished_run_can_be_refreshed(tmp_path: Path) -> None:
    """While models work, the modal says so. "Refresh" shows the answers once they exist."""
    gate = asyncio.Event()
    models = {"writer-1": [Reply("The first reply."), Reply("The second reply.", gate=gate)]}
    async with on_stage(tmp_path, models=models) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        ts = await stage.ask("And the next one?")
        await stage.slack.wait_for(lambda: len(stage.models.questions) == 8)
        [show] = [e for b in reply.blocks for e in b.get("elements", ()) if _shows_answers(e)]
        async with stage.bot.database.connect() as connection:
            show["value"] = await connection.scalar(select(runs.c.id).where(runs.c.ts == ts))
        shown = stage.slack.render(await reveal(stage, stage.ana, reply, "still working"))
        assert "3 answers so far." in shown
        assert "The answer of" not in shown
        assert "still working" in await turn(stage, stage.ana, "reveal_refresh")
        gate.set()
        await stage.replied(ts)
        assert "# One reply from 3 answers" in await turn(stage, stage.ana, "reveal_refresh")


async def test_the_modal_opens_while_the_bot_is_busy(tmp_path: Path) -> None:
    """While many replies stream, a click is still handled within Slack's 3 s."""
    talk = Reply("word " * 400, pace_s=0.001)
    async with on_stage(tmp_path, models=dict.fromkeys(MODELS, talk)) as stage:
        stage.slack.rate_limits.enabled = False
        reply = await stage.replied(await stage.ask("What is the risk?"))
        others = await asyncio.gather(*(stage.ask(f"And of plan {i}?") for i in range(20)))
        await stage.slack.wait_for(lambda: any(m.streaming for m in _said_in(stage, others)))
        await reveal(stage, stage.ana, reply)
        assert "Used for the reply" in await turn(stage, stage.ana, "reveal_go:next")
        assert not [c for c in stage.slack.calls() if c.method.startswith("views.") and not c.ok]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_another_worker_handles_an_open_modal(tmp_path: Path, database: str) -> None:
    """Clicks keep no state: an open modal works after a restart or in another process."""
    async with on_stage(tmp_path, mode="http", database=database) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        await reveal(stage, stage.ana, reply)
        async with open_bot(stage.settings, mode="http") as other:
            async with served(other) as port:
                first, stage.slack.request_url = (
                    stage.slack.request_url,
                    f"http://127.0.0.1:{port}/slack/events",
                )
                assert "The answer of red-1." in await turn(stage, stage.ana, "reveal_go:next")
                assert strings.ANSWERS_BEST_CHOSEN in await verdict(stage, stage.ana)
            stage.slack.request_url = first
        assert strings.ANSWERS_BEST_CHOSEN not in await turn(stage, stage.ana, "reveal_go:next")
        assert strings.ANSWERS_BEST_CHOSEN in await turn(stage, stage.ana, "reveal_go:previous")


def _said_in(stage: Stage, threads: Iterable[str]) -> list[SlackMessage]:
    return [m for ts in threads for m in stage.slack.messages(stage.general, ts)]


def _shows_answers(element: dict[str, Any]) -> bool:
    return element.get("action_id") == "show_answers"

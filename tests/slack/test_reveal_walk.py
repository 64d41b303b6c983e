"""Walking through the modal of a running bot: the overview, each answer, a verdict on it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.app import opened
from bot.serving import serve_http
from bot.slack import words
from bot.storage.tables import feedback, runs
from tests.models.replies import Cut, Reply, Request, Status
from tests.slack.revealing import choose, options, reveal, turn, verdict
from tests.stage import Mode, Stage, on_stage

COUNCIL = """
[pipelines.council]
aggregator = ["blue", "writer"]
strategy = "rank_then_synthesise"
disagreements = true
disagreements_by = "writer"

[[pipelines.council.layers]]
proposers = ["red", "green"]
"""

COMPARED = {
    "agreements": ["Money is short."],
    "differences": [
        {
            "topic": "Whether to wait",
            "views": [
                {"view": "Wait a month.", "answers": ["A"]},
                {"view": "Begin at once.", "answers": ["B"]},
            ],
        }
    ],
}


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_from_the_overview_to_each_answer_and_back(
    tmp_path: Path, mode: Mode, database: str
) -> None:
    """The modal opens with the overview; buttons and chooser lead to each answer and back."""
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
    """An answer longer than a modal holds is turned page by page, with nothing lost."""
    text = "\n\n".join(f"Paragraph {i}. " + "word " * 100 for i in range(80))
    async with on_stage(tmp_path, models={"red-1": Reply(text)}) as stage:
        await reveal(stage, stage.ana, await stage.replied(await stage.ask("Tell me everything.")))
        first = await choose(stage, stage.ana, "red")
        assert "Page 1 of 2" in first
        second = await turn(stage, stage.ana, "reveal_page:1")
        assert "Page 2 of 2" in second
        assert all(f"Paragraph {i}." in first + second for i in range(80))
        assert "Page 1 of 2" in await turn(stage, stage.ana, "reveal_page:0")


async def test_what_became_of_each_call_is_said_in_words(tmp_path: Path) -> None:
    """Truncated, failed and asked twice: each is told in the overview and beside the answer."""
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
        assert "green: did not answer: it takes no more requests for now" in shown
        assert "asked twice" in shown
        assert "Layer 1: 2 of 3 answered in time" in shown
        assert "Cut off at its length limit" in await choose(stage, stage.ana, "red")
        shown = await choose(stage, stage.ana, "green")
        assert "No answer." in shown
        assert words.REVEAL_EMPTY in shown
        assert words.REVEAL_BEST not in shown


async def test_an_answer_that_came_too_late_can_be_read(tmp_path: Path) -> None:
    """A layer that went on without a model says so, and its late answer is kept."""
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
        assert "blue: came too late, after " in shown
        shown = await choose(stage, stage.ana, "blue")
        assert "Too late." in shown
        assert "Blue came late." in shown


async def test_a_reply_that_is_not_synthesised_says_whose_it_is(tmp_path: Path) -> None:
    """When no aggregator answered, the modal says that the reply is one model's own."""
    models = {"writer-1": Reply(fault=Status(400)), "green-1": Reply("A better answer by far.")}
    async with on_stage(tmp_path, models=models) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        shown = stage.slack.render(await reveal(stage, stage.ana, reply))
        assert "# Not synthesised" in shown
        assert "so the reply is what green (" in shown
        assert "written by" not in shown
        assert "writer: did not answer: its server did not accept the request" in shown


async def test_a_reply_that_broke_off_says_so(tmp_path: Path) -> None:
    """The model that began the reply is named, and that it did not end it."""
    models = {"writer-1": Reply("One two three four.", fault=Cut(after=3))}
    async with on_stage(tmp_path, models=models) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        shown = stage.slack.render(await reveal(stage, stage.ana, reply))
        assert "# A reply that broke off" in shown
        assert "written by writer, which broke off" in shown


async def test_a_single_model_has_no_other_answers(tmp_path: Path) -> None:
    """Where the pipeline asks one model alone, the modal says so, and offers nothing to choose."""
    async with on_stage(tmp_path, default="single") as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        view = await reveal(stage, stage.ana, reply, "asks nobody else")
        assert "# One model alone" in stage.slack.render(view)
        assert options(view.blocks) == []


async def test_one_answer_is_found_best_and_the_verdict_taken_back(
    tmp_path: Path, database: str
) -> None:
    """A verdict is one person's; choosing another answer moves it, a second click takes it back."""
    async with on_stage(tmp_path, database=database) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        for person in (stage.ana, stage.ben):
            await reveal(stage, person, reply)
        await choose(stage, stage.ana, "red")
        assert f"[{words.REVEAL_BEST_CHOSEN}]" in await verdict(stage, stage.ana)
        await choose(stage, stage.ben, "red")
        await verdict(stage, stage.ben)
        await choose(stage, stage.ana, "green")
        assert f"[{words.REVEAL_BEST_CHOSEN}]" in await verdict(stage, stage.ana)
        assert await _verdicts(stage) == {(stage.ana.id, "1-2"), (stage.ben.id, "1-1")}
        assert "You found *green (" in await choose(stage, stage.ana, "Overview")
        shown = await choose(stage, stage.ben, "red")
        assert "You found this answer the best." in shown
        assert f"[{words.REVEAL_BEST}]" in await verdict(stage, stage.ben)
        assert await _verdicts(stage) == {(stage.ana.id, "1-2")}


async def test_a_verdict_that_slack_sends_twice_counts_once(tmp_path: Path) -> None:
    """A click says what its button said: two quick ones do not cancel each other out."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        view = await reveal(stage, stage.ana, reply)
        await choose(stage, stage.ana, "red")
        await asyncio.gather(*(stage.slack.click(stage.ana, view, "reveal_best") for _ in range(2)))
        await stage.opened_view(stage.ana, words.REVEAL_BEST_CHOSEN)
        await stage.slack.settled()
        assert await _verdicts(stage) == {(stage.ana.id, "1-1")}


async def test_a_verdict_of_somebody_who_left_is_not_taken(tmp_path: Path) -> None:
    """Each click in an open modal is authorised anew, and nothing is stored before that."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        await reveal(stage, stage.ben, reply)
        await choose(stage, stage.ben, "red")
        await stage.slack.leave(stage.ben, stage.general)
        shown = await verdict(stage, stage.ben)
        assert words.REVEAL_FORBIDDEN["members"] in shown
        assert "The answer of" not in shown
        assert await _verdicts(stage) == set()


async def test_a_place_that_is_not_there_leads_to_the_overview(tmp_path: Path) -> None:
    """Forged values of menus and buttons open nothing else, and are stored nowhere."""
    async with on_stage(tmp_path) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        view = await reveal(stage, stage.ana, reply)
        for block in view.blocks:
            for element in block.get("elements", ()):
                if element.get("action_id") == "reveal_go:next":
                    element["value"] = "9-Z"
        assert "# One reply from 3 answers" in await turn(stage, stage.ana, "reveal_go:next")
        view.content["private_metadata"] = json.dumps(["forged", "1-A", 10**30])
        assert words.REVEAL_GONE in await turn(stage, stage.ana, "reveal_go:next")


async def test_a_run_under_way_can_be_looked_at_again(tmp_path: Path) -> None:
    """While models work the modal says so; "Look again" opens the answers once they are there."""
    gate = asyncio.Event()
    models = {"writer-1": [Reply("The first reply."), Reply("The second reply.", gate=gate)]}
    async with on_stage(tmp_path, models=models) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        ts = await stage.ask("And the next one?")
        await stage.slack.wait_for(lambda: len(stage.models.questions) == 8)
        [show] = [e for b in reply.blocks for e in b.get("elements", ()) if _shows_answers(e)]
        async with stage.bot.database.connect() as connection:
            show["value"] = await connection.scalar(select(runs.c.id).where(runs.c.ts == ts))
        shown = stage.slack.render(await reveal(stage, stage.ana, reply, "still at work"))
        assert "3 answers have come so far." in shown
        assert "The answer of" not in shown
        assert "still at work" in await turn(stage, stage.ana, "reveal_refresh")
        gate.set()
        await stage.replied(ts)
        assert "# One reply from 3 answers" in await turn(stage, stage.ana, "reveal_refresh")


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_another_worker_turns_the_pages_too(tmp_path: Path, database: str) -> None:
    """Nothing is kept in the process: after a restart, or elsewhere, an open modal goes on."""
    async with on_stage(tmp_path, mode="http", database=database) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        await reveal(stage, stage.ana, reply)
        async with opened(stage.settings, mode="http") as other:
            async with serve_http(other, "127.0.0.1", 0) as port:
                first, stage.slack.request_url = (
                    stage.slack.request_url,
                    f"http://127.0.0.1:{port}/slack/events",
                )
                assert "The answer of red-1." in await turn(stage, stage.ana, "reveal_go:next")
                assert words.REVEAL_BEST_CHOSEN in await verdict(stage, stage.ana)
            stage.slack.request_url = first
        assert words.REVEAL_BEST_CHOSEN not in await turn(stage, stage.ana, "reveal_go:next")
        assert words.REVEAL_BEST_CHOSEN in await turn(stage, stage.ana, "reveal_go:previous")


async def test_rankings_and_differences_are_told(tmp_path: Path, database: str) -> None:
    """A council shows who ranked what, and where the answers agree and differ, and who holds it."""
    async with on_stage(
        tmp_path, models=_council(), extra=COUNCIL, default="council", database=database
    ) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        shown = stage.slack.render(await reveal(stage, stage.ana, reply))
        assert "Layer 2: 2 of 2 rankings of the answers" in shown
        assert shown.count("ranked B > A in") == 2
        assert "All rankings together: " in shown
        assert "Whether to wait" in shown
        assert "(A): Wait a month." in shown
        assert "(B): Begin at once." in shown
        assert "Money is short." in shown
        assert "blue: did not answer: its key is missing or was refused" in shown
        assert "writer: wrote it in" in shown
        shown = await choose(stage, stage.ana, "ranking")
        assert "A ranking, not an answer." in shown
        assert words.REVEAL_BEST not in shown


async def test_an_anonymous_channel_is_shown_no_name_anywhere(tmp_path: Path) -> None:
    """No part of any page of the modal tells which model is which, not even where nobody looks."""
    extra = COUNCIL + '\n[slack]\nnames = "anonymous"\ncost = "hidden"\n'
    async with on_stage(tmp_path, models=_council(), extra=extra, default="council") as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        view = await reveal(stage, stage.ana, reply)
        pages = [json.dumps(view.content)]
        shown = stage.slack.render(view)
        assert "Model A: Wait a month." in shown
        assert "written by aggregator 2" in shown
        assert "$" not in shown
        for _ in options(view.blocks)[1:]:
            await turn(stage, stage.ana, "reveal_go:next")
            pages.append(json.dumps(view.content))
        assert len(pages) == 5
        named = re.compile(r"\b(red|green|blue|writer)\b")
        assert not [page for page in pages if named.search(page)]


def _shows_answers(element: dict[str, Any]) -> bool:
    return element.get("action_id") == "show_answers"


def _council() -> dict[str, Reply]:
    """Models that answer, rank and compare without naming themselves."""
    said = Reply(text=_said)
    return {"red-1": said, "green-1": said, "writer-1": said, "blue-1": Reply(fault=Status(401))}


def _said(request: Request) -> str:
    text = str(request.body)
    if '"agreements' in text or "agreements" in request.system:
        return json.dumps(COMPARED)
    return "Both hold.\n\nRANKING: B > A" if "You judge several" in text else "An answer."


async def _verdicts(stage: Stage) -> set[tuple[str, str]]:
    query = select(feedback.c.user, feedback.c.target).where(feedback.c.verdict == "best")
    async with stage.bot.database.connect() as connection:
        return {(row.user, row.target) for row in await connection.execute(query)}

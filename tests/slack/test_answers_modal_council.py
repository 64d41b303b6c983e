"""A council in the modal: rankings, agreements and differences, with and without names."""

from __future__ import annotations

import json
import re
from pathlib import Path

from bot.slack.ui.strings.answers_modal import ANSWERS_BEST
from tests.models.replies import Reply, Request, Status
from tests.slack.modal_walk import choose, options, reveal, turn
from tests.stage import on_stage

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


async def test_rankings_and_differences_are_shown(tmp_path: Path, database: str) -> None:
    """A council shows the rankings, and where answers agree and differ, with their authors."""
    async with on_stage(
        tmp_path, models=_council(), extra=COUNCIL, default="council", database=database
    ) as stage:
        reply = await stage.replied(await stage.ask("What is the risk?"))
        shown = stage.slack.render(await reveal(stage, stage.ana, reply))
        assert "Layer 2: 2 of 2 rankings of the answers" in shown
        assert shown.count("ranked B > A in") == 2
        assert "All rankings combined: " in shown
        assert "Whether to wait" in shown
        assert "(A): Wait a month." in shown
        assert "(B): Begin at once." in shown
        assert "Money is short." in shown
        assert "blue: didn't answer: its API key is missing or was rejected" in shown
        assert "writer: wrote it in" in shown
        shown = await choose(stage, stage.ana, "ranking")
        assert "A ranking, not an answer." in shown
        assert ANSWERS_BEST not in shown


async def test_an_anonymous_channel_shows_no_names_anywhere(tmp_path: Path) -> None:
    """No page of the modal reveals which model is which, not even in hidden fields."""
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


def _council() -> dict[str, Reply]:
    """Return models that answer, rank and compare without naming themselves."""
    said = Reply(text=_said)
    return {"red-1": said, "green-1": said, "writer-1": said, "blue-1": Reply(fault=Status(401))}


def _said(request: Request) -> str:
    text = str(request.body)
    if '"agreements' in text or "agreements" in request.system:
        return json.dumps(COMPARED)
    return "Both hold.\n\nRANKING: B > A" if "You judge several" in text else "An answer."

"""Ranks in a brainstorm's result."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.brainstorm.session import BrainstormSession, StoredIdea
from bot.brainstorm.tally import tally
from bot.slack.brainstorm.text import Readable
from bot.slack.brainstorm.thread_posts import result_lines
from moa.brainstorm import Grouping, IdeaGroup, Theme

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SESSION = BrainstormSession(
    "b", "T1", "C1", "U1", "Lunch", "four", minutes=10, dots=3, phase="result", step=4, seed=1,
    created_at=NOW,
)  # fmt: skip


def lines(*ballots: dict[str, int]) -> list[str]:
    words = {"1": "Soup", "2": "Rice", "3": "Bread", "4": "Cake"}
    ideas = {key: StoredIdea(key, "U1", text) for key, text in words.items()}
    grouping = Grouping((Theme("All", tuple(IdeaGroup((key,)) for key in words)),), "words")
    return result_lines(SESSION, tally(grouping, ballots), Readable(ideas))[2:]


def test_tied_ranks_are_marked_and_ideas_without_dots_have_no_rank() -> None:
    """Two ideas with the same dots share a rank, and the text says so."""
    assert lines({"2": 2, "1": 1}, {"3": 1}) == [
        "1. Rice (2 dots)",
        "=2. Soup (1 dot, tied)",
        "=2. Bread (1 dot, tied)",
        "Cake (no dots)",
    ]


def test_without_dots_no_idea_has_a_rank() -> None:
    """If nobody voted, no idea is ahead of another."""
    assert lines() == [f"{words} (no dots)" for words in ("Soup", "Rice", "Bread", "Cake")]

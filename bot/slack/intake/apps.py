"""The apps and workflows that may ask questions, and the cap that keeps two bots from looping."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.ports import Question, RunStore

WORKFLOWS = "workflows"
"""In `answer_bots`: everything that Workflow Builder posts."""

MAX_PER_THREAD = 3
"""Questions from apps that we answer in one thread."""

MAX_PER_HOUR = 10
"""Questions from apps that we answer in one channel per clock hour."""

HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class AnsweredBots:
    """The apps in `answer_bots`, by bot id or as "workflows"."""

    names: frozenset[str] = frozenset()

    def includes_author(self, event: Mapping[str, Any]) -> bool:
        """Return whether the app that posted a message may ask us."""
        return event.get("bot_id") in self.names or (WORKFLOWS in self.names and is_workflow(event))


def is_workflow(event: Mapping[str, Any]) -> bool:
    """Return whether Workflow Builder posted a message (caipe-io/ai-platform-engineering 1624)."""
    profile = event.get("bot_profile")
    flagged = isinstance(profile, Mapping) and profile.get("is_workflow_bot") is True
    return flagged or bool(event.get("workflow_id"))


async def free_keys(runs: RunStore, question: Question) -> Sequence[str] | None:
    """Return additional keys under which to store an app's question, or None at the cap.

    Each thread has `MAX_PER_THREAD` keys, and each hour of a channel `MAX_PER_HOUR`. A key can be
    stored only once, so the cap holds across processes and for simultaneous questions.
    """
    prefix = f"bots:{question.team}:{question.channel}"
    thread = [f"{prefix}:{question.thread_ts}:{n}" for n in range(MAX_PER_THREAD)]
    hour = int(time.time() // HOUR_S)
    hourly = [f"{prefix}:hour-{hour}:{n}" for n in range(MAX_PER_HOUR)]
    free = [await _first_free(runs, slots) for slots in (thread, hourly)]
    slots = [slot for slot in free if slot]
    return slots if len(slots) == len(free) else None


async def _first_free(runs: RunStore, slots: Sequence[str]) -> str | None:
    for slot in slots:
        if not await runs.is_claimed(slot):
            return slot
    return None

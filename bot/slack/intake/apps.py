"""Apps and workflows that may ask, and the cap that makes it impossible for two bots to loop."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.ports import Question, RunStore

WORKFLOWS = "workflows"
"""In `answer_bots`: everything that Workflow Builder posts."""

IN_A_THREAD = 3
"""Questions of apps that one thread gets answered, whatever happens there."""

IN_AN_HOUR = 10
"""Questions of apps that one channel gets answered in an hour of the clock."""

HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class AnsweredBots:
    """The apps that may ask us, as `answer_bots` names them: ids of bots, or "workflows"."""

    names: frozenset[str] = frozenset()

    def include(self, event: Mapping[str, Any]) -> bool:
        """Whether the app that wrote a message is one of them."""
        return event.get("bot_id") in self.names or (WORKFLOWS in self.names and is_workflow(event))


def is_workflow(event: Mapping[str, Any]) -> bool:
    """Whether Workflow Builder posted a message (caipe-io/ai-platform-engineering 1624)."""
    profile = event.get("bot_profile")
    marked = isinstance(profile, Mapping) and profile.get("is_workflow_bot") is True
    return marked or bool(event.get("workflow_id"))


async def free_slots(runs: RunStore, question: Question) -> Sequence[str] | None:
    """Keys under which an app's question is claimed as well; None where the cap is reached.

    There are so many for a thread and for an hour of a channel. A key is claimed once, so that the
    cap holds for all processes together, and however fast the questions come.
    """
    place = f"{question.team}:{question.channel}"
    thread = [f"bots:{place}:{question.thread_ts}:{n}" for n in range(IN_A_THREAD)]
    hour = int(time.time() // HOUR_S)
    hourly = [f"bots:{place}:hour-{hour}:{n}" for n in range(IN_AN_HOUR)]
    found = [await _first_free(runs, slots) for slots in (thread, hourly)]
    slots = [slot for slot in found if slot]
    return slots if len(slots) == len(found) else None


async def _first_free(runs: RunStore, slots: Sequence[str]) -> str | None:
    for slot in slots:
        if not await runs.is_claimed(slot):
            return slot
    return None

"""Kill bot processes at random moments while questions come in."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from tests.faults.scene import Asked, Scene, named

LONGEST_S = 5.0
"""A question takes about two seconds, so a kill hits it at any moment, or not at all."""

MAX_AT_ONCE = 6
PATIENCE_S = 300

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tally:
    """The result.

    Attributes:
        questions: questions asked; each was answered exactly once.
        kills: processes killed.
        again: model calls that were interrupted by a kill and repeated.
        twice: calls repeated because a kill came before their answer was stored.
        seconds: total duration.
    """

    questions: int
    kills: int
    again: int
    twice: int
    seconds: float


async def kill_at_random(
    scenario: Scene, *, questions: int, processes: int, seed: int, say: Say = lambda _: None
) -> Tally:
    """Ask and kill until enough questions are asked, wait for all answers, and check everything.

    Args:
        scenario: the workspace and models.
        questions: the least number of questions.
        processes: how many run at a time; each is killed in every round.
        seed: chooses the moments. Timing differs, so it does not reproduce a run exactly.
        say: receives progress messages.
    """
    began = time.monotonic()
    moments = random.Random(seed)  # noqa: S311 - not a secret
    scenario.slack.rate_limits.enabled = False
    scenario.configure('[limits]\nquestions_per_person_hour = "unlimited"')
    asked: list[Asked] = []
    kills = 0
    while len(asked) < questions:
        asked += await _round(scenario, moments, processes)
        kills += processes
        say(f"{len(asked)} questions, {kills} kills")
    async with scenario.ready():
        scenario.slack.clock.advance(61)
        await scenario.answered(*asked, patience_s=PATIENCE_S)
    again, twice = _repeated(scenario)
    return Tally(len(asked), kills, again, twice, time.monotonic() - began)


async def _round(scenario: Scene, moments: random.Random, processes: int) -> list[Asked]:
    """Start processes, ask some questions, and kill one process after the other.

    In every second round, dead processes are detected as late as in production.
    """
    hasty = moments.random() < 0.5
    async with AsyncExitStack() as stack:
        starting = [
            stack.enter_async_context(scenario.ready(hasty=hasty)) for _ in range(processes)
        ]
        launcher = await asyncio.gather(*starting)
        scenario.slack.clock.advance(61)  # Slack resends unacknowledged events
        asked: list[Asked] = []
        for _ in range(moments.randint(1, MAX_AT_ONCE)):
            asked.append(await scenario.ask())
            await asyncio.sleep(moments.uniform(0, 0.2))
        for bot in launcher:
            await asyncio.sleep(moments.uniform(0, LONGEST_S / processes))
            await bot.kill()
    return asked


def _repeated(scenario: Scene) -> tuple[int, int]:
    """Return how many calls were repeated after an interruption, and how many after their end."""
    calls: Counter[tuple[str, str]] = Counter()
    whole: Counter[tuple[str, str]] = Counter()
    for request in scenario.services.models.questions:
        key = (named(request), request.model)
        calls[key] += 1
        whole[key] += not request.closed_early
    twice = sum(times - 1 for times in whole.values() if times > 1)
    return sum(times - 1 for times in calls.values()) - twice, twice

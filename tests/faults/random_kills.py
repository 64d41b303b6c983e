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
"""A question takes some two seconds: so it is struck in any of its moments, or in none."""

MAX_AT_ONCE = 6
PATIENCE_S = 300

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tally:
    """The result.

    Attributes:
        questions: questions asked; each was answered exactly once.
        kills: processes killed.
        again: model calls that a kill interrupted and that were repeated.
        twice: calls repeated because a kill came between their end and the storing of their answer.
        seconds: total duration.
    """

    questions: int
    kills: int
    again: int
    twice: int
    seconds: float


async def kill_at_random(
    there: Scene, *, questions: int, processes: int, seed: int, say: Say = lambda _: None
) -> Tally:
    """Ask and kill until enough questions are asked, wait for all answers, and check everything.

    Args:
        there: the workspace and models.
        questions: the least number of questions.
        processes: how many run at a time; each is killed in every round.
        seed: chooses the moments. Timing differs, so it does not reproduce a run exactly.
        say: receives progress messages.
    """
    began = time.monotonic()
    moments = random.Random(seed)  # noqa: S311 - nobody is to be kept from guessing them
    there.slack.rate_limits.enabled = False
    there.configure('[limits]\nquestions_per_person_hour = "unlimited"')
    asked: list[Asked] = []
    kills = 0
    while len(asked) < questions:
        asked += await _round(there, moments, processes)
        kills += processes
        say(f"{len(asked)} questions, {kills} kills")
    async with there.ready():
        there.slack.clock.advance(61)
        await there.answered(*asked, patience_s=PATIENCE_S)
    again, twice = _repeated(there)
    return Tally(len(asked), kills, again, twice, time.monotonic() - began)


async def _round(there: Scene, moments: random.Random, processes: int) -> list[Asked]:
    """Start processes, ask some questions, and kill one process after the other.

    Every second round dead processes are noticed as late as in production.
    """
    hasty = moments.random() < 0.5
    async with AsyncExitStack() as stack:
        starting = [stack.enter_async_context(there.ready(hasty=hasty)) for _ in range(processes)]
        lives = await asyncio.gather(*starting)
        there.slack.clock.advance(61)  # Slack sends again what was never acknowledged
        asked: list[Asked] = []
        for _ in range(moments.randint(1, MAX_AT_ONCE)):
            asked.append(await there.ask())
            await asyncio.sleep(moments.uniform(0, 0.2))
        for life in lives:
            await asyncio.sleep(moments.uniform(0, LONGEST_S / processes))
            await life.kill()
    return asked


def _repeated(there: Scene) -> tuple[int, int]:
    """Return how many calls were repeated after an interruption, and how many after their end."""
    calls: Counter[tuple[str, str]] = Counter()
    whole: Counter[tuple[str, str]] = Counter()
    for request in there.there.models.questions:
        key = (named(request), request.model)
        calls[key] += 1
        whole[key] += not request.closed_early
    twice = sum(times - 1 for times in whole.values() if times > 1)
    return sum(times - 1 for times in calls.values()) - twice, twice

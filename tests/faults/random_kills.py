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

MOST_AT_ONCE = 6
PATIENCE_S = 300

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of it.

    Attributes:
        questions: how many were asked; each was answered exactly once.
        kills: how many processes were killed.
        again: calls of models that a kill cut off, and that were made again.
        twice: calls that had ended when a kill came before their answer was stored.
        seconds: how long all of it took.
    """

    questions: int
    kills: int
    again: int
    twice: int
    seconds: float


async def kill_at_random(
    there: Scene, *, questions: int, processes: int, seed: int, say: Say = lambda _: None
) -> Tally:
    """Ask, and kill, until so many questions are asked; then let all be answered, and check all.

    Args:
        there: what the processes talk to.
        questions: how many are asked at least.
        processes: how many run together; each of them is killed in every round.
        seed: of the moments. What runs in between takes its own time, so a seed names them only.
        say: is told how it goes.
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
    """Start processes, ask them some questions, and kill one after the other.

    Every second round dead processes are noticed as late as in production.
    """
    hasty = moments.random() < 0.5
    async with AsyncExitStack() as stack:
        starting = [stack.enter_async_context(there.ready(hasty=hasty)) for _ in range(processes)]
        lives = await asyncio.gather(*starting)
        there.slack.clock.advance(61)  # Slack sends again what was never acknowledged
        asked: list[Asked] = []
        for _ in range(moments.randint(1, MOST_AT_ONCE)):
            asked.append(await there.ask())
            await asyncio.sleep(moments.uniform(0, 0.2))
        for life in lives:
            await asyncio.sleep(moments.uniform(0, LONGEST_S / processes))
            await life.kill()
    return asked


def _repeated(there: Scene) -> tuple[int, int]:
    """How many calls were made again after they were cut off, and after they had ended."""
    calls: Counter[tuple[str, str]] = Counter()
    whole: Counter[tuple[str, str]] = Counter()
    for request in there.there.models.questions:
        key = (named(request), request.model)
        calls[key] += 1
        whole[key] += not request.closed_early
    twice = sum(times - 1 for times in whole.values() if times > 1)
    return sum(times - 1 for times in calls.values()) - twice, twice

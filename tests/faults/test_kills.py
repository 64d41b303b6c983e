"""A process is killed at every named point of a question's life; the next one goes on from there."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from pathlib import Path

from tests.faults.lives import Lives
from tests.faults.points import EDITED, POINTS, RESUMED, WAITING
from tests.faults.scene import Scene, scene


async def killed_at_each(scene: Scene, points: Iterable[str], *options: str) -> None:
    """Kill one process after the other, each at a point of its own; then let the last one end.

    In each life two questions are asked: one is at the point, the other wherever it happens to be.
    """
    open_ones, paid = [], []
    for name in [*points, None]:
        async with scene.ready(*options, point=name) as life:
            scene.slack.clock.advance(61)  # Slack sends again what was never acknowledged
            await scene.answered(*open_ones)
            for asked, before in paid:
                scene.check_paid(asked, before)
            if name is None:
                return
            life.arm()
            open_ones = [await scene.ask(), await scene.ask()]
            assert await life.ended() is None, f"{name}: it was not killed but ended"
            paid = [(asked, scene.paid(asked)) for asked in open_ones]
            print(name, paid, life.said[-300:])


async def test_killed_at_any_point_of_a_question(
    tmp_path: Path, lives: Lives, database: str
) -> None:
    """Each question is answered exactly once, nothing is left open, no stored answer is bought."""
    async with scene(tmp_path, lives, database) as there:
        await killed_at_each(there, POINTS)

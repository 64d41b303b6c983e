"""The ordinary people whom models speak as when they draw ideas."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moa.ports import Model
from moa.types import Call


def builtin_personas(count: int, seed: int) -> tuple[str, ...]:
    """Return this many ordinary people, each once as long as the list lasts, in a seeded order."""
    raise NotImplementedError


async def draw_personas(
    topic: str,
    models: Sequence[Model],
    *,
    count: int,
    seed: int,
    material: str = "",
    deadline_s: float = 60.0,
    on_call: Callable[[Call], object] | None = None,
) -> tuple[str, ...]:
    """Ask a model for ordinary people who have to do with the topic; fill up with built-in ones.

    A failed or useless call only means built-in personas. `on_call` gets every call, also if this
    is cancelled.
    """
    raise NotImplementedError

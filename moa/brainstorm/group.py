"""Groups ideas by theme and joins duplicates: a model proposes, and code checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from moa.brainstorm.values import Grouping, Idea
from moa.ports import Model
from moa.types import Call


async def group_ideas(
    topic: str,
    ideas: Sequence[Idea],
    *,
    models: Sequence[Model] = (),
    seed: int | None = None,
    deadline_s: float = 120.0,
    on_call: Callable[[Call], object] | None = None,
) -> Grouping:
    """Group ideas by theme. Never fails: what the models get wrong is repaired by common words.

    Args:
        topic: untrusted text.
        ideas: any number, in any length; their ids must be unique.
        models: tried in this order until one gives a usable grouping; none for common words only.
        seed: decides boundaries; None for a random one.
        deadline_s: seconds for everything.
        on_call: gets every call for the call log, also if this is cancelled.

    Raises:
        ValueError: two ideas have the same id.
    """
    raise NotImplementedError

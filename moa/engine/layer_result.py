"""What stands for the next layer to read: answers, and what was said about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from moa.pipeline import prompts
from moa.pipeline.strategies import Task
from moa.types import Answer


@dataclass(frozen=True, slots=True)
class Carryover:
    """Labelled answers and rankings of them."""

    answers: tuple[Answer, ...] = ()
    rankings: tuple[Answer, ...] = ()

    def window(self, task: Task) -> tuple[Answer, ...]:
        """The answers that a layer with this task is shown."""
        return self.answers[: task.window or None]


@dataclass(frozen=True, slots=True)
class LayerResult:
    """A layer that has closed.

    Attributes:
        standing: for the next layer.
        changed: its texts with their labels.
        notes: what is to be said about it to the reader.
    """

    standing: Carryover
    changed: tuple[Answer, ...] = ()
    notes: tuple[str, ...] = ()


def closed(
    before: Carryover, came: Sequence[Answer], task: Task, *, seed: int, layer: int
) -> LayerResult:
    """What stands when a layer has closed; where nothing came, what stood before.

    Args:
        before: what its models were shown.
        came: its texts that came whole and in time, in the order of its seats.
        task: what its models were to do.
        seed: of the run.
        layer: its number, counted from 1.
    """
    if not came:
        return LayerResult(before, notes=_nothing_came(before, task, layer))
    if task.brings == "answers":
        read = prompts.labelled(came, seed=seed, layer=layer)
        return LayerResult(Carryover(read), read)
    head = prompts.RANKING if task.brings == "rankings" else prompts.COMBINATION
    texts = prompts.labelled(came, seed=seed, layer=layer, head=head)
    if task.brings == "rankings":
        return LayerResult(replace(before, rankings=texts), texts)
    left = (*texts, *before.answers[task.window :])
    return LayerResult(Carryover(left), texts)


def _nothing_came(before: Carryover, task: Task, layer: int) -> tuple[str, ...]:
    if not before.answers:
        return ()
    if task.brings == "rankings":
        return ("No model ranked the answers; the reply was written without rankings.",)
    return (f"Layer {layer} brought no answer; the answers before it were used.",)

"""What stands for the next layer to read: answers, and what was said about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from moa import outliers
from moa.pipeline import prompts
from moa.pipeline.plan import Outliers
from moa.pipeline.strategies import Task
from moa.types import Answer


@dataclass(frozen=True, slots=True)
class Carryover:
    """Labelled answers and rankings of them; `far` are labels of answers far from the others."""

    answers: tuple[Answer, ...] = ()
    rankings: tuple[Answer, ...] = ()
    far: frozenset[str] = field(default=frozenset())

    def window(self, task: Task) -> tuple[Answer, ...]:
        """The answers that a layer with this task is shown."""
        return self.answers[: task.window or None]


@dataclass(frozen=True, slots=True)
class LayerResult:
    """A layer that has closed.

    Attributes:
        standing: for the next layer.
        changed: its texts with their labels, and those that were left out with that status.
        notes: what is to be said about it to the reader.
    """

    standing: Carryover
    changed: tuple[Answer, ...] = ()
    notes: tuple[str, ...] = ()


def closed(
    before: Carryover, came: Sequence[Answer], task: Task, *, rule: Outliers, seed: int, layer: int
) -> LayerResult:
    """What stands when a layer has closed; where nothing came, what stood before.

    Args:
        before: what its models were shown.
        came: its texts that came whole and in time, in the order of its seats.
        task: what its models were to do.
        rule: what is done with answers that are far from the others.
        seed: of the run.
        layer: its number, counted from 1.
    """
    if not came:
        return LayerResult(before, notes=_nothing_came(before, task, layer))
    if task.brings == "answers":
        return _answered(came, rule, seed, layer)
    head = prompts.RANKING if task.brings == "rankings" else prompts.COMBINATION
    texts = prompts.labelled(came, seed=seed, layer=layer, head=head)
    if task.brings == "rankings":
        return LayerResult(replace(before, rankings=texts), texts)
    left = (*texts, *before.answers[task.window :])
    far = before.far & {answer.label for answer in left}
    return LayerResult(Carryover(left, far=far), texts)


def _answered(came: Sequence[Answer], rule: Outliers, seed: int, layer: int) -> LayerResult:
    positions = () if rule == "keep" else outliers.far([answer.text for answer in came])
    apart = [came[i] for i in sorted(positions)]
    notes = tuple(
        f"{answer.model}'s answer in layer {layer} was far from the others and was "
        + ("left out." if rule == "drop" else "marked as such.")
        for answer in apart
    )
    kept = [a for a in came if a not in apart] if rule == "drop" else came
    read = prompts.labelled(kept, seed=seed, layer=layer)
    if rule == "drop":
        left_out = (replace(answer, status="outlier", label="") for answer in apart)
        return LayerResult(Carryover(read), (*read, *left_out), notes)
    places = {answer.position for answer in apart}
    far = frozenset(answer.label for answer in read if answer.position in places)
    return LayerResult(Carryover(read, far=far), read, notes)


def _nothing_came(before: Carryover, task: Task, layer: int) -> tuple[str, ...]:
    if not before.answers:
        return ()
    if task.brings == "rankings":
        return ("No model ranked the answers; the reply was written without rankings.",)
    return (f"Layer {layer} brought no answer; the answers before it were used.",)

"""The answers passed to the next layer, with their rankings."""

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
        """Return the answers to show to a layer with this task."""
        return self.answers[: task.window or None]


@dataclass(frozen=True, slots=True)
class LayerResult:
    """A closed layer.

    Attributes:
        carryover: for the next layer.
        answers: the layer's answers with their labels.
        notes: sentences for the reader.
    """

    carryover: Carryover
    answers: tuple[Answer, ...] = ()
    notes: tuple[str, ...] = ()


def close_layer(
    previous: Carryover,
    answers: Sequence[Answer],
    task: Task,
    *,
    seed: int,
    layer: int,
) -> LayerResult:
    """Return the carryover after a layer; without answers it is the previous one.

    Args:
        previous: what the layer's models were shown.
        answers: the layer's complete answers that arrived in time, in the order of its seats.
        task: the layer's task.
        seed: the run's seed.
        layer: the layer's number, from 1.
    """
    if not answers:
        return LayerResult(previous, notes=_no_answers_note(previous, task, layer))
    if task.output == "answers":
        labelled = prompts.assign_labels(answers, seed=seed, layer=layer)
        return LayerResult(Carryover(labelled), labelled)
    is_ranking = task.output == "rankings"
    prefix = prompts.RANKING_PREFIX if is_ranking else prompts.COMBINATION_PREFIX
    labelled = prompts.assign_labels(answers, seed=seed, layer=layer, prefix=prefix)
    if is_ranking:
        return LayerResult(replace(previous, rankings=labelled), labelled)
    remaining = (*labelled, *previous.answers[task.window :])
    return LayerResult(Carryover(remaining), labelled)


def _no_answers_note(previous: Carryover, task: Task, layer: int) -> tuple[str, ...]:
    if not previous.answers:
        return ()
    if task.output == "rankings":
        return ("No model ranked the answers; the reply was written without rankings.",)
    return (f"Layer {layer} returned no answer; the previous answers were used.",)

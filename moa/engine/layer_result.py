"""The answers passed to the next layer, with their rankings."""

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
    """Labelled answers, rankings of them, and the labels of answers marked as outliers."""

    answers: tuple[Answer, ...] = ()
    rankings: tuple[Answer, ...] = ()
    outlier_labels: frozenset[str] = field(default=frozenset())

    def window(self, task: Task) -> tuple[Answer, ...]:
        """Return the answers to show to a layer with this task."""
        return self.answers[: task.window or None]


@dataclass(frozen=True, slots=True)
class LayerResult:
    """A closed layer.

    Attributes:
        carryover: for the next layer.
        answers: the layer's answers with their labels, including dropped outliers.
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
    outlier_rule: Outliers,
    seed: int,
    layer: int,
) -> LayerResult:
    """Return the carryover after a layer; without answers it is the previous one.

    Args:
        previous: what the layer's models were shown.
        answers: the layer's complete answers that arrived in time, in the order of its seats.
        task: the layer's task.
        outlier_rule: what to do with answers far from the others.
        seed: the run's seed.
        layer: the layer's number, from 1.
    """
    if not answers:
        return LayerResult(previous, notes=_no_answers_note(previous, task, layer))
    if task.output == "answers":
        return _carry_answers(answers, outlier_rule, seed, layer)
    is_ranking = task.output == "rankings"
    prefix = prompts.RANKING_PREFIX if is_ranking else prompts.COMBINATION_PREFIX
    labelled = prompts.assign_labels(answers, seed=seed, layer=layer, prefix=prefix)
    if is_ranking:
        return LayerResult(replace(previous, rankings=labelled), labelled)
    remaining = (*labelled, *previous.answers[task.window :])
    outlier_labels = previous.outlier_labels & {answer.label for answer in remaining}
    return LayerResult(Carryover(remaining, outlier_labels=outlier_labels), labelled)


def _carry_answers(
    answers: Sequence[Answer], outlier_rule: Outliers, seed: int, layer: int
) -> LayerResult:
    drop = outlier_rule == "drop"
    indexes = () if outlier_rule == "keep" else outliers.far([a.text for a in answers])
    apart = [answers[i] for i in sorted(indexes)]
    notes = tuple(
        f"{answer.model}'s answer in layer {layer} was far from the others and was "
        + ("left out." if drop else "marked as such.")
        for answer in apart
    )
    kept = [a for a in answers if a not in apart] if drop else answers
    labelled = prompts.assign_labels(kept, seed=seed, layer=layer)
    if drop:
        dropped = (replace(answer, status="outlier", label="") for answer in apart)
        return LayerResult(Carryover(labelled), (*labelled, *dropped), notes)
    positions = {answer.position for answer in apart}
    outlier_labels = frozenset(a.label for a in labelled if a.position in positions)
    return LayerResult(Carryover(labelled, outlier_labels=outlier_labels), labelled, notes)


def _no_answers_note(previous: Carryover, task: Task, layer: int) -> tuple[str, ...]:
    if not previous.answers:
        return ()
    if task.output == "rankings":
        return ("No model ranked the answers; the reply was written without rankings.",)
    return (f"Layer {layer} returned no answer; the previous answers were used.",)

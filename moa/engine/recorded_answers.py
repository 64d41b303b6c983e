"""Decides which answers of an earlier attempt at a run are reused and which calls are repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moa.events import Answered, Failed
from moa.pipeline.plan import Plan
from moa.ports import Model
from moa.types import Answer, Call, Role

COMPLETE_STATUSES = frozenset({"used", "truncated", "late"})
"""Statuses of answers that ended normally; their calls are not repeated."""


class RecordedAnswers:
    """Answers of an earlier attempt, by layer and position.

    A layer is closed once a later layer has a complete answer: no more calls are made in it,
    because the later layer has already read it. In an open layer a late answer counts as on time,
    and failed calls are repeated.
    """

    def __init__(self, plan: Plan, answers: Sequence[Answer]) -> None:
        self._aggregator_layer = len(plan.layers) + 1
        self._ranking_layers = frozenset(plan.ranking_layers)
        self._answers = {(a.layer, a.position): a for a in answers if _matches_plan(a, plan)}
        complete = (a.layer for a in self._answers.values() if a.status in COMPLETE_STATUSES)
        self._last_layer = max(complete, default=0)

    def is_closed(self, layer: int) -> bool:
        """Return whether a later layer has a complete answer."""
        return layer < self._last_layer

    def find(self, layer: int, position: int) -> tuple[Answer, Call] | None:
        """Return the answer to reuse and its call, or None if the call must be made."""
        answer = self._answers.get((layer, position))
        if answer is None or not (answer.status in COMPLETE_STATUSES or self.is_closed(layer)):
            return None
        if answer.status == "late" and not self.is_closed(layer):
            answer = replace(answer, status="used")
        answer = replace(answer, label="")
        return answer, self._call(answer)

    def _role_in(self, layer: int) -> Role:
        if layer == self._aggregator_layer:
            return "aggregator"
        return "ranker" if layer in self._ranking_layers else "proposer"

    def _call(self, answer: Answer) -> Call:
        """Return the call for a reused answer. Attempt 0 marks it as paid for earlier."""
        return Call(
            model=answer.model,
            role=self._role_in(answer.layer),
            layer=answer.layer,
            position=answer.position,
            attempt=0,
            state=answer.status,
            started=0.0,
            ended=0.0,
            error_kind=answer.error_kind,
            usage=answer.usage,
            cost_usd=answer.cost_usd,
        )


def answer_event(answer: Answer, call: Call) -> Answered | Failed:
    """Return the event that reports an answer."""
    return Answered(answer, call) if answer.status in COMPLETE_STATUSES else Failed(answer, call)


def _matches_plan(answer: Answer, plan: Plan) -> bool:
    """Return whether the plan, which may have changed, has this model or its hedge there."""
    layers = [[seat.model for seat in layer.seats] for layer in plan.layers]
    all_layers: Sequence[Sequence[Model]] = [*layers, plan.aggregators]
    models = all_layers[answer.layer - 1] if 1 <= answer.layer <= len(all_layers) else ()
    if not 1 <= answer.position <= len(models):
        return False
    profile = models[answer.position - 1].profile
    alternate = profile.hedge and profile.hedge.model.profile.name
    return answer.model in {profile.name, alternate}

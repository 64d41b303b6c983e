"""The answers of an earlier attempt at a run: what of them stands, and what need not be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from moa.events import Answered, Failed
from moa.pipeline.plan import Plan
from moa.ports import Model
from moa.types import Answer, Call, Role

WHOLE = frozenset({"used", "truncated", "late"})
"""Answers of these states have come to their end: they are not asked for again."""


class RecordedAnswers:
    """Recorded answers, by their places in the plan.

    A layer is over when a later one has brought something whole: nobody is asked in it any more,
    since what was read of it has been read. In a layer that is not over, an answer that came late
    is in time now, and those that failed are asked for again.
    """

    def __init__(self, plan: Plan, answers: Sequence[Answer]) -> None:
        self._aggregation = len(plan.layers) + 1
        self._rankings = frozenset(
            n for n, layer in enumerate(plan.layers, 1) if layer.task.brings == "rankings"
        )
        self._answers = {(a.layer, a.position): a for a in answers if _fits(a, plan)}
        whole = (a.layer for a in self._answers.values() if a.status in WHOLE)
        self._reached = max(whole, default=0)

    def is_over(self, layer: int) -> bool:
        """Whether a later layer has begun to answer."""
        return layer < self._reached

    def of(self, layer: int, position: int) -> tuple[Answer, Call] | None:
        """The answer that stands in a place, with its line in the ledger; None: ask for it."""
        answer = self._answers.get((layer, position))
        if answer is None or not (answer.status in WHOLE or self.is_over(layer)):
            return None
        if answer.status == "late" and not self.is_over(layer):
            answer = replace(answer, status="used")
        answer = replace(answer, label="")
        return answer, self._line(answer)

    def _role_in(self, layer: int) -> Role:
        if layer == self._aggregation:
            return "aggregator"
        return "ranker" if layer in self._rankings else "proposer"

    def _line(self, answer: Answer) -> Call:
        """Attempt 0: paid for earlier."""
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


def told(answer: Answer, line: Call) -> Answered | Failed:
    """The event that tells of an answer."""
    return Answered(answer, line) if answer.status in WHOLE else Failed(answer, line)


def _fits(answer: Answer, plan: Plan) -> bool:
    """Whether it is of a model that the plan has in this place; a plan may have been changed."""
    layers = [[seat.model for seat in layer.seats] for layer in plan.layers]
    places: Sequence[Sequence[Model]] = [*layers, plan.aggregators]
    models = places[answer.layer - 1] if 1 <= answer.layer <= len(places) else ()
    if not 1 <= answer.position <= len(models):
        return False
    profile = models[answer.position - 1].profile
    alternate = profile.hedge and profile.hedge.model.profile.name
    return answer.model in {profile.name, alternate}

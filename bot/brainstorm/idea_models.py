"""Uses a pipeline's models to collect and group ideas (`bot.brainstorm.ports.IdeaModels`)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from itertools import count

import structlog

from bot.brainstorm.purse import PaidModel, Purse
from bot.brainstorm.session import BrainstormSession, EndedCall, StoredIdea, to_be_repeated
from moa import Call, Model, PipelineError, Plan
from moa.brainstorm import (
    Grouping,
    IdeasDrawn,
    draw_ideas,
    group_ideas,
    idea_models,
    max_cost,
    usual_cost,
)
from moa.events import Retried

log = structlog.get_logger(__name__)

PEOPLE_IDEAS = 100
"""People's ideas that the maximum cost allows for."""

SessionAllowance = Callable[[BrainstormSession], Awaitable[float | None]]
"""Returns the most that a brainstorm may have cost by now in US dollars; None for no limit."""

Plans = Callable[[str], Plan]
"""Returns the plan of a pipeline. Raises PipelineError if it no longer exists."""


class PipelineIdeaModels:
    """`bot.brainstorm.ports.IdeaModels` with the models of a pipeline.

    The proposers of its first layer write the ideas. Its aggregators, then those proposers, are
    asked to group them.

    Args:
        plans: the pipelines.
        allowance: the most that a brainstorm may have cost, looked up before each call.
    """

    def __init__(self, plans: Plans, allowance: SessionAllowance) -> None:
        self._plans = plans
        self._allowance = allowance

    def max_cost(self, pipeline: str, topic: str, material: str = "") -> float | None:
        """Return the most that a brainstorm may cost in US dollars, or None if a price is unknown.

        Raises:
            PipelineError: the pipeline can't be used.
        """
        return self._cost(max_cost, pipeline, topic, material)

    def usual_cost(self, pipeline: str, topic: str, material: str = "") -> float | None:
        """Return what a brainstorm usually costs in US dollars; None if a price is unknown.

        Raises:
            PipelineError: the pipeline can't be used.
        """
        return self._cost(usual_cost, pipeline, topic, material)

    def _cost(
        self, cost: Callable[..., float | None], pipeline: str, topic: str, material: str
    ) -> float | None:
        plan = self._plans(pipeline)
        return cost(
            topic,
            idea_models(plan),
            material=material,
            people_ideas=PEOPLE_IDEAS,
            groupers=_groupers(plan),
            result_plan=plan,
        )

    def _paid(self, session: BrainstormSession, models: Sequence[Model]) -> Sequence[Model]:
        """Return the models with their calls paid from what the budgets leave."""
        purse = Purse(lambda: self._allowance(session), session.cost_usd)
        return [PaidModel(model, purse) for model in models]

    async def calls(
        self,
        session: BrainstormSession,
        done: Collection[int],
        on_stopped: Callable[[EndedCall], object],
    ) -> AsyncGenerator[EndedCall, None]:
        """Ask the models for ideas, skipping finished calls. Without a pipeline, ask nothing."""
        try:
            models = self._paid(session, idea_models(self._plans(session.pipeline)))
        except PipelineError as error:
            log.warning("brainstorm_without_models", error=str(error))
            return
        drawing = draw_ideas(
            session.topic,
            models,
            material=session.material,
            seed=session.seed,
            done=done,
            on_stopped=lambda call: on_stopped(_ended(call)),
        )
        async with aclosing(drawing) as events:
            async for event in events:
                if isinstance(event, Retried):
                    yield to_be_repeated(_ended(event.call))
                    continue
                ideas = event.ideas if isinstance(event, IdeasDrawn) else ()
                texts = tuple(idea.text for idea in ideas)
                yield _ended(event.call, event.position, texts)

    async def group(
        self,
        session: BrainstormSession,
        ideas: Sequence[StoredIdea],
        first: int,
        on_ended: Callable[[EndedCall], object],
    ) -> Grouping:
        """Group ideas into themes. Without a pipeline, group only by common words."""
        try:
            models = self._paid(session, _groupers(self._plans(session.pipeline)))
        except PipelineError as error:
            log.warning("brainstorm_without_models", error=str(error))
            models = ()
        positions = count(first)
        return await group_ideas(
            session.topic,
            [idea.as_idea for idea in ideas],
            models=models,
            seed=session.seed,
            on_call=lambda call: on_ended(_ended(call, next(positions))),
        )


def _groupers(plan: Plan) -> Sequence[Model]:
    models = [*plan.aggregators, *idea_models(plan)]
    return [*{model.profile.name: model for model in models}.values()]


def _ended(call: Call, position: int | None = None, ideas: tuple[str, ...] = ()) -> EndedCall:
    return EndedCall(
        position=call.position if position is None else position,
        model=call.model,
        state=call.state,
        ideas=ideas,
        error_kind=call.error_kind,
        input_tokens=call.usage and call.usage.input_tokens,
        output_tokens=call.usage and call.usage.output_tokens,
        cost_usd=call.cost_usd,
    )

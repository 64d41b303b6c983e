"""Builds the request for each call of a run from its strategy and context."""

from __future__ import annotations

from dataclasses import dataclass

from moa.engine import disagreement, model_request
from moa.engine.in_flight_call import CallSlot
from moa.engine.layer_result import Carryover
from moa.pipeline import prompts
from moa.pipeline.plan import DEFAULT_TASK, Plan
from moa.pipeline.strategies import PromptContext, Strategy, brief, direct, find_own_label
from moa.ports import Model
from moa.types import Prompt


@dataclass(frozen=True, slots=True)
class RequestBuilder:
    """The parts of a request that are the same for the whole run.

    Attributes:
        plan: the plan being run.
        thread: the conversation to answer.
        seed: decides labels and boundaries.
    """

    plan: Plan
    thread: Prompt
    seed: int

    def build(
        self, carryover: Carryover, slot: CallSlot, model: Model, window_share: float
    ) -> model_request.ModelRequest:
        """Build a call's request, using this share (0 to 1) of the model's context window."""
        strategy = self._strategy(carryover, slot, model)
        context = self._context(carryover, slot, model)
        return model_request.build_request(
            strategy, context, model.profile, slot.role, window_share=window_share
        )

    def _strategy(self, carryover: Carryover, slot: CallSlot, model: Model) -> Strategy:
        if slot.role == "analyst":
            return disagreement.compare
        if model.profile.brief_prompts and slot.role != "ranker":
            return brief
        no_answers = slot.layer > 1 and not carryover.answers
        return direct if no_answers else self.plan.strategy_for(slot.layer)

    def _context(self, carryover: Carryover, slot: CallSlot, model: Model) -> PromptContext:
        layers = self.plan.layers
        task = layers[slot.layer - 1].task if slot.layer <= len(layers) else DEFAULT_TASK
        final = slot.role == "aggregator"
        return PromptContext(
            self.thread,
            carryover.window(task),
            prompts.boundary_nonce(self.seed, slot.layer),
            final=final,
            rankings=carryover.rankings if final else (),
            own_label=find_own_label(model.profile.name, slot.position, carryover.answers),
            datamark=self.plan.datamark,
        )

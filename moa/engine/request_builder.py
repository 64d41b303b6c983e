"""What each call of a run is asked: its strategy, its brief, and the request they make."""

from __future__ import annotations

from dataclasses import dataclass

from moa.engine import disagreement, model_request
from moa.engine.in_flight_call import CallSlot
from moa.engine.layer_result import Carryover
from moa.pipeline import prompts
from moa.pipeline.plan import LISTED, Plan
from moa.pipeline.strategies import PromptContext, Strategy, direct, own_label
from moa.ports import Model
from moa.types import Prompt


@dataclass(frozen=True, slots=True)
class RequestBuilder:
    """Of one run: the plan, the thread that is answered, and the seed of labels and boundaries."""

    plan: Plan
    thread: Prompt
    seed: int

    def request(
        self, stands: Carryover, place: CallSlot, model: Model, share: float
    ) -> model_request.ModelRequest:
        """The request for a model in a place, in this share of its context window."""
        strategy, brief = self._strategy(stands, place), self._brief(stands, place, model)
        return model_request.build_request(
            strategy, brief, model.profile, place.role, window_share=share
        )

    def _strategy(self, stands: Carryover, place: CallSlot) -> Strategy:
        if place.role == "analyst":
            return disagreement.compare
        nothing_to_show = place.layer > 1 and not stands.answers
        return direct if nothing_to_show else self.plan.strategy_of(place.layer)

    def _brief(self, stands: Carryover, place: CallSlot, model: Model) -> PromptContext:
        layers = self.plan.layers
        task = layers[place.layer - 1].task if place.layer <= len(layers) else LISTED
        final = place.role == "aggregator"
        return PromptContext(
            self.thread,
            stands.window(task),
            prompts.nonce_of(self.seed, place.layer),
            final=final,
            rankings=stands.rankings if final else (),
            own=own_label(model.profile.name, place.position, stands.answers),
            datamark=self.plan.datamark,
        )

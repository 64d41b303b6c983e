"""What each call of a run is asked: its strategy, its brief, and the request they make."""

from __future__ import annotations

from dataclasses import dataclass

from moa import compose, disagreement, prompts
from moa.calls import Place
from moa.plan import LISTED, Plan
from moa.ports import Model
from moa.standing import Standing
from moa.strategies import Brief, Strategy, direct, own_label
from moa.types import Prompt


@dataclass(frozen=True, slots=True)
class Briefing:
    """Of one run: the plan, the thread that is answered, and the seed of labels and boundaries."""

    plan: Plan
    thread: Prompt
    seed: int

    def request(
        self, stands: Standing, place: Place, model: Model, share: float
    ) -> compose.Request:
        """The request for a model in a place, in this share of its context window."""
        strategy, brief = self._strategy(stands, place), self._brief(stands, place, model)
        return compose.request(strategy, brief, model.profile, place.role, window_share=share)

    def _strategy(self, stands: Standing, place: Place) -> Strategy:
        if place.role == "analyst":
            return disagreement.compare
        nothing_to_show = place.layer > 1 and not stands.answers
        return direct if nothing_to_show else self.plan.strategy_of(place.layer)

    def _brief(self, stands: Standing, place: Place, model: Model) -> Brief:
        layers = self.plan.layers
        task = layers[place.layer - 1].task if place.layer <= len(layers) else LISTED
        final = place.role == "aggregator"
        return Brief(
            self.thread,
            stands.window(task),
            prompts.nonce_of(self.seed, place.layer),
            final=final,
            rankings=stands.rankings if final else (),
            own=own_label(model.profile.name, place.position, stands.answers),
            datamark=self.plan.datamark,
        )

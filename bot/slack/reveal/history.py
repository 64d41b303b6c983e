"""What the ledger knows of a run beyond its answers: tries, stand-ins, when each layer closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moa import Answer, Call

HEDGED = "hedged"
"""The kind of a call that was given up because another model began to answer it first."""


@dataclass(frozen=True, slots=True)
class History:
    """The calls of a run in the order in which they ended; empty where none are stored.

    Work that was broken off and taken up again has calls of several attempts. Their times count
    from the beginning of each, so what they say together is only used where it can be true.
    """

    calls: tuple[Call, ...] = ()

    def tries(self, answer: Answer) -> int:
        """How often the model that answered was asked for this answer; 1 where it is not known."""
        return max(1, sum(call.model == answer.model for call in self._for(answer)))

    def stood_in_for(self, answer: Answer) -> str | None:
        """The model in whose place another one answered."""
        own = self._own_model(answer)
        return own if own and own != answer.model else None

    def backed_up_by(self, answer: Answer) -> str | None:
        """The model that was asked beside this one and not needed."""
        if self.stood_in_for(answer):
            return None
        others = [call.model for call in self._for(answer) if call.model != answer.model]
        return others[0] if others else None

    def closed_after(self, layer: int, answers: Sequence[Answer]) -> float | None:
        """Seconds after which a layer closed: when the next one's first call began.

        None where that cannot be known. `answers` are those of the layer.
        """
        calls = [call for call in self.calls if call.role != "analyst"]
        mine = [call for call in calls if call.layer == layer]
        later = [call for call in calls if call.layer > layer]
        if not mine or not later:
            return None
        after = min(call.layer for call in later)
        began = min(call.started for call in mine)
        closed = min(call.started for call in later if call.layer == after) - began
        in_time = {answer.position for answer in answers if answer.readable}
        last = max((call.ended - began for call in mine if call.position in in_time), default=0.0)
        return closed if closed >= last > 0 else None

    def _for(self, answer: Answer) -> list[Call]:
        place = answer.layer, answer.position
        return [call for call in self.calls if (call.layer, call.position) == place]

    def _own_model(self, answer: Answer) -> str | None:
        """Who was asked first."""
        asked = sorted(self._for(answer), key=lambda call: call.attempt)
        return asked[0].model if asked else None

"""A reply in progress: the status line, its headline, layers and task cards."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# The status line, the headline and the Stop button

WORKING = "is asking the models…"
STOP_OFFER = "I'm asking the models. You can stop me."
ASKING_ONE = "Asking a model…"
SYNTHESISING = "Writing one reply from {count} answers"
SYNTHESISING_ONE = "Writing the reply from one answer"
WRITING = "Writing the reply"
WRITING_NEXT = "{title} with another aggregator"
DONE = "{count} answers, one reply"
DONE_FROM_ONE = "One answer, one reply"
DONE_NOT_SYNTHESISED = "Not synthesised: one model's own answer"
DONE_ONE = "Answered"
DONE_FAILED = "No reply"
DONE_UNFINISHED = "Unfinished reply"
DONE_STOPPED = "Stopped"

# Layers and their task cards

LAYER_STEPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "answers": {
            "asking": "Layer {layer}: asking {count} models",
            "asking_one": "Layer {layer}: asking one model",
            "so_far": "Layer {layer}: {read} of {asked} answered so far",
            "closed": "Layer {layer}: {read} of {asked} answered",
            "went_on": "Layer {layer}: {read} of {asked} answered, continuing without {missing}",
        },
        "rankings": {
            "asking": "Layer {layer}: {count} models are ranking the answers",
            "asking_one": "Layer {layer}: one model is ranking the answers",
            "so_far": "Layer {layer}: {read} of {asked} rankings so far",
            "closed": "Layer {layer}: {read} of {asked} rankings",
            "went_on": "Layer {layer}: {read} of {asked} rankings, continuing without {missing}",
        },
        "combination": {
            "asking": "Layer {layer}: {count} models are combining the answers",
            "asking_one": "Layer {layer}: combining the answers into one",
            "so_far": "Layer {layer}: combining the answers into one",
            "closed": "Layer {layer}: combined the answers into one",
            "went_on": "Layer {layer}: continuing without a combined answer",
        },
    }
)
CARD = "Layer {layer} · {name}: {state}"
CARD_SUMMARY = "Layer {layer} · {asked} models: {state}"
CARD_DONE_COUNT = "{done} of {asked} done"
CARD_UNNAMED = "model {number}"
CARD_PENDING = "waiting for layer {before}"
CARD_WORKING: Mapping[str, str] = MappingProxyType(
    {
        "answers": "working",
        "rankings": "ranking the answers",
        "combination": "combining the answers",
    }
)
CARD_TOO_LATE = "still working, but too late for the reply"
CARD_SKIPPED = "skipped because it took too long"
CARD_RETRYING = "retrying: {why}"
CARD_NOT_NEEDED = "not needed"
CARD_NO_LONGER_NEEDED = "too late for the reply"
CARD_STOPPED = "stopped"
CARD_UNFINISHED = "didn't finish"
CARD_STOOD_IN = "{state} ({other} stood in)"
CARD_SECOND_TRY = "{state}, on the second try"
CARD_TRIES = "{state}, after {tries} tries"

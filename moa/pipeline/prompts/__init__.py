"""How answers are laid into a prompt: the words, the labels, the block and what makes it safe.

Start reading at `block`; everything that a model is told stands in `words`.
"""

from moa.pipeline.prompts.block import block, with_answers, with_system
from moa.pipeline.prompts.images import caption, without_images
from moa.pipeline.prompts.labels import COMBINATION, RANKING, labelled, nonce_of
from moa.pipeline.prompts.templates import (
    AGGREGATOR,
    ALONE,
    ALONE_AFTER_FAILURES,
    ANALYST,
    CHAIRMAN,
    COMBINED,
    DEBATER,
    DRAFT_TRUNCATED,
    FOLDER,
    MODERATOR,
    NOT_SYNTHESISED,
    OWN,
    POOLED,
    PROPOSER,
    RANKER,
    REFINER,
    SELECTOR,
    TRUNCATED,
    not_synthesised,
)
from moa.pipeline.prompts.untrusted import MARKERS, datamarked, marker_of, neutralised

__all__ = [
    "AGGREGATOR",
    "ALONE",
    "ALONE_AFTER_FAILURES",
    "ANALYST",
    "CHAIRMAN",
    "COMBINATION",
    "COMBINED",
    "DEBATER",
    "DRAFT_TRUNCATED",
    "FOLDER",
    "MARKERS",
    "MODERATOR",
    "NOT_SYNTHESISED",
    "OWN",
    "POOLED",
    "PROPOSER",
    "RANKER",
    "RANKING",
    "REFINER",
    "SELECTOR",
    "TRUNCATED",
    "block",
    "caption",
    "datamarked",
    "labelled",
    "marker_of",
    "neutralised",
    "nonce_of",
    "not_synthesised",
    "with_answers",
    "with_system",
    "without_images",
]

"""Builds prompts that contain other models' answers safely.

Start reading at `block`. All text sent to models is in `templates`.
"""

from moa.pipeline.prompts.block import answers_block, with_answers, with_system
from moa.pipeline.prompts.images import caption, without_images
from moa.pipeline.prompts.labels import (
    COMBINATION_PREFIX,
    RANKING_PREFIX,
    assign_labels,
    boundary_nonce,
)
from moa.pipeline.prompts.templates import (
    AGGREGATOR,
    ALONE,
    ALONE_AFTER_FAILURES,
    ANALYST,
    BRIEF,
    CHAIRMAN,
    COMBINED_REMARK,
    DEBATER,
    FOLDER,
    MODERATOR,
    NOT_SYNTHESISED,
    OWN_REMARK,
    POOLED,
    PROPOSER,
    RANKER,
    REFINER,
    REPLY_TRUNCATED,
    SELECTOR,
    not_synthesised_line,
    reading_note,
)
from moa.pipeline.prompts.turns import merge_turns
from moa.pipeline.prompts.untrusted import (
    MARKERS,
    add_datamarks,
    equals_signs,
    marker_for,
    neutralise,
)

__all__ = [
    "AGGREGATOR",
    "ALONE",
    "ALONE_AFTER_FAILURES",
    "ANALYST",
    "BRIEF",
    "CHAIRMAN",
    "COMBINATION_PREFIX",
    "COMBINED_REMARK",
    "DEBATER",
    "FOLDER",
    "MARKERS",
    "MODERATOR",
    "NOT_SYNTHESISED",
    "OWN_REMARK",
    "POOLED",
    "PROPOSER",
    "RANKER",
    "RANKING_PREFIX",
    "REFINER",
    "REPLY_TRUNCATED",
    "SELECTOR",
    "add_datamarks",
    "answers_block",
    "assign_labels",
    "boundary_nonce",
    "caption",
    "equals_signs",
    "marker_for",
    "merge_turns",
    "neutralise",
    "not_synthesised_line",
    "reading_note",
    "with_answers",
    "with_system",
    "without_images",
]

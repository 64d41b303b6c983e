"""Brainstorms: people and models give ideas separately, which are then grouped and summed up.

    async for event in brainstorm("How can we get more walkers?", models=["openai:…"]):
        ...

`brainstorm` does everything; `draw_ideas`, `group_ideas` and the prompts of `result` are its parts,
for programs with a silent phase and votes in between. See docs/brainstorming.md.
"""

from moa.brainstorm.cost import max_cost, usual_cost
from moa.brainstorm.draw import (
    DEFAULT_CALLS,
    DEFAULT_IDEAS_PER_CALL,
    MAX_CALLS,
    DrawEvent,
    DrawFailed,
    IdeasDrawn,
    draw_ideas,
)
from moa.brainstorm.export import NameAuthor, kind_of_author, to_csv, to_json, to_markdown
from moa.brainstorm.group import group_ideas
from moa.brainstorm.personas import builtin_personas, draw_personas
from moa.brainstorm.result import (
    challenge_prompt,
    combine_prompt,
    develop_prompt,
    more_like_this_prompt,
    result_prompt,
)
from moa.brainstorm.result_reply import parse_result
from moa.brainstorm.session import (
    BrainstormEvent,
    BrainstormFinished,
    Grouped,
    brainstorm,
    idea_models,
    ideas_of,
)
from moa.brainstorm.values import (
    Brainstorm,
    BrainstormResult,
    DrawnIdea,
    Grouping,
    Idea,
    IdeaGroup,
    NextStep,
    ShortListed,
    Theme,
)

__all__ = [
    "DEFAULT_CALLS",
    "DEFAULT_IDEAS_PER_CALL",
    "MAX_CALLS",
    "Brainstorm",
    "BrainstormEvent",
    "BrainstormFinished",
    "BrainstormResult",
    "DrawEvent",
    "DrawFailed",
    "DrawnIdea",
    "Grouped",
    "Grouping",
    "Idea",
    "IdeaGroup",
    "IdeasDrawn",
    "NameAuthor",
    "NextStep",
    "ShortListed",
    "Theme",
    "brainstorm",
    "builtin_personas",
    "challenge_prompt",
    "combine_prompt",
    "develop_prompt",
    "draw_ideas",
    "draw_personas",
    "group_ideas",
    "idea_models",
    "ideas_of",
    "kind_of_author",
    "max_cost",
    "more_like_this_prompt",
    "parse_result",
    "result_prompt",
    "to_csv",
    "to_json",
    "to_markdown",
    "usual_cost",
]

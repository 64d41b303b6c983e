"""Builds the questions that a pipeline answers about a brainstorm: its result and follow-ups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from moa.arguments import require_list, require_text, require_whole
from moa.brainstorm import prompt_texts
from moa.brainstorm.material import block, checked_topic, in_one_line, material_blocks, prompt_of
from moa.brainstorm.values import NO_DOTS, Idea, IdeaGroup, Theme
from moa.pipeline.prompts import boundary_nonce
from moa.pipeline.token_budget import count_tokens
from moa.types import Prompt

RESULT_TOKENS: Final = 8_000
SESSION_TOKENS: Final = 3_000
"""The most tokens of the session's ideas in a prompt; those with the fewest dots are left out
first."""

IDEA_TOKENS: Final = 160
CHOSEN_IDEA_TOKENS: Final = 1_200
"""An idea is shortened in its middle beyond this, in the prompt only."""

TITLE_TOKENS: Final = 30
RESULT_NONCE, FOLLOW_UP_NONCE = 1, 2

LEFT_OUT: Final = "({count} more ideas are not shown.)"


def result_prompt(
    topic: str,
    themes: Sequence[Theme],
    ideas: Sequence[Idea],
    *,
    seed: int,
    dots: Mapping[str, int] = NO_DOTS,
    voters: int | None = None,
    material: str = "",
) -> Prompt:
    """Return the question whose reply is the brainstorm's result, for `moa.run`.

    Args:
        topic: untrusted text.
        themes: all of them; see `Grouping.themes`.
        ideas: all of them.
        seed: decides boundaries; keep it secret from everyone who can add ideas.
        dots: by the id of a group's representative.
        voters: how many people gave dots; None if nobody was asked.
        material: the thread that the brainstorm began in, or "".
    """
    require_whole("seed", seed)
    require_text("material", material)
    require_list("themes", themes, Theme, "a Theme")
    require_list("ideas", ideas, Idea, "an Idea")
    topic, nonce = checked_topic(topic), boundary_nonce(seed, RESULT_NONCE)
    known = {idea.id: idea for idea in ideas}
    groups = [(theme, group) for theme in themes for group in theme.groups]
    groups.sort(key=lambda entry: -dots.get(entry[1].representative, 0))
    lines = [
        _line(theme, group, known, nonce, _dots(group, dots, voters)) for theme, group in groups
    ]
    blocks = [
        *material_blocks(material, nonce),
        block("IDEAS", _within(lines, RESULT_TOKENS), nonce),
        _votes(voters),
    ]
    request = prompt_texts.RESULT_REQUEST
    return prompt_of(topic, blocks, request, system=prompt_texts.RESULT, nonce=nonce)


def develop_prompt(topic: str, idea: Idea, ideas: Sequence[Idea], *, seed: int) -> Prompt:
    """Return the question to develop an idea. `ideas` are the session's, as material."""
    return _follow_up(topic, [idea], ideas, prompt_texts.DEVELOP_REQUEST, seed)


def challenge_prompt(topic: str, idea: Idea, ideas: Sequence[Idea], *, seed: int) -> Prompt:
    """Return the question to challenge an idea. `ideas` are the session's, as material."""
    return _follow_up(topic, [idea], ideas, prompt_texts.CHALLENGE_REQUEST, seed)


def more_like_this_prompt(topic: str, idea: Idea, ideas: Sequence[Idea], *, seed: int) -> Prompt:
    """Return the question for more ideas like this one and unlike the others."""
    return _follow_up(topic, [idea], ideas, prompt_texts.MORE_LIKE_THIS_REQUEST, seed)


def combine_prompt(
    topic: str, first: Idea, second: Idea, ideas: Sequence[Idea], *, seed: int
) -> Prompt:
    """Return the question to combine two ideas. `ideas` are the session's, as material."""
    return _follow_up(topic, [first, second], ideas, prompt_texts.COMBINE_REQUEST, seed)


def _follow_up(
    topic: str, chosen: Sequence[Idea], ideas: Sequence[Idea], request: str, seed: int
) -> Prompt:
    require_whole("seed", seed)
    require_list("idea", chosen, Idea, "an Idea")
    require_list("ideas", ideas, Idea, "an Idea")
    topic, nonce = checked_topic(topic), boundary_nonce(seed, FOLLOW_UP_NONCE)
    names = {idea.id for idea in chosen}
    others = [f"- {in_one_line(i.text, nonce, IDEA_TOKENS)}" for i in ideas if i.id not in names]
    texts = [f"- {in_one_line(idea.text, nonce, CHOSEN_IDEA_TOKENS)}" for idea in chosen]
    blocks = [block("OTHER IDEAS", _within(others, SESSION_TOKENS), nonce)] if others else []
    blocks.append(block("THE IDEA" if len(chosen) == 1 else "THE TWO IDEAS", texts, nonce))
    return prompt_of(topic, blocks, request, system=prompt_texts.FOLLOW_UP, nonce=nonce)


def _line(
    theme: Theme, group: IdeaGroup, known: Mapping[str, Idea], nonce: str, dots: Sequence[str]
) -> str:
    """Return one line for a group: its facts in brackets, then its first wording."""
    title = f"theme: {in_one_line(theme.title, nonce, TITLE_TOKENS)}"
    facts = "; ".join([*dots, *_facts(group, known), title])
    return f"- [{facts}] {in_one_line(known[group.representative].text, nonce, IDEA_TOKENS)}"


def _dots(group: IdeaGroup, dots: Mapping[str, int], voters: int | None) -> list[str]:
    count = dots.get(group.representative, 0)
    if voters is None:
        return []
    return ["1 dot" if count == 1 else f"{count} dots"]


def _facts(group: IdeaGroup, known: Mapping[str, Idea]) -> list[str]:
    """Return an idea's source, and what else the team should know about it."""
    by_people = any(not known[idea_id].from_model for idea_id in group.idea_ids)
    facts = ["from a person" if by_people else "from a model"]
    if len(group.idea_ids) > 1:
        facts.append(f"handed in {len(group.idea_ids)} times")
    if known[group.representative].late:
        facts.append("added late")
    return facts


def _votes(voters: int | None) -> str:
    if voters is None:
        return "Nobody was asked for dots."
    return "1 person gave dots." if voters == 1 else f"{voters} people gave dots."


def _within(lines: Iterable[str], budget: int) -> list[str]:
    """Return the first lines that fit the budget in tokens, and say how many don't."""
    kept: list[str] = []
    left_out = 0
    for line in lines:
        budget -= count_tokens(line)
        if budget < 0:
            left_out += 1
        else:
            kept.append(line)
    return [*kept, LEFT_OUT.format(count=left_out)] if left_out else kept

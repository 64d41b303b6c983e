"""Builds the questions that a pipeline answers about a brainstorm: its result and follow-ups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moa.brainstorm.values import NO_DOTS, BrainstormResult, Idea, Theme
from moa.types import Prompt


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
    raise NotImplementedError


def parse_result(text: str, ideas: Sequence[Idea] = (), material: str = "") -> BrainstormResult:
    """Return the sections of a reply to `result_prompt`, as far as they can be told apart.

    `ideas` and `material` say which owners people named; other owners are dropped.
    """
    raise NotImplementedError


def develop_prompt(topic: str, idea: Idea, ideas: Sequence[Idea], *, seed: int) -> Prompt:
    """Return the question to develop an idea. `ideas` are the session's, as material."""
    raise NotImplementedError


def challenge_prompt(topic: str, idea: Idea, ideas: Sequence[Idea], *, seed: int) -> Prompt:
    """Return the question to challenge an idea. `ideas` are the session's, as material."""
    raise NotImplementedError


def more_like_this_prompt(topic: str, idea: Idea, ideas: Sequence[Idea], *, seed: int) -> Prompt:
    """Return the question for more ideas like this one and unlike the others."""
    raise NotImplementedError


def combine_prompt(
    topic: str, first: Idea, second: Idea, ideas: Sequence[Idea], *, seed: int
) -> Prompt:
    """Return the question to combine two ideas. `ideas` are the session's, as material."""
    raise NotImplementedError

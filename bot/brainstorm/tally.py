"""Counts dots, and puts every idea into exactly one place."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence

from bot.brainstorm.session import Ballots, BrainstormSession, RankedGroup, StoredIdea, Tally
from moa.brainstorm import Grouping, IdeaGroup, Theme


def complete_grouping(
    session: BrainstormSession, ideas: Sequence[StoredIdea], late_title: str
) -> Grouping:
    """Return the themes with every idea that exists now. Late ideas form the last theme."""
    known = {idea.id: None for idea in ideas}
    grouped = session.themes.themes if session.themes else ()
    themes = [_existing(theme, known) for theme in grouped]
    placed = {number for theme in themes for group in theme.groups for number in group.idea_ids}
    rest = tuple(IdeaGroup((number,)) for number in known if number not in placed)
    late = [Theme(late_title, rest)] if rest else []
    by = session.themes.by if session.themes else "words"
    return Grouping(tuple(theme for theme in [*themes, *late] if theme.groups), by)


def _existing(theme: Theme, known: Mapping[str, None]) -> Theme:
    """Return the theme without ideas that have been erased."""
    kept = (tuple(n for n in group.idea_ids if n in known) for group in theme.groups)
    return Theme(theme.title, tuple(IdeaGroup(wordings) for wordings in kept if wordings))


def dots_of(grouping: Grouping, ballots: Ballots) -> Mapping[str, int]:
    """Return each group's dots by its representative. A group without dots has 0."""
    totals: Counter[str] = Counter()
    for ballot in ballots:
        totals.update(ballot)
    return {
        group.representative: sum(totals[number] for number in group.idea_ids)
        for group in grouping.groups
    }


def voters_of(ballots: Ballots) -> int:
    """Return how many people gave a dot."""
    return sum(any(ballot.values()) for ballot in ballots)


def tally(grouping: Grouping, ballots: Ballots) -> Tally:
    """Rank the ideas by dots. Equal counts share a place and keep the order of the themes."""
    dots = dots_of(grouping, ballots)
    fewest_last = sorted(-count for count in dots.values())
    shared = Counter(dots.values())
    ranked = [
        RankedGroup(
            place=1 + bisect_left(fewest_last, -dots[group.representative]),
            group=group,
            dots=dots[group.representative],
            tied=shared[dots[group.representative]] > 1,
            title=theme.title,
        )
        for theme in grouping.themes
        for group in theme.groups
    ]
    ranked.sort(key=lambda each: each.place)
    return Tally(tuple(ranked), voters_of(ballots), sum(dots.values()))

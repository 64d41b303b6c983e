"""Counts dots, and puts ideas in the order in which people read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from bot.brainstorm.session import (
    Ballots,
    BrainstormSession,
    RankedItem,
    Result,
    StoredIdea,
    StoredTheme,
    ThemeItem,
)


def all_themes(
    session: BrainstormSession, ideas: Iterable[StoredIdea], late_title: str
) -> Sequence[StoredTheme]:
    """Return the themes with every idea in exactly one place; late ideas form the last theme."""
    known = {idea.id for idea in ideas}
    grouped = session.themes.themes if session.themes else ()
    themes = [_existing(theme, known) for theme in grouped]
    placed = {number for theme in themes for item in theme.items for number in item.wordings}
    rest = tuple(ThemeItem((number,)) for number in sorted(known - placed))
    late = [StoredTheme(late_title, rest)] if rest else []
    return [theme for theme in [*themes, *late] if theme.items]


def _existing(theme: StoredTheme, known: set[int]) -> StoredTheme:
    """Return the theme without ideas that were erased."""
    kept = (tuple(n for n in item.wordings if n in known) for item in theme.items)
    return StoredTheme(theme.title, tuple(ThemeItem(wordings) for wordings in kept if wordings))


def count_dots(themes: Sequence[StoredTheme], ballots: Ballots) -> Result:
    """Rank the ideas by dots; equal counts share a place, and keep the order of the themes."""
    totals: Counter[int] = Counter()
    for ballot in ballots:
        totals.update(ballot)
    placed = [(item, theme.title) for theme in themes for item in theme.items]
    counted = [(sum(totals[n] for n in item.wordings), item, title) for item, title in placed]
    shared = Counter(dots for dots, _, _ in counted)
    counted.sort(key=lambda each: -each[0])
    ranked = tuple(
        RankedItem(1 + sum(dots > own for dots, _, _ in counted), item, own, shared[own] > 1, title)
        for own, item, title in counted
    )
    voters = sum(any(ballot.values()) for ballot in ballots)
    return Result(ranked, voters, sum(each.dots for each in ranked))

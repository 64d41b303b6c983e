"""Merges themes that several batches of ideas have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from moa.brainstorm.grouping_reply import CheckedReply
from moa.brainstorm.lexical import same_wording
from moa.brainstorm.word_themes import DraftTheme


def merged_by_title(themes: Iterable[DraftTheme]) -> list[DraftTheme]:
    """Return the themes with equal titles merged, in the order of their first occurrence."""
    merged: dict[tuple[str, ...], DraftTheme] = {}
    for theme in themes:
        known = merged.setdefault(same_wording(theme.title), DraftTheme(theme.title))
        known.groups += theme.groups
    return list(merged.values())


def merged_by_model(themes: Sequence[DraftTheme], reply: CheckedReply) -> list[DraftTheme]:
    """Return the themes as a model merged them; those that it left out stay as they are."""
    merged = [
        DraftTheme(
            raw.title or themes[raw.lists[0][0] - 1].title,
            [g for numbers in raw.lists for n in numbers for g in themes[n - 1].groups],
        )
        for raw in reply.themes
    ]
    return merged_by_title([*merged, *(themes[number - 1] for number in reply.missing)])

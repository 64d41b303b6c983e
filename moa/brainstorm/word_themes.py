"""Groups ideas by common words: the fallback for a grouping that no model could make."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from moa.brainstorm.lexical import same_wording, similarity, words_of
from moa.brainstorm.theme_titles import is_meaningful, theme_title

MAX_WORD_THEMES: Final = 7
MIN_THEME_GROUPS: Final = 2
MAX_SHARE: Final = 0.6
"""A word that more than this share of the ideas contain says nothing about any of them."""

OTHER_IDEAS: Final = "Other ideas"
ALL_IDEAS: Final = "All ideas"

MIN_SIMILARITY: Final = 0.1
"""The share of common words that an idea needs to belong to a theme."""


@dataclass(slots=True)
class DraftTheme:
    """A theme under construction. Its groups are lists of the ideas' ids."""

    title: str
    groups: list[list[str]] = field(default_factory=list[list[str]])


def join_same_wording(texts: Mapping[str, str]) -> list[list[str]]:
    """Return the ids of ideas in groups of the same wording, in order of their first idea."""
    groups: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for idea_id, text in texts.items():
        groups[same_wording(text)].append(idea_id)
    return list(groups.values())


def word_themes(
    groups: Sequence[list[str]], texts: Mapping[str, str], topic: str
) -> list[DraftTheme]:
    """Return themes by the words that most groups share, except the topic's own words."""
    ignored = words_of(topic)
    words = [words_of(texts[group[0]]) - ignored for group in groups]
    left = dict(enumerate(groups))
    themes: list[DraftTheme] = []
    while left and len(themes) < MAX_WORD_THEMES:
        word = _commonest(left, words, len(groups))
        if word is None:
            break
        chosen = [number for number in left if word in words[number]]
        members = [left.pop(number) for number in chosen]
        first = [texts[group[0]] for group in members]
        themes.append(DraftTheme(theme_title(word, first, texts.values(), ignored), members))
    if left:
        themes.append(DraftTheme(OTHER_IDEAS if themes else ALL_IDEAS, list(left.values())))
    return themes


def place(group: list[str], themes: list[DraftTheme], texts: Mapping[str, str]) -> None:
    """Put a group into the theme that shares the most words with it, or into the other ideas."""
    own = words_of(texts[group[0]])
    best, most = None, MIN_SIMILARITY
    for theme in themes:
        close = max((similarity(own, words_of(texts[g[0]])) for g in theme.groups), default=0.0)
        if close > most:
            best, most = theme, close
    if best is None:
        best = next((theme for theme in themes if theme.title == OTHER_IDEAS), None)
    if best is None:
        best = DraftTheme(OTHER_IDEAS)
        themes.append(best)
    best.groups.append(group)


def _commonest(
    left: Mapping[int, list[str]], words: Sequence[frozenset[str]], total: int
) -> str | None:
    counts = Counter(filter(is_meaningful, (word for number in left for word in words[number])))
    usable = [
        (count, len(word), word)
        for word, count in counts.items()
        if MIN_THEME_GROUPS <= count <= max(total * MAX_SHARE, MIN_THEME_GROUPS)
    ]
    return max(usable)[2] if usable else None

"""Chooses a theme's title from its ideas' words, if no model has named it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from moa.brainstorm.lexical import STOP_WORDS, WORD, stem, telling_words, without_possessive

_VAGUE_WORDS: Final = """
new good better best great nice big bigger small large long short easy simple quick different own
whole first second last next many few several other same extra special certain right free open
idea way thing kind sort type part lot bit example option people person everyone everybody someone
somebody anyone one day week month year time
add allow ask begin bring build buy choose come create cut develop encourage enable ensure find
give go help hold implement improve include increase introduce invite involve keep know learn leave
look need offer organise organize pay promote provide put reduce see send set start take tell think
try turn use want
neu neue neuer neues neuen gut gute guter gutes guten gross groß klein lang kurz einfach erste
letzte andere viel idee weg ding art teil leute mensch person jeder tag woche monat jahr zeit bieten
bringen geben gehen helfen machen nehmen nutzen
nouveau nouvelle bon bonne grand petit premier autre idée façon chose type gens personne jour
semaine mois an temps aller donner faire mettre offrir prendre utiliser
nuevo nueva buen bueno buena gran pequeño primero otro idea manera cosa tipo gente persona día
semana mes año tiempo dar hacer ir ofrecer poner tomar usar
"""


def _inflected(word: str) -> Iterable[str]:
    """Return a word with the endings that `stem` leaves on short ones: "using", "getting"."""
    base = word.removesuffix("e")
    return (
        word,
        f"{word}s",
        f"{base}ing",
        f"{word}{word[-1]}ing",
        f"{base}ed",
        f"{word}{word[-1]}ed",
    )


_VAGUE_STEMS: Final = frozenset(
    stem(form) for word in _VAGUE_WORDS.split() for form in _inflected(word)
)


def is_meaningful(stemmed: str) -> bool:
    """Return whether a stem can name a theme; "new", "idea", "provide" and numbers can't."""
    return not stemmed.isdecimal() and stemmed not in _VAGUE_STEMS


def theme_title(
    stemmed: str, theme: Sequence[str], texts: Iterable[str], topic: frozenset[str]
) -> str:
    """Return a theme's title with a capital letter.

    Args:
        stemmed: the stem that the theme's ideas have in common.
        theme: an idea of each of its groups.
        texts: all ideas, for the form in which the word is written most often.
        topic: the stems of the topic, which don't describe a theme.
    """
    title = _pair(stemmed, theme, topic) or _surface_forms(texts)[stemmed]
    return f"{title[:1].upper()}{title[1:]}"


def _pair(stemmed: str, theme: Sequence[str], topic: frozenset[str]) -> str:
    """Return the two words in which most ideas contain the word, such as "social media".

    Return "" if most of them have no second word in common.
    """
    pairs = [_neighbours(text, stemmed, topic) for text in theme]
    counts = Counter(stems for found in pairs for stems in found)
    if not counts:
        return ""
    stems, count = max(counts.items(), key=lambda item: (item[1], item[0]))
    if count < 2 or count <= len(pairs) / 2:  # noqa: PLR2004 - a pair must occur twice
        return ""
    written = Counter(found[stems] for found in pairs if stems in found)
    return written.most_common(1)[0][0]


def _neighbours(text: str, stemmed: str, topic: frozenset[str]) -> Mapping[tuple[str, str], str]:
    """Return the pairs of words in a text that contain a word, by their stems."""
    found: dict[tuple[str, str], str] = {}
    for one, other in pairwise(WORD.findall(text)):
        stems = stem(one.casefold()), stem(other.casefold())
        second = [each for each in stems if each != stemmed]
        if len(second) == 1 and _can_be_second(second[0], topic):
            found.setdefault(stems, f"{without_possessive(one)} {without_possessive(other)}")
    return found


def _can_be_second(stemmed: str, topic: frozenset[str]) -> bool:
    return is_meaningful(stemmed) and stemmed not in topic and stemmed not in STOP_WORDS


def _surface_forms(texts: Iterable[str]) -> Mapping[str, str]:
    """Return for each stem the form in which it is written most often."""
    forms: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        for word in telling_words(text):
            forms[stem(word)][without_possessive(word)] += 1
    return {key: counts.most_common(1)[0][0] for key, counts in forms.items()}

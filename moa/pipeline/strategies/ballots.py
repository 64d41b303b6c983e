"""Parses the ballots in peer rankings and counts them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from moa.types import Answer

_EMPHASIS = r"[*_`\s]*"
_BALLOT = re.compile(
    rf"{_EMPHASIS}RANKING{_EMPHASIS}:{_EMPHASIS}"
    rf"(?P<order>[A-Z]+(?:\s*>\s*[A-Z]+)*)[.*_`\s]*"
)


def parse_ballot(text: str, labels: Iterable[str]) -> tuple[str, ...]:
    """Return the labels in the order of a ranking's last line, best first.

    Return () unless that line is a ballot that names every label exactly once: half a vote would
    be a guess.
    """
    lines = text.strip().splitlines()
    found = _BALLOT.fullmatch(lines[-1]) if lines else None
    order = tuple(name.strip() for name in found["order"].split(">")) if found else ()
    return order if sorted(order) == sorted(labels) else ()


def borda_scores(rankings: Sequence[Answer], answers: Sequence[Answer]) -> Mapping[str, float]:
    """Return each answer's mean Borda score by label, from 0 (last) to 1 (first).

    A model's vote for its own answer does not count, because models favour their own. Answers that
    no other model ranked are missing.
    """
    labels = [answer.label for answer in answers]
    scores: dict[str, list[float]] = {}
    for ranking in rankings:
        own = find_own_label(ranking.model, ranking.position, answers)
        order = [label for label in parse_ballot(ranking.text, labels) if label != own]
        for index, label in enumerate(order):
            last = len(order) - 1
            scores.setdefault(label, []).append(1 - index / last if last else 1.0)
    return {label: sum(given) / len(given) for label, given in scores.items()}


def pooled_order(rankings: Sequence[Answer], answers: Sequence[Answer]) -> tuple[str, ...]:
    """Return the labels by score, best first; () unless every answer was ranked."""
    scores = borda_scores(rankings, answers)
    if len(scores) < len(answers):
        return ()
    return tuple(sorted(scores, key=lambda label: (-scores[label], label)))


def find_own_label(model: str, position: int, answers: Iterable[Answer]) -> str:
    """Return the label of the answer this model gave in this position, or ""."""
    own = (a.label for a in answers if (a.model, a.position) == (model, position))
    return next(own, "")

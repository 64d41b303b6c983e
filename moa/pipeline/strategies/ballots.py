"""What peer rankings say, counted: a ballot is the last line of a ranking, and is read strictly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from moa.types import Answer

_EMPHASIS = r"[*_`\s]*"
_BALLOT = re.compile(
    rf"{_EMPHASIS}RANKING{_EMPHASIS}:{_EMPHASIS}"
    rf"(?P<order>[A-Z]+(?:\s*>\s*[A-Z]+)*)[.*_`\s]*"
)


def ballot(text: str, labels: Iterable[str]) -> tuple[str, ...]:
    """The labels in the order of a ranking's last line, the best first.

    Empty when that line is no ballot or does not name every label exactly once: half a vote would
    be a guess.
    """
    lines = text.strip().splitlines()
    found = _BALLOT.fullmatch(lines[-1]) if lines else None
    order = tuple(name.strip() for name in found["order"].split(">")) if found else ()
    return order if sorted(order) == sorted(labels) else ()


def points(rankings: Sequence[Answer], answers: Sequence[Answer]) -> Mapping[str, float]:
    """The mean place of each answer by label, from 0 (last) to 1 (first); a Borda count.

    A ballot's place for the voter's own answer is not counted, since models favour their own.
    Answers that nobody else ranked are missing.
    """
    labels = [answer.label for answer in answers]
    given: dict[str, list[float]] = {}
    for ranking in rankings:
        own = own_label(ranking.model, ranking.position, answers)
        order = [label for label in ballot(ranking.text, labels) if label != own]
        for place, label in enumerate(order):
            last = len(order) - 1
            given.setdefault(label, []).append(1 - place / last if last else 1.0)
    return {label: sum(marks) / len(marks) for label, marks in given.items()}


def pooled(rankings: Sequence[Answer], answers: Sequence[Answer]) -> tuple[str, ...]:
    """The labels by their mean place, the best first; empty unless every answer was ranked."""
    found = points(rankings, answers)
    if len(found) < len(answers):
        return ()
    return tuple(sorted(found, key=lambda label: (-found[label], label)))


def own_label(model: str, position: int, answers: Iterable[Answer]) -> str:
    """The label of the answer that this seat gave itself; empty when there is none."""
    own = (a.label for a in answers if (a.model, a.position) == (model, position))
    return next(own, "")

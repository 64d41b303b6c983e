"""Each layer of a run in the overview: who answered, how it went, how it closed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bot.slack import words
from bot.slack.blocks import seconds
from bot.slack.naming import is_combined
from bot.slack.reveal.rich import bullets, line, named, title
from bot.slack.reveal.shown import Entry, Kind, Shown
from bot.slack.reveal.telling import asides, ranked_layer
from bot.slack.richinline import Json
from bot.slack.states import state
from moa import Answer
from moa.strategies.ballots import ballot, points

NAMED = 3
"""So many models that a layer did not wait for are named; more are counted."""


def layers(shown: Shown) -> list[list[Json]]:
    """A group of rich_text elements for each layer, in their order."""
    run = shown.run
    numbers = sorted({answer.layer for answer in (*run.answers, *run.rankings)})
    return [_layer(shown, number) for number in numbers]


def _layer(shown: Shown, number: int) -> list[Json]:
    rankings = [answer for answer in shown.run.rankings if answer.layer == number]
    answers = rankings or [answer for answer in shown.run.answers if answer.layer == number]
    in_time = sum(answer.readable for answer in answers)
    head = words.OVERVIEW_LAYER_RANKINGS if rankings else words.OVERVIEW_LAYER
    if any(map(is_combined, answers)):
        head = words.OVERVIEW_LAYER_COMBINED
    elements = [title(head.format(layer=number, read=in_time, count=len(answers)))]
    if closing := _closing(shown, number, answers):
        elements.append(line(closing))
    if order := _pooled(shown, rankings):
        elements.append(line(words.OVERVIEW_POOLED.format(order=order)))
    kind = "ranking" if rankings else "answer"
    return [*elements, bullets([_item(shown, e) for e in _ordered(shown, kind, answers)])]


def _ordered(shown: Shown, kind: Kind, answers: Sequence[Answer]) -> list[Entry]:
    return shown.ordered([shown.entry(kind, answer) for answer in answers])


def _item(shown: Shown, entry: Entry) -> list[Json]:
    answer = entry.answer
    ranked = entry.kind == "ranking" and answer.readable
    told = _ranking(shown, answer) if ranked else state(answer)
    return named(entry.name, ": " + " · ".join([told, *asides(shown, answer)]))


def _ranking(shown: Shown, ranking: Answer) -> str:
    took = seconds(ranking.seconds)
    order = ballot(ranking.text, [answer.label for answer in _ranked(shown, ranking)])
    if not order:
        return words.OVERVIEW_RANKED_UNCLEAR.format(seconds=took)
    return words.OVERVIEW_RANKED.format(order=" > ".join(order), seconds=took)


def _pooled(shown: Shown, rankings: Sequence[Answer]) -> str:
    """The order that all rankings make together; empty where they do not rank every answer."""
    counted = [ranking for ranking in rankings if ranking.readable]
    answers = _ranked(shown, counted[0]) if counted else []
    marks = points(counted, answers)
    if not marks or len(marks) < len(answers):
        return ""
    best_first = groupby(sorted(marks, key=lambda label: (-marks[label], label)), marks.get)
    return " > ".join(" = ".join(labels) for _, labels in best_first)


def _ranked(shown: Shown, ranking: Answer) -> list[Answer]:
    """The answers that a ranking judges."""
    layer = ranked_layer(shown, ranking)
    return [a for a in shown.run.answers if a.layer == layer and a.readable and a.label]


def _closing(shown: Shown, number: int, answers: Sequence[Answer]) -> str:
    """When the layer closed, and without whom."""
    after = shown.history.closed_after(number, answers)
    missing = [a for a in answers if a.status == "late" or a.error_kind == "cancelled"]
    if not missing:
        return words.OVERVIEW_CLOSED.format(seconds=seconds(after)) if after is not None else ""
    said = words.OVERVIEW_WENT_ON_UNTIMED if after is None else words.OVERVIEW_WENT_ON
    took = "" if after is None else seconds(after)
    return said.format(seconds=took, missing=_missing(shown, missing))


def _missing(shown: Shown, missing: Sequence[Answer]) -> str:
    """Their names as a sentence has them, or how many they are."""
    if len(missing) > NAMED:
        return words.OVERVIEW_MANY.format(count=len(missing))
    *most, last = [entry.name for entry in _ordered(shown, "answer", missing)]
    return words.OVERVIEW_AND.format(most=", ".join(most), last=last) if most else last

"""Each layer of a run in the overview: who answered, how it went, how it closed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bot.slack.answers_modal.model import Entry, Kind, RunForViewer, answer_asides, ranked_layer
from bot.slack.markdown.rich_text_inline import Json, inline_words, run
from bot.slack.markdown.unicode_filter import clean
from bot.slack.ui import strings
from bot.slack.ui.blocks import seconds
from bot.slack.ui.model_names import is_combined, status_text
from moa import Answer, Difference, View
from moa.pipeline.strategies.ballots import borda_scores, parse_ballot

NO_HOSTS: frozenset[str] = frozenset()


def title(text: str) -> Json:
    """A bold line."""
    return {"type": "rich_text_section", "elements": [run(text, {"bold": True})]}


def line(text: str) -> Json:
    """A plain line."""
    return {"type": "rich_text_section", "elements": said(text)}


def bullets(items: Sequence[Sequence[Json]], indent: int = 0) -> Json:
    """A list, each item of it text elements."""
    sections = [{"type": "rich_text_section", "elements": list(item)} for item in items]
    return {"type": "rich_text_list", "style": "bullet", "indent": indent, "elements": sections}


def named(name: str, text: str) -> list[Json]:
    """A bold name and what is said of it."""
    return [run(name, {"bold": True}), *said(text)]


def said(text: str) -> list[Json]:
    """The text, its addresses as code."""
    return inline_words(clean(text), NO_HOSTS)


NAMED = 3
"""So many models that a layer did not wait for are named; more are counted."""


def layers(shown: RunForViewer) -> list[list[Json]]:
    """A group of rich_text elements for each layer, in their order."""
    run = shown.run
    numbers = sorted({answer.layer for answer in (*run.answers, *run.rankings)})
    return [_layer(shown, number) for number in numbers]


def _layer(shown: RunForViewer, number: int) -> list[Json]:
    rankings = [answer for answer in shown.run.rankings if answer.layer == number]
    answers = rankings or [answer for answer in shown.run.answers if answer.layer == number]
    in_time = sum(answer.readable for answer in answers)
    head = strings.OVERVIEW_LAYER_RANKINGS if rankings else strings.OVERVIEW_LAYER
    if any(map(is_combined, answers)):
        head = strings.OVERVIEW_LAYER_COMBINED
    elements = [title(head.format(layer=number, read=in_time, count=len(answers)))]
    if closing := _closing(shown, number, answers):
        elements.append(line(closing))
    if order := _pooled(shown, rankings):
        elements.append(line(strings.OVERVIEW_POOLED.format(order=order)))
    kind = "ranking" if rankings else "answer"
    return [*elements, bullets([_item(shown, e) for e in _ordered(shown, kind, answers)])]


def _ordered(shown: RunForViewer, kind: Kind, answers: Sequence[Answer]) -> list[Entry]:
    return shown.ordered([shown.entry(kind, answer) for answer in answers])


def _item(shown: RunForViewer, entry: Entry) -> list[Json]:
    answer = entry.answer
    ranked = entry.kind == "ranking" and answer.readable
    told = _ranking(shown, answer) if ranked else status_text(answer)
    return named(entry.name, ": " + " · ".join([told, *answer_asides(shown, answer)]))


def _ranking(shown: RunForViewer, ranking: Answer) -> str:
    took = seconds(ranking.seconds)
    order = parse_ballot(ranking.text, [answer.label for answer in _ranked(shown, ranking)])
    if not order:
        return strings.OVERVIEW_RANKED_UNCLEAR.format(seconds=took)
    return strings.OVERVIEW_RANKED.format(order=" > ".join(order), seconds=took)


def _pooled(shown: RunForViewer, rankings: Sequence[Answer]) -> str:
    """The order that all rankings make together; empty where they do not rank every answer."""
    counted = [ranking for ranking in rankings if ranking.readable]
    answers = _ranked(shown, counted[0]) if counted else []
    marks = borda_scores(counted, answers)
    if not marks or len(marks) < len(answers):
        return ""
    best_first = groupby(sorted(marks, key=lambda label: (-marks[label], label)), marks.get)
    return " > ".join(" = ".join(labels) for _, labels in best_first)


def _ranked(shown: RunForViewer, ranking: Answer) -> list[Answer]:
    """The answers that a ranking judges."""
    layer = ranked_layer(shown, ranking)
    return [a for a in shown.run.answers if a.layer == layer and a.readable and a.label]


def _closing(shown: RunForViewer, number: int, answers: Sequence[Answer]) -> str:
    """When the layer closed, and without whom."""
    after = shown.history.closed_after(number, answers)
    missing = [a for a in answers if a.status == "late" or a.error_kind == "cancelled"]
    if not missing:
        return strings.OVERVIEW_CLOSED.format(seconds=seconds(after)) if after is not None else ""
    said = strings.OVERVIEW_WENT_ON_UNTIMED if after is None else strings.OVERVIEW_WENT_ON
    took = "" if after is None else seconds(after)
    return said.format(seconds=took, missing=_missing(shown, missing))


def _missing(shown: RunForViewer, missing: Sequence[Answer]) -> str:
    """Their names as a sentence has them, or how many they are."""
    if len(missing) > NAMED:
        return strings.OVERVIEW_MANY.format(count=len(missing))
    *most, last = [entry.name for entry in _ordered(shown, "answer", missing)]
    return strings.OVERVIEW_AND.format(most=", ".join(most), last=last) if most else last


def comparison(shown: RunForViewer) -> list[list[Json]]:
    """Groups of rich_text elements; none where no comparison was made."""
    found = shown.run.disagreement
    if found is None:
        return []
    differ: list[Json] = [title(strings.OVERVIEW_DIFFER)]
    for difference in found.differences:
        differ += _difference(shown, difference)
    if not found.differences:
        differ.append(line(strings.OVERVIEW_NO_DIFFERENCE))
    agree: list[Json] = [title(strings.OVERVIEW_AGREE)]
    if found.agreements:
        agree.append(bullets([said(statement) for statement in found.agreements]))
    else:
        agree.append(line(strings.OVERVIEW_NO_AGREEMENT))
    note = {
        "type": "rich_text_section",
        "elements": [run(strings.OVERVIEW_COMPARED, {"italic": True})],
    }
    return [differ, [*agree, note]]


def _difference(shown: RunForViewer, difference: Difference) -> list[Json]:
    return [
        bullets([said(difference.topic)]),
        bullets([_held_view(shown, view) for view in difference.views], indent=1),
    ]


def _held_view(shown: RunForViewer, view: View) -> list[Json]:
    pairs = zip(view.labels, view.models, strict=True)
    who = ", ".join(shown.naming.of_label(label, model) for label, model in pairs)
    # Bold first, so that a long view does not hide whose it is.
    return [run(who, {"bold": True}), *said(f": {view.text}")]

"""The overview's section for each layer, and the comparison of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bot.figures import seconds
from bot.slack.answers_modal.model import Entry, Kind, RunForViewer, answer_details, ranked_layer
from bot.slack.markdown.rich_text_inline import Json, inline_words, run
from bot.slack.markdown.unicode_filter import clean
from bot.slack.ui.model_names import is_combined, status_text
from bot.slack.ui.strings import answers_modal as strings
from moa import Answer, Difference, View
from moa.pipeline.strategies.ballots import borda_scores, parse_ballot

NO_HOSTS: frozenset[str] = frozenset()

NAMED_MODELS = 3
"""The most late models to name. If there are more, they are counted."""


def title(text: str) -> Json:
    """Return a bold line."""
    return {"type": "rich_text_section", "elements": [run(text, {"bold": True})]}


def line(text: str) -> Json:
    """Return a plain line."""
    return {"type": "rich_text_section", "elements": words(text)}


def bullets(items: Sequence[Sequence[Json]], indent: int = 0) -> Json:
    """Return a bulleted list. Each item is a sequence of text elements."""
    sections = [{"type": "rich_text_section", "elements": list(item)} for item in items]
    return {"type": "rich_text_list", "style": "bullet", "indent": indent, "elements": sections}


def named(name: str, text: str) -> list[Json]:
    """Return a bold name followed by a text."""
    return [run(name, {"bold": True}), *words(text)]


def words(text: str) -> list[Json]:
    """Return the text as elements, with addresses as code."""
    return inline_words(clean(text), NO_HOSTS)


def layers(viewed: RunForViewer) -> list[list[Json]]:
    """Return a group of rich_text elements per layer, in order."""
    run = viewed.run
    numbers = sorted({answer.layer for answer in (*run.answers, *run.rankings)})
    return [_layer(viewed, number) for number in numbers]


def _layer(viewed: RunForViewer, number: int) -> list[Json]:
    rankings = [answer for answer in viewed.run.rankings if answer.layer == number]
    answers = rankings or [answer for answer in viewed.run.answers if answer.layer == number]
    in_time = sum(answer.readable for answer in answers)
    heading = strings.OVERVIEW_LAYER_RANKINGS if rankings else strings.OVERVIEW_LAYER
    if any(map(is_combined, answers)):
        heading = strings.OVERVIEW_LAYER_COMBINED
    elements = [title(heading.format(layer=number, read=in_time, count=len(answers)))]
    if closing := _closing(viewed, number, answers):
        elements.append(line(closing))
    if order := _combined_ranking(viewed, rankings):
        elements.append(line(strings.OVERVIEW_POOLED.format(order=order)))
    kind = "ranking" if rankings else "answer"
    return [*elements, bullets([_item(viewed, e) for e in _ordered(viewed, kind, answers)])]


def _ordered(viewed: RunForViewer, kind: Kind, answers: Sequence[Answer]) -> list[Entry]:
    return viewed.ordered([viewed.entry(kind, answer) for answer in answers])


def _item(viewed: RunForViewer, entry: Entry) -> list[Json]:
    answer = entry.answer
    is_ballot = entry.kind == "ranking" and answer.readable
    status = _ranking(viewed, answer) if is_ballot else status_text(answer)
    return named(entry.name, ": " + " · ".join([status, *answer_details(viewed, answer)]))


def _ranking(viewed: RunForViewer, ranking: Answer) -> str:
    took = seconds(ranking.seconds)
    order = parse_ballot(ranking.text, [answer.label for answer in _ranked(viewed, ranking)])
    if not order:
        return strings.OVERVIEW_RANKED_UNCLEAR.format(seconds=took)
    return strings.OVERVIEW_RANKED.format(order=" > ".join(order), seconds=took)


def _combined_ranking(viewed: RunForViewer, rankings: Sequence[Answer]) -> str:
    """Return the overall order of all rankings, or "" unless they rank every answer."""
    counted = [ranking for ranking in rankings if ranking.readable]
    answers = _ranked(viewed, counted[0]) if counted else []
    scores = borda_scores(counted, answers)
    if not scores or len(scores) < len(answers):
        return ""
    best_first = groupby(sorted(scores, key=lambda label: (-scores[label], label)), scores.get)
    return " > ".join(" = ".join(labels) for _, labels in best_first)


def _ranked(viewed: RunForViewer, ranking: Answer) -> list[Answer]:
    """Return the answers that a ranking is about."""
    layer = ranked_layer(viewed, ranking)
    return [a for a in viewed.run.answers if a.layer == layer and a.readable and a.label]


def _closing(viewed: RunForViewer, number: int, answers: Sequence[Answer]) -> str:
    """Return when the layer closed, and which models it didn't wait for."""
    after = viewed.history.closed_after(number, answers)
    late = [a for a in answers if a.status == "late" or a.error_kind == "cancelled"]
    if not late:
        return strings.OVERVIEW_CLOSED.format(seconds=seconds(after)) if after is not None else ""
    sentence = strings.OVERVIEW_WENT_ON_UNTIMED if after is None else strings.OVERVIEW_WENT_ON
    took = "" if after is None else seconds(after)
    return sentence.format(seconds=took, missing=_list_models(viewed, late))


def _list_models(viewed: RunForViewer, answers: Sequence[Answer]) -> str:
    """Return "a, b and c", or how many models there are."""
    if len(answers) > NAMED_MODELS:
        return strings.OVERVIEW_MANY.format(count=len(answers))
    *most, last = [entry.name for entry in _ordered(viewed, "answer", answers)]
    return strings.OVERVIEW_AND.format(most=", ".join(most), last=last) if most else last


def comparison(viewed: RunForViewer) -> list[list[Json]]:
    """Return groups of rich_text elements, or none if the answers were not compared."""
    found = viewed.run.disagreement
    if found is None:
        return []
    differ: list[Json] = [title(strings.OVERVIEW_DIFFER)]
    for difference in found.differences:
        differ += _difference(viewed, difference)
    if not found.differences:
        differ.append(line(strings.OVERVIEW_NO_DIFFERENCE))
    agree: list[Json] = [title(strings.OVERVIEW_AGREE)]
    if found.agreements:
        agree.append(bullets([words(statement) for statement in found.agreements]))
    else:
        agree.append(line(strings.OVERVIEW_NO_AGREEMENT))
    note = {
        "type": "rich_text_section",
        "elements": [run(strings.OVERVIEW_COMPARED, {"italic": True})],
    }
    return [differ, [*agree, note]]


def _difference(viewed: RunForViewer, difference: Difference) -> list[Json]:
    return [
        bullets([words(difference.topic)]),
        bullets([_opinion(viewed, view) for view in difference.views], indent=1),
    ]


def _opinion(viewed: RunForViewer, view: View) -> list[Json]:
    pairs = zip(view.labels, view.models, strict=True)
    holders = ", ".join(viewed.model_names.author_of_label(label, model) for label, model in pairs)
    # Names come first, so that a long text doesn't hide them.
    return [run(holders, {"bold": True}), *words(f": {view.text}")]

"""What the models of a run are called in front of people: by their names, or by letters only."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from string import ascii_uppercase

from bot.ports import Run
from bot.preferences import Names
from bot.slack.markdown.sanitize import plain, shorten
from bot.slack.ui import strings
from bot.slack.ui.blocks import seconds
from moa import Answer, Call, Outcome

NAME_LIMIT = 40

_COMBINED = re.compile(r"S\d+")
_RANKING = re.compile(r"R\d+")
"""Labels of a combined answer and of a ranking; see `moa.pipeline.prompts.labels`."""

_ONE = re.escape(strings.NAME_ONE_MODEL)
_SEVERAL = re.compile(rf"{_ONE}(?:, {_ONE})*(?:,? and {_ONE})")


class ModelNames:
    """The names of one run's models. All workers give the same ones, at every click.

    An answer's letter is the label under which the next layer read it. Those that nobody read are
    given the letters that are left, in an order that only the run's secret seed decides: the order
    of the proposers stands in the settings, and would tell who is who.
    """

    def __init__(self, run: Run, names: Names, calls: Sequence[Call] = ()) -> None:
        self.names: Names = names
        told = (*run.answers, *run.rankings, *run.aggregators, *calls)
        self._models = frozenset(each.model for each in told)
        self._tried = len(run.aggregators)
        self._letters = {**letters(run.answers, run.seed), **letters(run.rankings, run.seed, "R")}

    def letter(self, answer: Answer) -> str:
        """The letter of a proposer's answer, or a ranking's R and its number."""
        return self._letters[answer.layer, answer.position]

    def of(self, answer: Answer) -> str:
        """What to call a proposer by this answer of its, or a ranker."""
        if self.names == "shown":
            return self._labelled(answer.model, answer.label)
        return _anonymous(self.letter(answer))

    def of_label(self, label: str, model: str) -> str:
        """What to call the author of what was read under a label."""
        return self._labelled(model, label) if self.names == "shown" else _anonymous(label)

    def of_aggregator(self, answer: Answer, *, leads: bool = False) -> str:
        """What to call an aggregator; with a capital where that `leads` a line and is no name."""
        if self.names == "shown":
            return short(answer.model)
        many = strings.NAME_AGGREGATOR if self._tried > 1 else strings.NAME_ONE_AGGREGATOR
        name = many.format(number=answer.position)
        return capital(name) if leads else name

    def of_stand_in(self, model: str) -> str:
        """What to call a model by which another one's call was backed up."""
        return short(model) if self.names == "shown" else strings.NAME_ANOTHER

    def told(self, notes: Iterable[str]) -> list[str]:
        """Sentences of ours, without the models' names where they are not shown."""
        return _told(notes, self.names, self._models)

    def _labelled(self, model: str, label: str) -> str:
        if _COMBINED.fullmatch(label):
            return strings.NAME_COMBINED.format(model=short(model))
        return (
            strings.NAME_LABELLED.format(model=short(model), label=label) if label else short(model)
        )


def short(model: str) -> str:
    """A model's name on one line, at most `NAME_LIMIT` characters of it."""
    return shorten(plain(model), NAME_LIMIT)


def notes_of(outcome: Outcome, names: Names) -> list[str]:
    """What a reply has to say of its run, as its channel may read it."""
    told = (*outcome.calls, *outcome.answers, *outcome.rankings)
    return _told(outcome.notes, names, frozenset(each.model for each in told))


def _told(notes: Iterable[str], names: Names, models: Collection[str]) -> list[str]:
    """Notes as a channel may read them, each once.

    Without names, what was said of models stands last and by the alphabet: their order is that of
    the settings, which would tell who is who.
    """
    if names == "shown":
        return list(dict.fromkeys(notes))
    read = {note: unnamed(note, models) for note in notes}
    general = [text for note, text in read.items() if text == capital(note)]
    return [*general, *sorted({text for note, text in read.items() if text != capital(note)})]


def unnamed(text: str, models: Collection[str]) -> str:
    """The text with "one model" in the place of each of these names, wherever they stand."""
    for model in sorted(models, key=len, reverse=True):
        named = re.compile(rf"(?<!\w){re.escape(model)}(?!\w)")
        text = named.sub(strings.NAME_ONE_MODEL, text)
    return capital(_SEVERAL.sub(_counted, text))


def _counted(several: re.Match[str]) -> str:
    """Models that are listed by name, once the names are gone."""
    return strings.MISSING_MANY.format(count=several[0].count(strings.NAME_ONE_MODEL))


def capital(text: str) -> str:
    """The text as a sentence begins."""
    return text[:1].upper() + text[1:]


def letters(answers: Iterable[Answer], seed: int, head: str = "") -> Mapping[tuple[int, int], str]:
    """The letter of each answer by layer and position; with a `head`, that and a number."""
    found: dict[tuple[int, int], str] = {}
    layers: dict[int, list[Answer]] = {}
    for answer in answers:
        layers.setdefault(answer.layer, []).append(answer)
    for layer, members in layers.items():
        taken = {answer.label for answer in members}
        free = [each for each in _all_letters(head, 2 * len(members)) if each not in taken]
        unread = [answer for answer in members if not answer.label]
        random.Random(f"unread:{seed}:{layer}").shuffle(unread)  # noqa: S311 - repeatable by the run's own secret seed
        given = dict(zip((answer.position for answer in unread), free, strict=False))
        for answer in members:
            found[layer, answer.position] = answer.label or given[answer.position]
    return found


def _all_letters(head: str, count: int) -> list[str]:
    """A, B … Z, AA, AB and so on; with a head, its numbers from 1 on."""
    if head:
        return [f"{head}{number + 1}" for number in range(count)]
    tails = ["", *ascii_uppercase]
    return [first + last for first in tails for last in ascii_uppercase][:count]


def is_combined(answer: Answer) -> bool:
    """Whether it was made of other answers of its run."""
    return _COMBINED.fullmatch(answer.label) is not None


def _anonymous(letter: str) -> str:
    if _COMBINED.fullmatch(letter):
        return strings.NAME_COMBINATION
    named = strings.NAME_RANKER if _RANKING.fullmatch(letter) else strings.NAME_MODEL
    return named.format(letter=letter)


def failure_reason(error_kind: str | None) -> str:
    """Why an answer is missing or not whole, by the kind of its error; see `moa.errors`."""
    return strings.FAILURE_REASONS.get(error_kind or "", strings.FAILURE_UNKNOWN)


def status_text(answer: Answer, brings: str = "answers") -> str:
    """What became of it, with its seconds. `brings` says what was asked for; see `moa.Task`."""
    took = seconds(answer.seconds)
    if answer.status == "used" and brings in strings.OTHER_TASK_STATES:
        return strings.OTHER_TASK_STATES[brings].format(seconds=took)
    if answer.error_kind == "breaker_open":
        return strings.NOT_ASKED
    if answer.error_kind == "cancelled":
        return strings.NOT_NEEDED.format(seconds=took)
    if answer.error_kind == "refused" and answer.status == "failed":
        return strings.DECLINED.format(seconds=took)
    return strings.ANSWER_STATES[answer.status].format(
        seconds=took, why=failure_reason(answer.error_kind)
    )

"""Names the models of a run for people, either by name or only by letter."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from string import ascii_uppercase

from bot.figures import seconds
from bot.ports import Run
from bot.preferences import Names
from bot.slack.markdown.sanitize import plain, shorten
from bot.slack.ui.strings import models as strings
from moa import Answer, Call, Outcome

NAME_LIMIT = 40

_COMBINED = re.compile(r"S\d+")
_RANKING = re.compile(r"R\d+")
"""Labels of combined answers and of rankings; see `moa.pipeline.prompts.labels`."""

_ONE = re.escape(strings.NAME_ONE_MODEL)
_SEVERAL = re.compile(rf"{_ONE}(?:, {_ONE})*(?:,? and {_ONE})")


class ModelNames:
    """The names of one run's models, the same in every worker and at every click.

    An answer's letter is its label in the next layer's prompt. Unused answers get the remaining
    letters, shuffled by the run's secret seed: the order of the proposers is in moa.toml, so it
    would reveal the models.
    """

    def __init__(self, run: Run, names: Names, calls: Sequence[Call] = ()) -> None:
        self.names: Names = names
        sources = (*run.answers, *run.rankings, *run.aggregators, *calls)
        self._models = frozenset(each.model for each in sources)
        self._aggregators = len(run.aggregators)
        self._letters = {
            **assign_letters(run.answers, run.seed),
            **assign_letters(run.rankings, run.seed, "R"),
        }

    def letter(self, answer: Answer) -> str:
        """Return the letter of a proposer's answer, or "R" and a number for a ranking."""
        return self._letters[answer.layer, answer.position]

    def author(self, answer: Answer) -> str:
        """Return the name of the proposer or ranker that wrote an answer."""
        if self.names == "shown":
            return self._labelled(answer.model, answer.label)
        return _anonymous(self.letter(answer))

    def author_of_label(self, label: str, model: str) -> str:
        """Return the name of the model whose answer had this label in a prompt."""
        return self._labelled(model, label) if self.names == "shown" else _anonymous(label)

    def aggregator(self, answer: Answer, *, starts_line: bool = False) -> str:
        """Return the name of an aggregator. A generic name is capitalised if it `starts_line`."""
        if self.names == "shown":
            return short_name(answer.model)
        several = self._aggregators > 1
        name = strings.NAME_AGGREGATOR if several else strings.NAME_ONE_AGGREGATOR
        name = name.format(number=answer.position)
        return capitalise(name) if starts_line else name

    def backup_name(self, model: str) -> str:
        """Return the name of a model that backed up another one's call, or was backed up."""
        return short_name(model) if self.names == "shown" else strings.NAME_ANOTHER

    def visible_notes(self, notes: Iterable[str]) -> list[str]:
        """Return the run's notes, without model names if the channel hides them."""
        return _visible(notes, self.names, self._models)

    def _labelled(self, model: str, label: str) -> str:
        if _COMBINED.fullmatch(label):
            return strings.NAME_COMBINED.format(model=short_name(model))
        name = short_name(model)
        return strings.NAME_LABELLED.format(model=name, label=label) if label else name


def short_name(model: str) -> str:
    """Return a model's name on one line, in at most `NAME_LIMIT` characters."""
    return shorten(plain(model), NAME_LIMIT)


def visible_notes(outcome: Outcome, names: Names) -> list[str]:
    """Return a run's notes as its channel may see them."""
    sources = (*outcome.calls, *outcome.answers, *outcome.rankings)
    return _visible(outcome.notes, names, frozenset(each.model for each in sources))


def _visible(notes: Iterable[str], names: Names, models: Collection[str]) -> list[str]:
    """Return each note once, without model names if the channel hides them.

    Notes that named a model come last, in alphabetical order. Their original order is that of
    moa.toml, which would reveal the models.
    """
    if names == "shown":
        return list(dict.fromkeys(notes))
    texts = {note: anonymise(note, models) for note in notes}
    general = [text for note, text in texts.items() if text == capitalise(note)]
    return [*general, *sorted({text for note, text in texts.items() if text != capitalise(note)})]


def anonymise(text: str, models: Collection[str]) -> str:
    """Return the text with each model name replaced by "one model", wherever it appears."""
    for model in sorted(models, key=len, reverse=True):
        name = re.compile(rf"(?<!\w){re.escape(model)}(?!\w)")
        text = name.sub(strings.NAME_ONE_MODEL, text)
    return capitalise(_SEVERAL.sub(_count_models, text))


def _count_models(several: re.Match[str]) -> str:
    """Return "3 models" for a list such as "one model, one model and one model"."""
    return strings.MISSING_MANY.format(count=several[0].count(strings.NAME_ONE_MODEL))


def capitalise(text: str) -> str:
    """Return the text with a capital first letter."""
    return text[:1].upper() + text[1:]


def assign_letters(
    answers: Iterable[Answer], seed: int, prefix: str = ""
) -> Mapping[tuple[int, int], str]:
    """Return each answer's letter by layer and position; with a `prefix`, the prefix and a number.

    Answers with a label keep it. The others get unused letters, shuffled by the secret `seed`.
    """
    found: dict[tuple[int, int], str] = {}
    layers: dict[int, list[Answer]] = {}
    for answer in answers:
        layers.setdefault(answer.layer, []).append(answer)
    for layer, members in layers.items():
        taken = {answer.label for answer in members}
        free = [each for each in _all_letters(prefix, 2 * len(members)) if each not in taken]
        unread = [answer for answer in members if not answer.label]
        random.Random(f"unread:{seed}:{layer}").shuffle(unread)  # noqa: S311 - repeatable by the run's secret seed
        given = dict(zip((answer.position for answer in unread), free, strict=False))
        for answer in members:
            found[layer, answer.position] = answer.label or given[answer.position]
    return found


def _all_letters(prefix: str, count: int) -> list[str]:
    """Return A, B … Z, AA, AB and so on; with a prefix, R1, R2 and so on."""
    if prefix:
        return [f"{prefix}{number + 1}" for number in range(count)]
    firsts = ["", *ascii_uppercase]
    return [first + last for first in firsts for last in ascii_uppercase][:count]


def is_combined(answer: Answer) -> bool:
    """Return whether an answer combines other answers of its run."""
    return _COMBINED.fullmatch(answer.label) is not None


def _anonymous(letter: str) -> str:
    if _COMBINED.fullmatch(letter):
        return strings.NAME_COMBINATION
    named = strings.NAME_RANKER if _RANKING.fullmatch(letter) else strings.NAME_MODEL
    return named.format(letter=letter)


def failure_reason(error_kind: str | None) -> str:
    """Return why an answer is missing or incomplete; see `moa.errors` for the kinds."""
    return strings.FAILURE_REASONS.get(error_kind or "", strings.FAILURE_UNKNOWN)


def status_text(answer: Answer, task_output: str = "answers") -> str:
    """Return the status of an answer, with its seconds.

    Args:
        answer: the answer.
        task_output: what the layer's models return; see `moa.Task.brings`.
    """
    took = seconds(answer.seconds)
    if answer.status == "used" and task_output in strings.OTHER_TASK_STATES:
        return strings.OTHER_TASK_STATES[task_output].format(seconds=took)
    if answer.error_kind == "breaker_open":
        return strings.NOT_ASKED
    if answer.error_kind == "cancelled":
        return strings.NOT_NEEDED.format(seconds=took)
    if answer.error_kind == "refused" and answer.status == "failed":
        return strings.DECLINED.format(seconds=took)
    return strings.ANSWER_STATES[answer.status].format(
        seconds=took, why=failure_reason(answer.error_kind)
    )

"""The data behind one person's answers modal: the run as they may see it, and their location."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.figures import cost
from bot.ports import Run
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.permissions.access import RevealPolicy
from bot.slack.ui.model_names import ModelNames, capitalise, failure_reason
from bot.slack.ui.strings import answers_modal as strings
from bot.slack.ui.strings.models import ABOUT_THE_NETWORK
from moa import Answer, Call


@dataclass(frozen=True, slots=True)
class CallHistory:
    """The calls of a run in the order in which they ended, or none if none are stored.

    A run that was interrupted and resumed has calls from several attempts. Times count from the
    start of each attempt, so they are only used together when they are consistent.
    """

    calls: tuple[Call, ...] = ()

    def tries(self, answer: Answer) -> int:
        """Return how often the model was asked for this answer, or 1 if that is unknown."""
        return max(1, sum(call.model == answer.model for call in self._calls_for(answer)))

    def replaced_model(self, answer: Answer) -> str | None:
        """Return the model that was asked first, if a different one answered."""
        first = self._first_model(answer)
        return first if first and first != answer.model else None

    def backed_up_by(self, answer: Answer) -> str | None:
        """Return the model that was also asked but wasn't needed."""
        if self.replaced_model(answer):
            return None
        others = [call.model for call in self._calls_for(answer) if call.model != answer.model]
        return others[0] if others else None

    def closed_after(self, layer: int, answers: Sequence[Answer]) -> float | None:
        """Return the seconds after which a layer closed: when the next one's first call began.

        None if that is unknown. `answers` are the layer's.
        """
        calls = [call for call in self.calls if call.role != "analyst"]
        current = [call for call in calls if call.layer == layer]
        later = [call for call in calls if call.layer > layer]
        if not current or not later:
            return None
        next_layer = min(call.layer for call in later)
        began = min(call.started for call in current)
        closed = min(call.started for call in later if call.layer == next_layer) - began
        in_time = {answer.position for answer in answers if answer.readable}
        ends = (call.ended - began for call in current if call.position in in_time)
        return closed if closed >= max(ends, default=0.0) > 0 else None

    def _calls_for(self, answer: Answer) -> list[Call]:
        slot = answer.layer, answer.position
        return [call for call in self.calls if (call.layer, call.position) == slot]

    def _first_model(self, answer: Answer) -> str | None:
        calls = sorted(self._calls_for(answer), key=lambda call: call.attempt)
        return calls[0].model if calls else None


Kind = Literal["answer", "ranking", "draft"]
"""A draft is an aggregator's text that didn't become the reply."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A text that the modal can show.

    Its `key` contains the answer's letter rather than its position, because the position would
    reveal the model to anyone who knows moa.toml.
    """

    key: str
    kind: Kind
    answer: Answer
    name: str

    @property
    def target(self) -> str:
        """The id of the answer in the feedback store, "LAYER-POSITION"."""
        return f"{self.answer.layer}-{self.answer.position}"


@dataclass(frozen=True, slots=True)
class RunForViewer:
    """A run as one person may see it. `best` is the target of the answer they marked as best."""

    run: Run
    policy: RevealPolicy
    model_names: ModelNames
    history: CallHistory
    best: str | None = None

    @classmethod
    def from_run(
        cls, run: Run, policy: RevealPolicy, calls: Sequence[Call], best: str | None = None
    ) -> RunForViewer:
        """Build it from the stored run and its calls."""
        model_names = ModelNames(run, policy.names, calls)
        return cls(run, policy, model_names, CallHistory(tuple(calls)), best)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every text that the modal can show, in order."""
        answers = [self.entry("answer", answer) for answer in self.run.answers]
        rankings = [self.entry("ranking", answer) for answer in self.run.rankings if answer.text]
        drafts = [
            Entry(f"w-{a.position}", "draft", a, self.model_names.aggregator(a, starts_line=True))
            for a in self.run.aggregators
            if a.text and a is not self.run.writer
        ]
        return (*self.ordered(answers), *self.ordered(rankings), *drafts)

    def entry(self, kind: Kind, answer: Answer) -> Entry:
        """Return the entry of a proposer's answer or of a ranking."""
        key = f"{answer.layer}-{self.model_names.letter(answer)}"
        return Entry(key, kind, answer, self.model_names.author(answer))

    def ordered(self, entries: Sequence[Entry]) -> list[Entry]:
        """Sort entries by layer, then by position, or by letter if model names are hidden."""
        if self.policy.names == "shown":
            return sorted(entries, key=lambda e: (e.answer.layer, e.answer.position))
        return sorted(entries, key=lambda e: (e.answer.layer, len(e.key), e.key))


def short_state(entry: Entry) -> str:
    """Return the answer's status in a word or two, for a menu."""
    if entry.kind == "ranking":
        return strings.SHORT_RANKING
    if entry.answer.error_kind == "breaker_open":
        return strings.SHORT_NOT_ASKED
    if entry.answer.error_kind == "cancelled":
        return strings.SHORT_STOPPED
    return strings.SHORT_STATES[entry.answer.status]


def answer_note(viewed: RunForViewer, entry: Entry) -> str:
    """Return what to know before reading an entry, as mrkdwn."""
    answer = entry.answer
    if entry.kind == "ranking":
        return strings.NOTE_RANKING.format(layer=ranked_layer(viewed, answer))
    if entry.kind == "draft":
        return strings.NOTE_DRAFT.format(why=_failure_sentence(viewed, answer))
    special = {
        "breaker_open": strings.NOTE_NOT_ASKED,
        "cancelled": strings.NOTE_NOT_NEEDED,
        "refused": strings.NOTE_DECLINED,
    }.get(answer.error_kind or "")
    if special and not answer.readable:
        return special
    if answer.readable and not answer.label:
        return strings.NOTE_UNREAD
    sentence = strings.ANSWER_NOTES[answer.status]
    return sentence.format(
        by=_used_by(viewed, answer), label=answer.label, why=_failure_sentence(viewed, answer)
    )


def answer_details(viewed: RunForViewer, answer: Answer) -> list[str]:
    """Return how often a model was asked, its backup, and the cost of the answer."""
    history, model_names = viewed.history, viewed.model_names
    details: list[str] = []
    tries = history.tries(answer)
    if tries > 1:
        twice = tries == 2  # noqa: PLR2004 - English has a word for two
        details.append(
            strings.OVERVIEW_TWICE if twice else strings.OVERVIEW_TRIES.format(count=tries)
        )
    if first := history.replaced_model(answer):
        details.append(strings.OVERVIEW_STOOD_IN.format(model=model_names.backup_name(first)))
    if other := history.backed_up_by(answer):
        details.append(strings.OVERVIEW_BACKED_UP.format(model=model_names.backup_name(other)))
    if viewed.policy.cost and answer.cost_usd is not None:
        details.append(cost(answer.cost_usd))
    return details


def ranked_layer(viewed: RunForViewer, ranking: Answer) -> int:
    """Return the layer that a ranking is about: the last earlier one with usable answers."""
    before = [a.layer for a in viewed.run.answers if a.layer < ranking.layer and a.readable]
    return max(before, default=ranking.layer)


def _used_by(viewed: RunForViewer, answer: Answer) -> str:
    later = [a.layer for a in viewed.run.answers if a.layer > answer.layer]
    return strings.USED_BY_LAYER.format(layer=min(later)) if later else strings.USED_FOR_REPLY


def _failure_sentence(viewed: RunForViewer, answer: Answer) -> str:
    """Return the cause as a sentence.

    The full error may contain a model's name, so it is used only if names are shown. A network
    error names addresses, which are meant for operators.
    """
    is_public = answer.error_kind not in ABOUT_THE_NETWORK
    if viewed.policy.names == "shown" and answer.error and is_public:
        return escape_mrkdwn(answer.error)
    return f"{capitalise(failure_reason(answer.error_kind))}."


OVERVIEW = "overview"


@dataclass(frozen=True, slots=True)
class ModalLocation:
    """What a modal shows: a run, an `Entry.key` or the overview, and a page."""

    run_id: str
    key: str = OVERVIEW
    page: int = 0

    def pack(self) -> str:
        """Return it as private_metadata. Slack allows 3,000 characters."""
        return json.dumps([self.run_id, self.key, self.page])

    @classmethod
    def unpack(cls, packed: object) -> ModalLocation | None:
        """Parse private_metadata. None if it has another form."""
        try:
            run_id, key, page = json.loads(str(packed))
            return cls(str(run_id), str(key), int(page))
        except (ValueError, TypeError, OverflowError):
            return None

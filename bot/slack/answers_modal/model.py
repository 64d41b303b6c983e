"""All that one person's modal is made of, and the texts that can be turned to in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.ports import Run
from bot.slack.markdown.sanitize import escape_mrkdwn
from bot.slack.permissions.access import RevealPolicy
from bot.slack.ui import strings
from bot.slack.ui.blocks import cost
from bot.slack.ui.model_names import ModelNames, capital, failure_reason
from moa import Answer, Call

HEDGED = "hedged"
"""The kind of a call that was given up because another model began to answer it first."""


@dataclass(frozen=True, slots=True)
class CallHistory:
    """The calls of a run in the order in which they ended; empty where none are stored.

    Work that was broken off and taken up again has calls of several attempts. Their times count
    from the beginning of each, so what they say together is only used where it can be true.
    """

    calls: tuple[Call, ...] = ()

    def tries(self, answer: Answer) -> int:
        """How often the model that answered was asked for this answer; 1 where it is not known."""
        return max(1, sum(call.model == answer.model for call in self._for(answer)))

    def stood_in_for(self, answer: Answer) -> str | None:
        """The model in whose place another one answered."""
        own = self._own_model(answer)
        return own if own and own != answer.model else None

    def backed_up_by(self, answer: Answer) -> str | None:
        """The model that was asked beside this one and not needed."""
        if self.stood_in_for(answer):
            return None
        others = [call.model for call in self._for(answer) if call.model != answer.model]
        return others[0] if others else None

    def closed_after(self, layer: int, answers: Sequence[Answer]) -> float | None:
        """Seconds after which a layer closed: when the next one's first call began.

        None where that cannot be known. `answers` are those of the layer.
        """
        calls = [call for call in self.calls if call.role != "analyst"]
        mine = [call for call in calls if call.layer == layer]
        later = [call for call in calls if call.layer > layer]
        if not mine or not later:
            return None
        after = min(call.layer for call in later)
        began = min(call.started for call in mine)
        closed = min(call.started for call in later if call.layer == after) - began
        in_time = {answer.position for answer in answers if answer.readable}
        last = max((call.ended - began for call in mine if call.position in in_time), default=0.0)
        return closed if closed >= last > 0 else None

    def _for(self, answer: Answer) -> list[Call]:
        place = answer.layer, answer.position
        return [call for call in self.calls if (call.layer, call.position) == place]

    def _own_model(self, answer: Answer) -> str | None:
        """Who was asked first."""
        asked = sorted(self._for(answer), key=lambda call: call.attempt)
        return asked[0].model if asked else None


Kind = Literal["answer", "ranking", "draft"]
"""A draft is what an aggregator wrote that is not the reply."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A text that can be turned to.

    Its `key` names it in the modal by its letter: its position stands in the settings beside the
    model's name.
    """

    key: str
    kind: Kind
    answer: Answer
    name: str

    @property
    def target(self) -> str:
        """Under which it stands in the journal when somebody finds it the best."""
        return f"{self.answer.layer}-{self.answer.position}"


@dataclass(frozen=True, slots=True)
class RunForViewer:
    """A run as one person may see it. `best` is the target of the answer that they found best."""

    run: Run
    policy: RevealPolicy
    naming: ModelNames
    history: CallHistory
    best: str | None = None

    @classmethod
    def of(
        cls, run: Run, policy: RevealPolicy, calls: Sequence[Call], best: str | None = None
    ) -> RunForViewer:
        """From what the journal holds."""
        naming = ModelNames(run, policy.names, calls)
        return cls(run, policy, naming, CallHistory(tuple(calls)), best)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that can be turned to, in that order."""
        answers = [self.entry("answer", answer) for answer in self.run.answers]
        rankings = [self.entry("ranking", answer) for answer in self.run.rankings if answer.text]
        drafts = [
            Entry(f"w-{a.position}", "draft", a, self.naming.of_aggregator(a, leads=True))
            for a in self.run.aggregators
            if a.text and a is not self.run.writer
        ]
        return (*self.ordered(answers), *self.ordered(rankings), *drafts)

    def entry(self, kind: Kind, answer: Answer) -> Entry:
        """The entry of a proposer's answer, or of a ranking."""
        key = f"{answer.layer}-{self.naming.letter(answer)}"
        return Entry(key, kind, answer, self.naming.of(answer))

    def ordered(self, entries: Sequence[Entry]) -> list[Entry]:
        """By layers, and in each by places, or by letters where places would tell the names."""
        if self.policy.names == "shown":
            return sorted(entries, key=lambda e: (e.answer.layer, e.answer.position))
        return sorted(entries, key=lambda e: (e.answer.layer, len(e.key), e.key))


def short_state(entry: Entry) -> str:
    """What became of it in a word or two, for a menu."""
    if entry.kind == "ranking":
        return strings.SHORT_RANKING
    if entry.answer.error_kind == "breaker_open":
        return strings.SHORT_NOT_ASKED
    if entry.answer.error_kind == "cancelled":
        return strings.SHORT_STOPPED
    return strings.SHORT_STATES[entry.answer.status]


def answer_note(shown: RunForViewer, entry: Entry) -> str:
    """What the reader of one text should know of it first, as mrkdwn."""
    answer = entry.answer
    if entry.kind == "ranking":
        return strings.NOTE_RANKING.format(layer=ranked_layer(shown, answer))
    if entry.kind == "draft":
        return strings.NOTE_DRAFT.format(why=_explained(shown, answer))
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
        by=_read_by(shown, answer), label=answer.label, why=_explained(shown, answer)
    )


def answer_asides(shown: RunForViewer, answer: Answer) -> list[str]:
    """How often it was asked, who stood in for it, and what it cost."""
    history, naming = shown.history, shown.naming
    found: list[str] = []
    tries = history.tries(answer)
    if tries > 1:
        twice = tries == 2  # noqa: PLR2004 - English has a word for two
        found.append(
            strings.OVERVIEW_TWICE if twice else strings.OVERVIEW_TRIES.format(count=tries)
        )
    if own := history.stood_in_for(answer):
        found.append(strings.OVERVIEW_STOOD_IN.format(model=naming.of_stand_in(own)))
    if other := history.backed_up_by(answer):
        found.append(strings.OVERVIEW_BACKED_UP.format(model=naming.of_stand_in(other)))
    if shown.policy.cost and answer.cost_usd is not None:
        found.append(cost(answer.cost_usd))
    return found


def ranked_layer(shown: RunForViewer, ranking: Answer) -> int:
    """The layer whose answers a ranking judges: the last one before it that brought any."""
    before = [a.layer for a in shown.run.answers if a.layer < ranking.layer and a.readable]
    return max(before, default=ranking.layer)


def _read_by(shown: RunForViewer, answer: Answer) -> str:
    later = [a.layer for a in shown.run.answers if a.layer > answer.layer]
    return strings.USED_BY_LAYER.format(layer=min(later)) if later else strings.USED_FOR_REPLY


def _explained(shown: RunForViewer, answer: Answer) -> str:
    """The cause as a sentence; in full where names are shown, since it may hold one."""
    if shown.policy.names == "shown" and answer.error:
        return escape_mrkdwn(answer.error)
    return f"{capital(failure_reason(answer.error_kind))}."


OVERVIEW = "overview"


@dataclass(frozen=True, slots=True)
class ModalLocation:
    """A run, what of it is looked at (`entries.Entry.key`, or the overview), and which page."""

    run_id: str
    key: str = OVERVIEW
    page: int = 0

    def packed(self) -> str:
        """As private_metadata, of which Slack takes 3,000 characters."""
        return json.dumps([self.run_id, self.key, self.page])

    @classmethod
    def unpacked(cls, packed: object) -> ModalLocation | None:
        """From private_metadata; None when it is not ours."""
        try:
            run_id, key, page = json.loads(str(packed))
            return cls(str(run_id), str(key), int(page))
        except (ValueError, TypeError, OverflowError):
            return None

"""All that one person's modal is made of, and the texts that can be turned to in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bot.ports import Run
from bot.slack.access import RevealPolicy
from bot.slack.naming import Naming
from bot.slack.reveal.history import History
from moa import Answer, Call

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
class Shown:
    """A run as one person may see it. `best` is the target of the answer that they found best."""

    run: Run
    policy: RevealPolicy
    naming: Naming
    history: History
    best: str | None = None

    @classmethod
    def of(
        cls, run: Run, policy: RevealPolicy, calls: Sequence[Call], best: str | None = None
    ) -> Shown:
        """From what the journal holds."""
        naming = Naming(run, policy.names, calls)
        return cls(run, policy, naming, History(tuple(calls)), best)

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

"""What a run has brought so far: answers, the ledger, the reply and what is to be said about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from moa.errors import NotEnoughAnswers
from moa.pipeline import prompts
from moa.types import Answer, Call, Disagreement, Outcome, OutcomeStatus

DRAFT_ORDER = ("used", "late", "truncated", "cut")
"""What may stand as the reply when no aggregator answers, the best first."""


class RunRecord:
    """Kept while a run goes on. Places are pairs of layer and position, each counted from 1.

    `rankings` are the numbers of the layers whose texts are rankings of answers.
    """

    def __init__(self, rankings: Iterable[int] = ()) -> None:
        self._rankings = frozenset(rankings)
        self.answers: dict[tuple[int, int], Answer] = {}
        self.calls: list[Call] = []
        self.notes: dict[str, None] = {}
        self.blind: dict[str, None] = {}
        """The models that were not shown the thread's images, since they take none."""
        self.reply = ""
        self.status: OutcomeStatus = "unsynthesised"
        self.aggregator: Answer | None = None
        self.disagreement: Disagreement | None = None
        self.first_token: float | None = None
        """Seconds after the run's beginning."""

    def keep(self, *answers: Answer) -> None:
        """Put answers in their places."""
        self.answers.update({(a.layer, a.position): a for a in answers})

    def note(self, *notes: str) -> None:
        """Have something said to the reader, once."""
        self.notes.update(dict.fromkeys(notes))

    def readable(self, layer: int) -> list[Answer]:
        """The answers of a layer that may be read, in the order of its seats."""
        found = [a for a in self.answers.values() if a.layer == layer and a.readable]
        return sorted(found, key=lambda a: a.position)

    def draft(self, marks: Mapping[str, float]) -> str:
        """The best single answer under a line that says so: whole ones of the last layer first.

        `marks` are what peers gave, by label.

        Raises:
            NotEnoughAnswers: when there is none.
        """
        answers = [a for a in self.answers.values() if a.layer not in self._rankings]
        for failed in self._failed_aggregators():
            self.note(f"{failed.model} did not write the reply: {failed.error}")
        drafts = [a for a in answers if a.text.strip() and a.status in DRAFT_ORDER]
        if not drafts:
            raise NotEnoughAnswers(self._in_order())
        best = min(drafts, key=lambda draft: _quality(draft, marks.get(draft.label, 0.0)))
        if best.status == "truncated":
            self.note(prompts.DRAFT_TRUNCATED)
        return f"{prompts.not_synthesised(self._kinds())}\n\n{best.text.strip()}"

    def outcome(self, pipeline: str, layers: int, seconds: float) -> Outcome:
        """How the run ended, after so many layers of proposers."""
        told = [a for a in self._in_order() if a.layer <= layers]
        return Outcome(
            reply=self.reply,
            status=self.status,
            pipeline=pipeline,
            answers=tuple(a for a in told if a.layer not in self._rankings),
            aggregator=self.aggregator,
            calls=tuple(self.calls),
            seconds=seconds,
            first_token_seconds=self.first_token,
            notes=(*self.notes, *self._unseen()),
            rankings=tuple(a for a in told if a.layer in self._rankings),
            disagreement=self.disagreement,
        )

    def _failed_aggregators(self) -> list[Answer]:
        """Those that were to write the reply and did not, in their order."""
        roles = {(c.layer, c.position) for c in self.calls if c.role == "aggregator"}
        return [a for a in self._in_order() if (a.layer, a.position) in roles and a.error]

    def _kinds(self) -> set[str]:
        """Why no aggregator wrote the reply, by the kinds of their errors."""
        calls = [call for call in self.calls if call.role == "aggregator"]
        return {call.error_kind for call in calls if call.error_kind}

    def _unseen(self) -> tuple[str, ...]:
        """One sentence for all models: there may be many, and each would say the same."""
        *others, last = self.blind or [""]
        names = f"{', '.join(others)} and {last}" if others else last
        return (f"Images were not shown to {names}, which cannot take them.",) if names else ()

    def _in_order(self) -> tuple[Answer, ...]:
        return tuple(self.answers[place] for place in sorted(self.answers))


def _quality(answer: Answer, mark: float) -> tuple[bool, int, int, float, int]:
    """The smaller, the better."""
    rank = DRAFT_ORDER.index(answer.status)
    return answer.status == "cut", -answer.layer, rank, -mark, -len(answer.text)

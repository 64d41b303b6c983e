"""The results of a run so far: answers, calls, the reply and notes for the reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from moa.errors import NotEnoughAnswers
from moa.pipeline import prompts
from moa.types import Answer, Call, Disagreement, Outcome, OutcomeStatus

DRAFT_ORDER = ("used", "late", "truncated", "cut")
"""Statuses of answers that can serve as the reply when no aggregator answers, best first."""


class RunRecord:
    """Collects the results of a run.

    Attributes:
        answers: by (layer, position), each from 1; the aggregators form one more layer.
        calls: the call log, in the order in which the calls ended.
        notes: sentences for the reader; a dict used as an ordered set.
        without_images: the models that were not shown the thread's images; an ordered set too.
        reply: the reply's text so far.
        status: how the run ended.
        aggregator: the answer that became the reply, or None.
        disagreement: the analyst's result, or None.
        first_token: seconds from the start of the run to the reply's first text, or None.
        bug: the first exception of a Model that isn't a ModelError, or None.
    """

    def __init__(self, ranking_layers: Iterable[int] = ()) -> None:
        """Start an empty record. `ranking_layers` are the numbers of layers that rank answers."""
        self._ranking_layers = frozenset(ranking_layers)
        self.answers: dict[tuple[int, int], Answer] = {}
        self.calls: list[Call] = []
        self.notes: dict[str, None] = {}
        self.without_images: dict[str, None] = {}
        self._read: set[int] = set()
        self._messages = 0
        self.reply = ""
        self.status: OutcomeStatus = "unsynthesised"
        self.aggregator: Answer | None = None
        self.disagreement: Disagreement | None = None
        self.first_token: float | None = None
        self.bug: BaseException | None = None

    def add(self, *answers: Answer) -> None:
        """Store answers by layer and position."""
        self.answers.update({(a.layer, a.position): a for a in answers})

    def add_notes(self, *notes: str) -> None:
        """Add notes for the reader, each once."""
        self.notes.update(dict.fromkeys(notes))

    def add_reading(self, read: int, messages: int) -> None:
        """Record how many of the thread's messages a model was shown."""
        self._read.add(read)
        self._messages = messages

    def readable_answers(self, layer: int) -> list[Answer]:
        """Return a layer's answers that the next layer may read, in the order of its seats."""
        found = [a for a in self.answers.values() if a.layer == layer and a.readable]
        return sorted(found, key=lambda a: a.position)

    def draft(self, scores: Mapping[str, float]) -> str:
        """Return the best single answer below a line that says it was not synthesised.

        Args:
            scores: the peers' scores by label, from 0 to 1.

        Raises:
            NotEnoughAnswers: there is no answer with text. Its cause is the bug, if there was one.
        """
        for failed in self._failed_aggregators():
            self.add_notes(f"{failed.model} did not write the reply: {failed.error}")
        answers = [a for a in self.answers.values() if a.layer not in self._ranking_layers]
        drafts = [a for a in answers if a.text.strip() and a.status in DRAFT_ORDER]
        if not drafts:
            raise NotEnoughAnswers(self._in_order()) from self.bug
        best = min(drafts, key=lambda draft: _draft_key(draft, scores.get(draft.label, 0.0)))
        if best.status == "truncated":
            self.add_notes(prompts.REPLY_TRUNCATED)
        return f"{prompts.not_synthesised_line(self._aggregator_errors())}\n\n{best.text.strip()}"

    def outcome(self, pipeline: str, layers: int, seconds: float) -> Outcome:
        """Return the outcome of a run with this many layers that took this many seconds."""
        proposed = [a for a in self._in_order() if a.layer <= layers]
        return Outcome(
            reply=self.reply,
            status=self.status,
            pipeline=pipeline,
            answers=tuple(a for a in proposed if a.layer not in self._ranking_layers),
            aggregator=self.aggregator,
            calls=tuple(self.calls),
            seconds=seconds,
            first_token_seconds=self.first_token,
            notes=(*self._reading_note(), *self.notes, *self._image_note()),
            rankings=tuple(a for a in proposed if a.layer in self._ranking_layers),
            disagreement=self.disagreement,
        )

    def _failed_aggregators(self) -> list[Answer]:
        """Return the answers of the aggregators that failed, in the order they were tried."""
        slots = {(c.layer, c.position) for c in self.calls if c.role == "aggregator"}
        return [a for a in self._in_order() if (a.layer, a.position) in slots and a.error]

    def _aggregator_errors(self) -> set[str]:
        """Return the error kinds of all the aggregators' calls."""
        calls = [call for call in self.calls if call.role == "aggregator"]
        return {call.error_kind for call in calls if call.error_kind}

    def _reading_note(self) -> tuple[str, ...]:
        """Say in one note, which is true for all models, how much of a long thread they read."""
        fewest, most = min(self._read, default=0), max(self._read, default=0)
        if fewest == self._messages:
            return ()
        return (prompts.reading_note(fewest, most, self._messages),)

    def _image_note(self) -> tuple[str, ...]:
        """Name all models without images in one note instead of repeating it for each."""
        *others, last = self.without_images or [""]
        names = f"{', '.join(others)} and {last}" if others else last
        return (f"Images were not shown to {names}, which cannot take them.",) if names else ()

    def _in_order(self) -> tuple[Answer, ...]:
        return tuple(self.answers[slot] for slot in sorted(self.answers))


def _draft_key(answer: Answer, score: float) -> tuple[bool, int, int, float, int]:
    """Return a sort key, best first: complete, late layer, status, peer score, length."""
    rank = DRAFT_ORDER.index(answer.status)
    return answer.status == "cut", -answer.layer, rank, -score, -len(answer.text)

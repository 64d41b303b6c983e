"""Shows the steps of a run as a plan with task cards, or as one line if there are no cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.preferences import Names
from bot.slack.markdown.sanitize import plain, shorten
from bot.slack.reply.task_cards import TITLE_LIMIT, Chunk, LayerTaskCards, TaskCard, build_cards
from bot.slack.ui.model_names import failure_reason, short_name, status_text
from bot.slack.ui.strings import progress as strings
from bot.slack.ui.strings.models import MISSING_MANY, MISSING_ONE, NAME_ANOTHER
from moa import (
    AggregatorStarted,
    Answer,
    Answered,
    Call,
    Event,
    Failed,
    LayerClosed,
    LayerStarted,
    Outcome,
    Plan,
    Retried,
)

CARDS = 40
"""Cards per reply. A layer that would exceed this gets a single card."""

NAMED_MODELS = 3
"""The most missing models to name. If there are more, they are counted."""

HEDGED = "hedged"
"""The error kind of a call that was dropped because another model answered first."""


class Progress:
    """The progress of a run. `line` is a summary.

    Args:
        names: whether models are named. If not, the secret `seed` shuffles their cards, because the
            order in moa.toml would reveal the names.
        plan: the run's plan, used to show later layers as waiting. Without it, a layer appears when
            it starts.
    """

    def __init__(self, names: Names = "shown", *, seed: int = 0, plan: Plan | None = None) -> None:
        self.line = strings.ASKING_ONE
        self._names: Names = names
        self._seed = seed
        self._planned = plan.layers if plan else ()
        self._layers: dict[int, LayerTaskCards] = {}
        self._waiting: set[int] = set()
        self._card_count = 0
        self._answered = 0

    def chunks(self, event: Event) -> list[Chunk]:
        """Return the chunks that update a streamed message after an event."""
        match event:
            case LayerStarted(number, models, task_output):
                return self._layer_started(number, models, task_output)
            case Retried(call) if call.role in {"proposer", "ranker"}:
                return self._retried(call)
            case Answered(answer, call) | Failed(answer, call) if call.role != "aggregator":
                return self._answer_done(answer)
            case LayerClosed(number, answers, waiting):
                return self._layer_closed(number, len(answers), went_on=bool(waiting))
            case AggregatorStarted(_, attempt):
                return [self._title(self._writing(attempt)), *self._close_waiting()]
            case _:
                return []

    def failed(self, *, stopped: bool, shows_text: bool = False) -> list[Chunk]:
        """Return the chunks that close the plan and all cards of a run without a whole reply."""
        title = strings.DONE_UNFINISHED if shows_text else strings.DONE_FAILED
        return [
            self._title(strings.DONE_STOPPED if stopped else title),
            *self.closed_cards(stopped=stopped),
        ]

    def closed_cards(self, *, stopped: bool) -> list[Chunk]:
        """Return the chunks that close all cards. Slack shows open ones as failed or working."""
        text = strings.CARD_STOPPED if stopped else strings.CARD_UNFINISHED
        return [*self._close_open("complete" if stopped else "error", text), *self._close_waiting()]

    def done(self, outcome: Outcome) -> list[Chunk]:
        """Return the chunks that close the plan and all cards."""
        if outcome.status == "unsynthesised":
            title = strings.DONE_NOT_SYNTHESISED
        elif not self._answered:
            title = strings.DONE_ONE
        else:
            title = strings.DONE if self._answered > 1 else strings.DONE_FROM_ONE
            title = title.format(count=self._answered)
        late = self._close_open("complete", strings.CARD_NO_LONGER_NEEDED)
        return [self._title(title), *late, *self._close_waiting()]

    def _close_open(self, status: str, text: str) -> list[Chunk]:
        """Close the cards of models that were asked and haven't answered."""
        chunks: list[Chunk] = []
        for number, layer in self._layers.items():
            late = [card for card in layer.cards if card.is_open]
            if number in self._waiting or not late:
                continue
            for card in late:
                card.is_open = False
            chunks += (
                [layer.count_chunk()]
                if layer.is_summary
                else [card.chunk(status, text) for card in late]
            )
        return chunks

    def _layer_started(self, number: int, models: Sequence[str], task_output: str) -> list[Chunk]:
        layer = self._layer(number, models, task_output)
        self._waiting.discard(number)
        step = "asking" if len(models) > 1 else "asking_one"
        cards = layer.all_chunks("in_progress", strings.CARD_WORKING[task_output])
        return [self._title(layer.progress_text(step)), *cards, *self._waiting_cards(number)]

    def _waiting_cards(self, number: int) -> list[Chunk]:
        """Return the cards of later layers, the first time only."""
        chunks: list[Chunk] = []
        for later, layer in enumerate(self._planned[number:], number + 1):
            if later not in self._layers:
                models = [seat.model.profile.name for seat in layer.seats]
                text = strings.CARD_PENDING.format(before=later - 1)
                waiting = self._layer(later, models, layer.task.output)
                chunks += waiting.all_chunks("pending", text)
                self._waiting.add(later)
        return chunks

    def _close_waiting(self) -> list[Chunk]:
        """Close the cards of layers that were skipped."""
        skipped, self._waiting = sorted(self._waiting), set()
        for number in skipped:
            for card in self._layers[number].cards:
                card.is_open = False
        return [
            chunk
            for number in skipped
            for chunk in self._layers[number].all_chunks("complete", strings.CARD_NOT_NEEDED)
        ]

    def _retried(self, call: Call) -> list[Chunk]:
        """Handle a retry. A call that lost to a faster model changes nothing."""
        layer, card = self._find_card(call.layer, call.position)
        if layer is None or card is None or call.error_kind == HEDGED:
            return []
        card.tries += 1
        text = strings.CARD_RETRYING.format(why=failure_reason(call.error_kind))
        return [] if layer.is_summary else [card.chunk("in_progress", text)]

    def _answer_done(self, answer: Answer) -> list[Chunk]:
        """Handle an answer that is complete or has failed."""
        layer, card = self._find_card(answer.layer, answer.position)
        if layer is None or card is None:
            return []
        card.is_open = False
        chunks: list[Chunk] = []
        if answer.readable:
            layer.answered += 1
            chunks.append(self._title(layer.progress_text("so_far")))
        if layer.is_summary:
            return [*chunks, layer.count_chunk()]
        status = "complete" if answer.status in {"used", "truncated", "late"} else "error"
        return [*chunks, card.chunk(status, self._card_text(card, answer))]

    def _card_text(self, card: TaskCard, answer: Answer) -> str:
        text = status_text(answer, card.task_output)
        if answer.model != card.model:
            is_named = self._names == "shown"
            other = short_name(answer.model) if is_named else NAME_ANOTHER
            return strings.CARD_STOOD_IN.format(state=text, other=other)
        if card.tries == 1:
            return text
        with_tries = strings.CARD_SECOND_TRY if card.tries == 2 else strings.CARD_TRIES  # noqa: PLR2004 - English says "the second"
        return with_tries.format(state=text, tries=card.tries)

    def _layer_closed(self, number: int, answered: int, *, went_on: bool) -> list[Chunk]:
        layer = self._layers.get(number)
        if layer is None:
            return []
        self._answered = answered or self._answered
        late = [card for card in layer.cards if card.is_open]
        title = layer.progress_text("went_on" if went_on else "closed", self._missing(late))
        is_ranking = layer.task_output == "rankings"
        text = strings.CARD_SKIPPED if is_ranking else strings.CARD_TOO_LATE
        cards = [] if layer.is_summary else [card.chunk("in_progress", text) for card in late]
        return [self._title(title), *cards]

    def _missing(self, cards: Iterable[TaskCard]) -> str:
        names = [short_name(card.model) for card in cards]
        if self._names == "shown" and len(names) <= NAMED_MODELS:
            return ", ".join(names)
        text = MISSING_MANY if len(names) > 1 else MISSING_ONE
        return text.format(count=len(names))

    def _writing(self, attempt: int) -> str:
        title = strings.WRITING
        if self._answered:
            title = strings.SYNTHESISING if self._answered > 1 else strings.SYNTHESISING_ONE
            title = title.format(count=self._answered)
        return strings.WRITING_NEXT.format(title=title) if attempt > 1 else title

    def _layer(self, number: int, models: Sequence[str], task_output: str) -> LayerTaskCards:
        """Return a layer's cards, created on first use."""
        if number not in self._layers:
            is_summary = self._card_count + len(models) > CARDS
            self._card_count += 1 if is_summary else len(models)
            seed = self._seed if self._names == "anonymous" else None
            cards = build_cards(number, models, task_output, seed)
            self._layers[number] = LayerTaskCards(number, task_output, cards, is_summary)
        return self._layers[number]

    def _find_card(
        self, number: int, position: int
    ) -> tuple[LayerTaskCards | None, TaskCard | None]:
        layer = self._layers.get(number)
        cards = layer.cards if layer else []
        return layer, cards[position - 1] if position <= len(cards) else None

    def _title(self, title: str) -> Chunk:
        self.line = shorten(plain(title), TITLE_LIMIT)
        return {"type": "plan_update", "title": self.line}

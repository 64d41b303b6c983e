"""The steps of a run as a plan with task cards, and as one line for where there are no cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.preferences import Names
from bot.slack.markdown.sanitize import plain, shorten
from bot.slack.reply.task_cards import TITLE_LIMIT, Chunk, LayerTaskCards, TaskCard, cards_of
from bot.slack.ui import strings
from bot.slack.ui.model_names import failure_reason, short, status_text
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
"""Cards of one reply. The models of a layer for which no room is left share one."""

NAMED = 3
"""So many models that are missing are named; more are counted."""

HEDGED = "hedged"
"""The kind of a call that was given up because another model began to answer it first."""


class Progress:
    """What is known of a run's steps. `line` says it in one sentence.

    Args:
        names: whether the models are named. Where they are not, their cards stand in an order that
            `seed`, which has to be secret, decides: the order of the settings would tell the names.
        plan: what lies ahead, so that later layers are shown as waiting; they appear as they begin
            where it is not given.
    """

    def __init__(self, names: Names = "shown", *, seed: int = 0, plan: Plan | None = None) -> None:
        self.line = strings.ASKING_ONE
        self._names: Names = names
        self._seed = seed
        self._ahead = plan.layers if plan else ()
        self._layers: dict[int, LayerTaskCards] = {}
        self._waiting: set[int] = set()
        self._shown = 0
        self._read = 0

    def of(self, event: Event) -> list[Chunk]:
        """The chunks that bring a streamed message up to date after an event."""
        match event:
            case LayerStarted(number, models, brings):
                return self._started(number, models, brings)
            case Retried(call) if call.role in {"proposer", "ranker"}:
                return self._again(call)
            case Answered(answer, call) | Failed(answer, call) if call.role != "aggregator":
                return self._came(answer)
            case LayerClosed(number, answers, waiting):
                return self._closed(number, len(answers), went_on=bool(waiting))
            case AggregatorStarted(_, attempt):
                return [self._plan(self._writing(attempt)), *self._drop_waiting()]
            case _:
                return []

    def failed(self, *, stopped: bool) -> list[Chunk]:
        """The chunks that close the plan of a run that brought no reply."""
        return [self._plan(strings.DONE_STOPPED if stopped else strings.DONE_FAILED)]

    def done(self, outcome: Outcome) -> list[Chunk]:
        """The chunks that close the plan."""
        if outcome.status == "unsynthesised":
            title = strings.DONE_NOT_SYNTHESISED
        elif not self._read:
            title = strings.DONE_ONE
        else:
            many = strings.DONE if self._read > 1 else strings.DONE_FROM_ONE
            title = many.format(count=self._read)
        return [self._plan(title), *self._drop_waiting()]

    def _started(self, number: int, models: Sequence[str], brings: str) -> list[Chunk]:
        layer = self._layer(number, models, brings)
        self._waiting.discard(number)
        step = "asking" if len(models) > 1 else "asking_one"
        begun = layer.all("in_progress", strings.CARD_WORKING[brings])
        return [self._plan(layer.say(step)), *begun, *self._look_ahead(number)]

    def _look_ahead(self, number: int) -> list[Chunk]:
        """Cards for the layers behind this one, once."""
        chunks: list[Chunk] = []
        for later, layer in enumerate(self._ahead[number:], number + 1):
            if later not in self._layers:
                models = [seat.model.profile.name for seat in layer.seats]
                told = strings.CARD_PENDING.format(before=later - 1)
                chunks += self._layer(later, models, layer.task.brings).all("pending", told)
                self._waiting.add(later)
        return chunks

    def _drop_waiting(self) -> list[Chunk]:
        """A layer that was passed over waits for nothing any more."""
        passed, self._waiting = sorted(self._waiting), set()
        return [
            chunk
            for number in passed
            for chunk in self._layers[number].all("complete", strings.CARD_NOT_NEEDED)
        ]

    def _again(self, call: Call) -> list[Chunk]:
        """A model is asked once more. A call that lost to another one's is no news."""
        layer, card = self._found(call.layer, call.position)
        if layer is None or card is None or call.error_kind == HEDGED:
            return []
        card.tries += 1
        told = strings.CARD_RETRYING.format(why=failure_reason(call.error_kind))
        return [] if layer.summed else [card.chunk("in_progress", told)]

    def _came(self, answer: Answer) -> list[Chunk]:
        """An answer has come, or will not."""
        layer, card = self._found(answer.layer, answer.position)
        if layer is None or card is None:
            return []
        card.open = False
        news: list[Chunk] = []
        if answer.readable:
            layer.read += 1
            news.append(self._plan(layer.say("so_far")))
        if layer.summed:
            return [*news, layer.counted()]
        whole = answer.status in {"used", "truncated", "late"}
        return [*news, card.chunk("complete" if whole else "error", self._told(card, answer))]

    def _told(self, card: TaskCard, answer: Answer) -> str:
        told = status_text(answer, card.brings)
        if answer.model != card.model:
            named = self._names == "shown"
            other = short(answer.model) if named else strings.NAME_ANOTHER
            return strings.CARD_STOOD_IN.format(state=told, other=other)
        if card.tries == 1:
            return told
        again = strings.CARD_SECOND_TRY if card.tries == 2 else strings.CARD_TRIES  # noqa: PLR2004 - the first after the one
        return again.format(state=told, tries=card.tries)

    def _closed(self, number: int, read: int, *, went_on: bool) -> list[Chunk]:
        layer = self._layers.get(number)
        if layer is None:
            return []
        self._read = read or self._read
        late = [card for card in layer.cards if card.open]
        title = layer.say("went_on" if went_on else "closed", self._missing(late))
        told = strings.CARD_SKIPPED if layer.brings == "rankings" else strings.CARD_TOO_LATE
        cards = [] if layer.summed else [card.chunk("in_progress", told) for card in late]
        return [self._plan(title), *cards]

    def _missing(self, cards: Iterable[TaskCard]) -> str:
        names = [short(card.model) for card in cards]
        if self._names == "shown" and len(names) <= NAMED:
            return ", ".join(names)
        many = strings.MISSING_MANY if len(names) > 1 else strings.MISSING_ONE
        return many.format(count=len(names))

    def _writing(self, attempt: int) -> str:
        many = strings.SYNTHESISING if self._read > 1 else strings.SYNTHESISING_ONE
        title = many.format(count=self._read) if self._read else strings.WRITING
        return strings.WRITING_NEXT.format(title=title) if attempt > 1 else title

    def _layer(self, number: int, models: Sequence[str], brings: str) -> LayerTaskCards:
        """A layer and its cards, made when it is first heard of."""
        if number not in self._layers:
            summed = self._shown + len(models) > CARDS
            self._shown += 1 if summed else len(models)
            seed = self._seed if self._names == "anonymous" else None
            cards = cards_of(number, models, brings, seed)
            self._layers[number] = LayerTaskCards(number, brings, cards, summed)
        return self._layers[number]

    def _found(self, number: int, position: int) -> tuple[LayerTaskCards | None, TaskCard | None]:
        layer = self._layers.get(number)
        cards = layer.cards if layer else []
        return layer, cards[position - 1] if position <= len(cards) else None

    def _plan(self, title: str) -> Chunk:
        self.line = shorten(plain(title), TITLE_LIMIT)
        return {"type": "plan_update", "title": self.line}

"""The story of a run, as one person reads it: layers at work, the reply, what it took."""

from __future__ import annotations

from bot.terminal import strings
from bot.terminal.display import Display
from bot.terminal.safe_text import TerminalFilter, one_line, safe
from moa import (
    AggregatorStarted,
    Answer,
    Answered,
    Delta,
    Event,
    Failed,
    LayerClosed,
    LayerStarted,
    Outcome,
    Retracted,
)


class Screen:
    """Turns events into what a display draws.

    The reply is running text: what happens elsewhere meanwhile is held back until it has ended.
    """

    def __init__(self, display: Display) -> None:
        self._display = display
        self._names: dict[int, list[str]] = {}
        self._open: int | None = None
        self._held: list[str] = []
        self._reply: TerminalFilter | None = None
        self._last = "\n"

    def show(self, event: Event) -> None:
        """One step of the run."""
        match event:
            case LayerStarted(layer, models):
                self._names[layer] = strings.seats(models)
                self._open = layer
                self._display.asking(layer, self._names[layer])
            case Answered(answer) | Failed(answer):
                self._ended(answer, failed=isinstance(event, Failed))
            case LayerClosed(layer, answers, waiting):
                self._open = None
                asked = len(self._names[layer])
                self._display.closed(strings.closed(layer, len(answers), asked, waiting))
            case AggregatorStarted(model):
                self._display.writing(one_line(model))
            case Delta(text):
                self._stream(text)
            case Retracted():
                self.rest()
                self._section(strings.RETRACTED)
                self._reply = None
            case _:
                pass

    def finish(self, outcome: Outcome, *, answers: bool) -> None:
        """Everything that stands under the reply; each proposer's answer when `answers`."""
        self.rest()
        if outcome.status == "partial":
            self._section(strings.broke_off(outcome))
        elif outcome.cut_at_limit:
            self._section(strings.CUT_AT_LIMIT)
        for line in self._held:
            self._section(line)
        if answers:
            for answer in outcome.answers:
                self._answer(answer)
        for note in outcome.notes:
            self._section(f"Note: {one_line(note)}")
        self._display.line("")
        self._display.line(strings.closing(outcome), "faint")

    def rest(self) -> None:
        """Nothing moves any more, and the cursor stands at the beginning of a line."""
        self._display.rest()
        if self._last != "\n":
            self._display.text("\n")
            self._last = "\n"

    def _ended(self, answer: Answer, *, failed: bool) -> None:
        told = strings.ended(answer)
        if answer.layer == self._open:
            self._display.ended(answer.position, told, came=answer.readable)
        elif answer.layer in self._names:
            name = self._names[answer.layer][answer.position - 1]
            self._tell(f"Layer {answer.layer} · {name} {told}")
        elif failed:  # an aggregator: of one that answers the reply itself tells
            self._tell(f"{one_line(answer.model)} {told}")

    def _tell(self, line: str) -> None:
        if self._reply is None:
            self._display.line(line)
        else:
            self._held.append(line)

    def _stream(self, text: str) -> None:
        if self._reply is None:
            self._reply = TerminalFilter()
            self._display.rest()
            self._display.line("")
            text = text.lstrip()
        if shown := self._reply.feed(text):
            self._display.text(shown)
            self._last = shown[-1]

    def _answer(self, answer: Answer) -> None:
        self._display.line("")
        self._display.line(strings.heading(answer), "heading")
        text = safe(answer.text).strip() or one_line(answer.error or strings.NO_TEXT)
        self._display.text(f"{text}\n")

    def _section(self, line: str) -> None:
        self._display.line("")
        self._display.line(line)

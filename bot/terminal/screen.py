"""Shows a run to a person: its layers, the reply, and a summary."""

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
    """Turns events into calls of the display.

    The reply is continuous text: other messages are held back until it ends.
    """

    def __init__(self, display: Display) -> None:
        self._display = display
        self._names: dict[int, list[str]] = {}
        self._open_layer: int | None = None
        self._held_lines: list[str] = []
        self._reply_filter: TerminalFilter | None = None
        self._last_character = "\n"

    def show(self, event: Event) -> None:
        """Show one step of the run."""
        match event:
            case LayerStarted(layer, models):
                self._names[layer] = strings.numbered_names(models)
                self._open_layer = layer
                self._display.layer_started(layer, self._names[layer])
            case Answered(answer) | Failed(answer):
                self._show_call_end(answer, failed=isinstance(event, Failed))
            case LayerClosed(layer, answers, waiting):
                self._open_layer = None
                proposers = len(self._names[layer])
                self._display.layer_closed(
                    strings.layer_summary(layer, len(answers), proposers, waiting)
                )
            case AggregatorStarted(model):
                self._display.aggregator_started(one_line(model))
            case Delta(text):
                self._show_text(text)
            case Retracted():
                self.stop()
                self._show_paragraph(strings.RETRACTED)
                self._reply_filter = None
            case _:
                pass

    def finish(self, outcome: Outcome, *, answers: bool) -> None:
        """Show everything below the reply, including each proposer's answer if `answers`."""
        self.stop()
        if outcome.status == "partial":
            self._show_paragraph(strings.broken_off_notice(outcome))
        elif outcome.cut_at_limit:
            self._show_paragraph(strings.CUT_AT_LIMIT)
        for line in self._held_lines:
            self._show_paragraph(line)
        if answers:
            for answer in outcome.answers:
                self._show_answer(answer)
        for note in outcome.notes:
            self._show_paragraph(f"Note: {one_line(note)}")
        self._display.line("")
        self._display.line(strings.run_footer(outcome), "faint")

    def stop(self) -> None:
        """Stop all animation and leave the cursor at the start of a line."""
        if self._last_character != "\n":
            self._display.text("\n")
            self._last_character = "\n"
        self._display.stop()

    def _show_call_end(self, answer: Answer, *, failed: bool) -> None:
        outcome_text = strings.call_outcome(answer)
        if answer.layer == self._open_layer:
            self._display.call_ended(answer.position, outcome_text, answered=answer.readable)
        elif answer.layer in self._names:
            name = self._names[answer.layer][answer.position - 1]
            self._print_or_hold(f"Layer {answer.layer} · {name} {outcome_text}")
        elif failed:  # an aggregator; a successful one shows its reply
            self._print_or_hold(f"{one_line(answer.model)} {outcome_text}")

    def _print_or_hold(self, line: str) -> None:
        if self._reply_filter is None:
            self._display.line(line)
        else:
            self._held_lines.append(line)

    def _show_text(self, text: str) -> None:
        if self._reply_filter is None:
            self._reply_filter = TerminalFilter()
            self._display.stop()
            self._display.line("")
            text = text.lstrip()
        if shown := self._reply_filter.feed(text):
            self._display.text(shown)
            self._last_character = shown[-1]

    def _show_answer(self, answer: Answer) -> None:
        self._display.heading(strings.answer_heading(answer))
        text = safe(answer.text).strip() or one_line(answer.error or strings.NO_TEXT)
        self._display.text(f"{text}\n")

    def _show_paragraph(self, line: str) -> None:
        self._display.line("")
        self._display.line(line)

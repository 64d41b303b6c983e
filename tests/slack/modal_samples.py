"""Sample runs, answers and calls, and the modal text rendered from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.playground.checks.payloads import parse_view
from bot.playground.render.blocks import render_blocks
from bot.ports import Question, Run
from bot.slack.answers_modal.model import OVERVIEW, ModalLocation, RunForViewer
from bot.slack.answers_modal.views import answers_view
from bot.slack.permissions.access import RevealPolicy
from moa import Answer, Call, Usage
from moa.types import Status

NAMED = RevealPolicy()
ANONYMOUS = RevealPolicy(names="anonymous", cost=False)
QUESTION = Question("T1", "C1", "U1", "1.0", "1.0", "What?", "mention")


def answer(layer: int, position: int, status: Status = "used", label: str = "") -> Answer:
    """Return the answer of a model whose name occurs in no other text."""
    has_text = status != "failed"
    return Answer(
        f"zzmodel{layer}x{position}",
        layer,
        position,
        status,
        text=f"Words of {layer} and {position}." if has_text else "",
        label=label,
        error=None if status == "used" else f'There is no model named "zzmodel{layer}x{position}".',
        error_kind=None if status in {"used", "truncated", "late"} else "not_found",
        seconds=1.5,
        usage=Usage(10, 20) if has_text else None,
        cost_usd=0.01 if has_text else None,
    )


def run(answers: Sequence[Answer], **more: object) -> Run:
    """Return a completed run with these answers."""
    writer = Answer("zzwriter", 99, 1, "used", text="The reply.", seconds=2.0)
    base = Run(
        id="RUN",
        question=QUESTION,
        pipeline="deep",
        seed=7,
        state="answered",
        created_at=datetime.now(UTC),
        reply="The reply.",
        status="complete",
        seconds=12.0,
        cost_usd=0.5,
        answers=tuple(answers),
        aggregators=(writer,),
    )
    return replace(base, **more)  # pyright: ignore[reportArgumentType]


def page(
    run: Run, key: str = OVERVIEW, policy: RevealPolicy = NAMED, calls: Sequence[Call] = ()
) -> str:
    """Return the text of a page of the modal, after the local Slack has accepted it."""
    view = parse_view(
        answers_view(RunForViewer.from_run(run, policy, calls), ModalLocation(run.id, key))
    )
    return render_blocks(view["blocks"])


def call(
    answer: Answer,
    model: str,
    attempt: int,
    kind: str | None = None,
    *,
    started: float = 0.0,
    ended: float = 1.0,
) -> Call:
    """Return a row of the call log for an answer."""
    return Call(
        model=model,
        role="proposer",
        layer=answer.layer,
        position=answer.position,
        attempt=attempt,
        state="cut" if kind else answer.status,
        started=started,
        ended=ended,
        error_kind=kind,
    )

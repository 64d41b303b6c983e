"""Formats a run as a JSON document with field names that scripts rely on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.terminal.safe_text import escaped_json
from moa import Answer, Call, Outcome
from moa.types import total_cost

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """A run without a reply.

    Attributes:
        pipeline: the pipeline's name.
        layers: the number of proposer layers.
        answers: every failed call, including those to aggregators.
        calls: every call, including retries.
        error: the reason, as a sentence.
        seconds: the run's duration.
    """

    pipeline: str
    layers: int
    answers: Sequence[Answer]
    calls: Sequence[Call]
    error: str
    seconds: float


def answered(outcome: Outcome) -> str:
    """Return the document of a run with a reply."""
    return _text(
        {
            "reply": outcome.reply,
            "status": outcome.status,
            "pipeline": outcome.pipeline,
            "answers": [_answer(answer) for answer in outcome.answers],
            "aggregator": _answer(outcome.aggregator) if outcome.aggregator else None,
            "seconds": _rounded(outcome.seconds),
            "first_token_seconds": _rounded(outcome.first_token_seconds),
            "cost_usd": _money(outcome.cost_usd),
            "cost_is_estimate": outcome.cost_is_estimate,
            "cut_at_limit": outcome.cut_at_limit,
            "notes": list(outcome.notes),
            "calls": [_call(call) for call in outcome.calls],
            "rankings": [_answer(ranking) for ranking in outcome.rankings],
            "disagreement": asdict(outcome.disagreement) if outcome.disagreement else None,
        }
    )


def failed(failure: Failure) -> str:
    """Return the document of a run without a reply: the same fields, plus `error`."""
    aggregators = [a for a in failure.answers if a.layer > failure.layers]
    return _text(
        {
            "reply": None,
            "status": "failed",
            "pipeline": failure.pipeline,
            "answers": [_answer(a) for a in failure.answers if a.layer <= failure.layers],
            "aggregator": _answer(aggregators[-1]) if aggregators else None,
            "seconds": _rounded(failure.seconds),
            "first_token_seconds": None,
            "cost_usd": _spent(failure.answers),
            "cost_is_estimate": any(a.usage and a.usage.estimated for a in failure.answers),
            "cut_at_limit": False,
            "notes": [],
            "calls": [_call(call) for call in failure.calls],
            "rankings": [],
            "disagreement": None,
            "error": failure.error,
        }
    )


def _answer(answer: Answer) -> Fields:
    usage = answer.usage
    return {
        "model": answer.model,
        "label": answer.label,
        "layer": answer.layer,
        "status": answer.status,
        "text": answer.text,
        "error": answer.error,
        "error_kind": answer.error_kind,
        "reason": answer.reason,
        "seconds": _rounded(answer.seconds),
        "input_tokens": usage.input_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
        "estimated": bool(usage and usage.estimated),
        "cost_usd": _money(answer.cost_usd),
    }


def _call(call: Call) -> Fields:
    usage = call.usage
    return {
        "model": call.model,
        "role": call.role,
        "layer": call.layer,
        "position": call.position,
        "attempt": call.attempt,
        "status": call.state,
        "error_kind": call.error_kind,
        "reason": call.reason,
        "started": _rounded(call.started),
        "first_token": _rounded(call.first_token),
        "ended": _rounded(call.ended),
        "input_tokens": usage.input_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
        "cached_tokens": usage.cached_tokens if usage else None,
        "estimated": bool(usage and usage.estimated),
        "cost_usd": _money(call.cost_usd),
    }


def _spent(answers: Sequence[Answer]) -> float | None:
    """Return the cost of failed calls. Calls that reported no tokens count as free."""
    return _money(total_cost(answer.cost_usd for answer in answers if answer.usage))


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _money(cost: float | None) -> float | None:
    # Nine digits hide binary rounding noise; no price is that small.
    return None if cost is None else round(float(cost), 9)


def _text(fields: Fields) -> str:
    return escaped_json(json.dumps(fields, ensure_ascii=False, indent=2))

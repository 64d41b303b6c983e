"""Converts runs, answers and calls to rows and back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Row
from sqlalchemy.dialects import postgresql, sqlite

from bot.ports import Question, Run
from bot.storage.disagreements import read_disagreement
from moa import Answer, Call, Usage

SEED_BITS = 63

T = TypeVar("T", Answer, Call)


def upsert(dialect: str) -> Any:
    """Return the dialect's `insert`. Both have `on_conflict_do_update`."""
    return postgresql.insert if dialect == "postgresql" else sqlite.insert


def question_row(question: Question) -> dict[str, Any]:
    """Return the columns of `runs` that hold a question."""
    return {
        "team": question.team,
        "channel": question.channel,
        "user": question.user,
        "ts": question.ts,
        "thread_ts": question.thread_ts,
        "text": storable(question.text),
        "surface": question.surface,
        "asked_pipeline": question.pipeline,
        "response_url": question.response_url,
        "attached": question.attached,
    }


def answer_row(run_id: str, answer: Answer, role: str) -> dict[str, Any]:
    """Return a row of `answers`, without the provider's own reason: Slack shows answers."""
    row = {
        **_plain(answer, "usage", "reason"),
        **_tokens(answer.usage),
        "run_id": run_id,
        "role": role,
    }
    return row | {"text": storable(answer.text), "error": answer.error and storable(answer.error)}


def ledger_row(run_id: str, call: Call) -> dict[str, Any]:
    """Return a row of `ledger`, the call log."""
    row = {**_plain(call, "usage"), **_tokens(call.usage), "run_id": run_id}
    return row | {"reason": call.reason and storable(call.reason)}


def read_run(row: Row[Any], answers: Sequence[Row[Any]], posts: Sequence[str]) -> Run:
    """Build a run from its row, its answers' rows and the ts of its posts."""
    found = [(answer.role, read_value(Answer, answer, "reason")) for answer in answers]
    return Run(
        id=row.id,
        question=Question(
            team=row.team,
            channel=row.channel,
            user=row.user,
            ts=row.ts,
            thread_ts=row.thread_ts,
            text=row.text,
            surface=row.surface,
            pipeline=row.asked_pipeline,
            response_url=row.response_url,
            attached=row.attached,
        ),
        pipeline=row.pipeline,
        seed=row.seed,
        state=row.state,
        created_at=aware(row.created_at),
        finished_at=row.finished_at and aware(row.finished_at),
        reply=row.reply,
        status=row.status,
        trouble=row.trouble,
        seconds=row.seconds,
        cost_usd=row.cost_usd,
        notes=tuple(json.loads(row.notes)),
        answers=tuple(a for role, a in found if role == "proposer"),
        rankings=tuple(a for role, a in found if role == "ranker"),
        aggregators=tuple(a for role, a in found if role == "aggregator"),
        posts=tuple(posts),
        attempt=row.attempt,
        again_of=row.again_of,
        disagreement=read_disagreement(row.disagreement),
        stop_by=row.stop_by,
    )


def new_id() -> str:
    """Return an unguessable id that no command line mistakes for an option."""
    while (made := secrets.token_urlsafe(18)).startswith("-"):
        pass
    return made


def day_of(moment: datetime) -> str:
    """Return the UTC day that spending counts toward."""
    return moment.date().isoformat()


def aware(moment: datetime) -> datetime:
    """Add UTC to a time from SQLite, which drops the time zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def storable(text: str) -> str:
    """Remove what Postgres (NUL) or UTF-8 (lone surrogates) can't store."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def read_value(kind: type[T], row: Row[Any], *without: str) -> T:
    """Build an answer or a call from its row, except for the fields `without`."""
    names = [name for name in kind.__slots__ if name not in {"usage", *without}]
    return kind(usage=_usage(row), **{name: getattr(row, name) for name in names})


def _plain(value: Answer | Call, *without: str) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__ if name not in without}


def _usage(row: Row[Any]) -> Usage | None:
    if row.input_tokens is None:
        return None
    return Usage(
        row.input_tokens, row.output_tokens, row.cached_tokens, estimated=bool(row.estimated)
    )


def _tokens(usage: Usage | None) -> dict[str, int | None]:
    if usage is None:
        unknown = dict.fromkeys(("input_tokens", "output_tokens", "cached_tokens"))
        return {**unknown, "estimated": False}
    return {
        "estimated": usage.estimated,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
    }

"""The interfaces that answering a question depends on: run store, threads, replies and more."""

from __future__ import annotations

from bot.ports.dispatch import Dispatcher, Jobs
from bot.ports.records import CallLog, Feedback, Observer, PastQuestion, QuestionHistory, RunSpan
from bot.ports.replies import Admission, Interrupt, Reply, ReplyFactory, Thread, ThreadReader
from bot.ports.run_store import RunStore
from bot.ports.runs import (
    DELETED,
    Ended,
    Question,
    QueuePosition,
    QueueStats,
    Run,
    RunSignal,
    RunState,
    Surface,
    UnfinishedRun,
)

__all__ = [
    "DELETED",
    "Admission",
    "CallLog",
    "Dispatcher",
    "Ended",
    "Feedback",
    "Interrupt",
    "Jobs",
    "Observer",
    "PastQuestion",
    "Question",
    "QuestionHistory",
    "QueuePosition",
    "QueueStats",
    "Reply",
    "ReplyFactory",
    "Run",
    "RunSignal",
    "RunSpan",
    "RunState",
    "RunStore",
    "Surface",
    "Thread",
    "ThreadReader",
    "UnfinishedRun",
]

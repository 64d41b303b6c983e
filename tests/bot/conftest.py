"""Fixtures of the tests of the queue."""

from __future__ import annotations

import pytest

from bot.jobs import local_pool as local
from bot.jobs import postgres_queue as shared
from bot.jobs import recovery
from bot.storage.database import Database
from tests.bot.job_stage import Stage


@pytest.fixture
def stage(opened: Database) -> Stage:
    """Open jobs on a fresh database."""
    return Stage(opened)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the intervals of periodic checks."""
    monkeypatch.setattr(recovery, "HEARTBEAT_S", 0.3)
    monkeypatch.setattr(recovery, "STALLED_S", 3.0)
    monkeypatch.setattr(recovery, "CHECK_S", 0.2)
    monkeypatch.setattr(shared, "POLL_S", 0.2)
    monkeypatch.setattr(shared, "RETRY_S", 0.2)
    monkeypatch.setattr(local, "RETRY_S", 0.2)

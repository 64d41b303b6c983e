"""A bug in a custom Model costs one answer, and its traceback reaches the developer."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncGenerator
from contextlib import suppress

import pytest

from moa import Chunk, NotEnoughAnswers, Plan, Profile, Prompt, Sampling, ask
from tests.garbage import uncollected
from tests.moa.runs import layer, plan, play, says
from tests.moa.virtual_time import virtual


class Buggy:
    """A Model with a bug."""

    profile = Profile("buggy")

    def __init__(self, words: str = "division by zero", cause: str = "") -> None:
        self._words = words
        self._cause = cause

    async def stream(self, prompt: Prompt, sampling: Sampling) -> AsyncGenerator[Chunk, None]:
        yield Chunk("")
        self.count_tokens()

    def count_tokens(self) -> None:
        """Raise an exception that no Model may raise."""
        raise ZeroDivisionError(self._words) from KeyError(self._cause)


@virtual
async def test_it_ends_only_its_own_call(caplog: pytest.LogCaptureFixture) -> None:
    """The run continues with the other answers, and the log has the full traceback."""
    played = await play(plan(layer(Buggy(), says("good")), by=says("writer")))
    answer = played.answer("buggy")
    assert (answer.status, answer.error_kind) == ("failed", "internal")
    assert "division" not in str(answer.error)
    assert played.outcome.status == "complete"
    [record] = caplog.records
    assert record.getMessage() == "model buggy raised ZeroDivisionError, not a ModelError"
    assert "in count_tokens" in caplog.text
    assert "ZeroDivisionError: division by zero" in caplog.text


@pytest.mark.parametrize("model", [Buggy("sk-secret"), Buggy(cause="sk-secret")])
@virtual
async def test_its_log_contains_no_key(model: Buggy, caplog: pytest.LogCaptureFixture) -> None:
    """An exception with a key, in itself or in its cause, is logged without the key."""
    await play(plan(layer(model, says("good")), by=says("writer")))
    assert "sk-secret" not in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "in count_tokens" in caplog.text


async def test_if_no_model_answers_it_is_the_errors_cause() -> None:
    """The traceback leads a developer to the bug in the custom Model."""
    with pytest.raises(NotEnoughAnswers) as raised:
        await ask(Plan.of([Buggy()], aggregator=Buggy()), "Why?")
    shown = "".join(traceback.format_exception(raised.value))
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert "in count_tokens" in shown
    assert "ZeroDivisionError: division by zero" in shown


async def test_a_provider_error_is_not_a_cause() -> None:
    """A provider's failure is in `answers`, without a traceback."""
    with pytest.raises(NotEnoughAnswers) as raised:
        await ask(Plan.of([says("mute", "")], aggregator=says("mute", "")), "Why?")
    assert raised.value.__cause__ is None


@virtual
async def test_it_leaves_no_reference_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kept traceback refers to nothing of the run, so no garbage collection is needed."""
    # pytest keeps log records, which would keep the run alive
    monkeypatch.setattr(logging.getLogger("moa.engine.in_flight_call"), "disabled", True)
    with uncollected("moa.") as left:
        await play(plan(layer(Buggy(), says("good")), by=says("writer")))
        with suppress(NotEnoughAnswers):
            await play(plan(layer(Buggy()), by=Buggy()))
        await asyncio.sleep(1)
    assert left == []

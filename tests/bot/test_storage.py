"""The journal on a real SQLite file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import ConfigurationError
from bot.ports import Question
from bot.storage.database import open_database, read_url
from bot.storage.runs import StoredRuns
from bot.storage.tables import ledger, metadata
from moa import Answer, Call, Outcome, Usage

QUESTION = Question("T1", "C1", "U1", "1.000100", "1.000100", "Why?", "mention")
KEYS = ("message:T1:C1:1.000100", "event:E1")
ANSWER = Answer("gpt", 1, 1, "used", "Because.", seconds=1.5, usage=Usage(10, 20, 5), cost_usd=0.01)
CALL = Call(
    "gpt", "proposer", 1, 1, 1, "used", 0.0, 1.5, 0.4, usage=Usage(10, 20, 5), cost_usd=0.01
)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncGenerator[AsyncEngine, None]:
    engine = await open_database(f"sqlite:///{tmp_path / 'bot.db'}")
    yield engine
    await engine.dispose()


@pytest.fixture
def runs(engine: AsyncEngine) -> StoredRuns:
    return StoredRuns(engine)


async def claimed(runs: StoredRuns) -> str:
    """The id of a run that was claimed just now."""
    run_id = await runs.claim(QUESTION, KEYS, "balanced")
    assert run_id is not None
    return run_id


async def test_a_question_is_claimed_once_whatever_name_it_comes_under(runs: StoredRuns) -> None:
    """The same event id, or the same message under another event id, is not claimed again."""
    await claimed(runs)
    assert await runs.claim(QUESTION, KEYS, "balanced") is None
    assert await runs.claim(QUESTION, ("event:E2", KEYS[0]), "balanced") is None
    assert await runs.claim(QUESTION, (KEYS[1],), "balanced") is None
    assert len(await runs.unfinished()) == 1


async def test_of_many_claims_at_once_exactly_one_wins(runs: StoredRuns) -> None:
    """Two connections that bring the same event at the same time start one run."""
    won = await asyncio.gather(*(runs.claim(QUESTION, KEYS, "balanced") for _ in range(20)))
    assert sum(run_id is not None for run_id in won) == 1


async def test_a_run_comes_back_as_it_was_stored(runs: StoredRuns) -> None:
    """Question, answers in order, aggregator, notes and posts all survive the database."""
    run_id = await claimed(runs)
    failed = replace(
        ANSWER, position=2, status="failed", text="", error="No.", error_kind="timeout"
    )
    writer = replace(ANSWER, layer=2, model="writer", text="The reply.")
    await runs.record(run_id, failed, replace(CALL, position=2, state="failed"))
    await runs.record(run_id, ANSWER, CALL)
    await runs.record(run_id, writer, replace(CALL, layer=2, role="aggregator"))
    await runs.posted(run_id, "2.000100")
    await runs.posted(run_id, "2.000200")
    labelled = replace(ANSWER, label="B")
    outcome = Outcome(
        "The reply.", "complete", "balanced", (labelled, failed), writer, (CALL,), 3.5, 1.0, ("N.",)
    )
    await runs.finish(run_id, outcome)
    run = await runs.get(run_id)
    assert run is not None
    assert run.question == QUESTION
    assert run.answers == (labelled, failed)
    assert run.aggregator == writer
    assert (run.reply, run.status, run.notes) == ("The reply.", "complete", ("N.",))
    assert run.posts == ("2.000100", "2.000200")
    assert run.state == "waiting"
    await runs.delivered(run_id)
    run = await runs.get(run_id)
    assert run is not None
    assert run.state == "answered"
    assert run.finished_at is not None
    assert run.finished_at >= run.created_at


async def test_every_call_has_one_line_in_the_ledger(runs: StoredRuns, engine: AsyncEngine) -> None:
    """A call is paid for once: an answer that was only restored adds no line."""
    run_id = await claimed(runs)
    await runs.record(run_id, ANSWER, CALL)
    await runs.record(run_id, ANSWER, replace(CALL, attempt=0))
    async with engine.connect() as connection:
        lines = (await connection.execute(select(ledger))).all()
    assert [(line.model, line.cost_usd, line.cached_tokens) for line in lines] == [("gpt", 0.01, 5)]


async def test_a_finished_run_is_not_begun_again(runs: StoredRuns) -> None:
    """Only waiting and interrupted runs are worked on."""
    run_id = await claimed(runs)
    first, second = await runs.begin(run_id), await runs.begin(run_id)
    assert first is not None
    assert not first.resumed
    assert second is not None, "an interrupted run may be begun again"
    assert second.resumed
    await runs.fail(run_id, "no_answer")
    assert await runs.begin(run_id) is None
    assert await runs.begin("no such run") is None
    assert await runs.unfinished() == []


async def test_the_response_url_is_forgotten_at_the_end(runs: StoredRuns) -> None:
    """A response_url is a secret: it is kept only while the question is open."""
    secret = replace(QUESTION, response_url="https://hooks.example/commands/secret")
    run_id = await runs.claim(secret, KEYS, "balanced")
    assert run_id is not None
    run = await runs.get(run_id)
    assert run is not None
    assert run.question.response_url == "https://hooks.example/commands/secret"
    assert "secret" not in repr(run.question)
    await runs.fail(run_id, "no_answer")
    run = await runs.get(run_id)
    assert run is not None
    assert run.question.response_url is None


async def test_odd_text_is_stored(runs: StoredRuns) -> None:
    """NUL characters and lone surrogates in a text do not lose the question."""
    run_id = await runs.claim(replace(QUESTION, text="a\x00b\ud800c🎉"), KEYS, "balanced")
    assert run_id is not None
    run = await runs.get(run_id)
    assert run is not None
    assert run.question.text == "ab?c🎉"


async def test_the_migrations_make_exactly_the_tables_that_the_code_uses(
    engine: AsyncEngine,
) -> None:
    """A change of the tables without a migration is caught."""

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_opening_twice_keeps_what_is_stored(tmp_path: Path) -> None:
    """A restart finds what was there; the migrations run only once."""
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    first = await open_database(url)
    run_id = await claimed(StoredRuns(first))
    await first.dispose()
    second = await open_database(url)
    assert await StoredRuns(second).unfinished() == [run_id]
    await second.dispose()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "is not a database address"),
        ("mysql://host/name", "names mysql, which is not supported"),
        ("", "is not a database address"),
        ("postgresql://u:p@host:abc/db", "is not a database address"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained(url: str, says: str) -> None:
    """The message names DATABASE_URL and what may stand there."""
    with pytest.raises(ConfigurationError, match="DATABASE_URL") as caught:
        read_url(url)
    assert says in str(caught.value)


async def test_a_database_that_cannot_be_opened_is_explained(tmp_path: Path) -> None:
    """A folder that does not exist, and a file that is no database, each get one clear message."""
    with pytest.raises(ConfigurationError, match="unable to open database file"):
        await open_database(f"sqlite:///{tmp_path / 'missing' / 'bot.db'}")
    (tmp_path / "text.db").write_text(
        "This is no database, but long enough to be read as one." * 40
    )
    with pytest.raises(ConfigurationError, match="not a database"):
        await open_database(f"sqlite:///{tmp_path / 'text.db'}")


async def test_a_password_is_never_part_of_the_message() -> None:
    """A server that is not there is named without the password."""
    with pytest.raises(ConfigurationError) as caught:
        await open_database("postgresql://ana:hunter2@127.0.0.1:1/moa")
    assert "127.0.0.1" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("password", ["e", "127", "port"])
async def test_a_short_password_does_not_mangle_the_message(password: str) -> None:
    """The message stays readable whatever word the password is."""
    with pytest.raises(ConfigurationError) as caught:
        await open_database(f"postgresql://ana:{password}@127.0.0.1:1/moa")
    assert "The database 127.0.0.1/moa cannot be used: " in str(caught.value)
    assert "***" not in str(caught.value)
    assert "Check DATABASE_URL" in str(caught.value)

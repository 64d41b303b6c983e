"""Secrets and texts that must never appear in a log."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url

from bot.logs import HIDDEN, hide_secrets
from moa.redaction import remember
from tests.bot.processes import local_services, log_until, rest_of_log, running_bot
from tests.models.replies import Reply

SECRETS = [
    "xoxb-1234-5678-abcdefghijkl",
    "xoxe.xoxp-1-abcdef",
    "xapp-1-A012-345-abcdef",
    "sk-ant-api03-abcdefghijkl",
    "sk-proj-abcdefghijkl",
    "https://hooks.slack.com/commands/T1/2/abc",
    "https://hooks.slack.com/actions/T1/2/abc",
    "wss://wss-primary.slack.com/link/?ticket=abc",
]

REFUSE_ANSWERS = {
    "sqlite": "CREATE TRIGGER not_taken BEFORE INSERT ON answers "
    "BEGIN SELECT RAISE(ABORT, 'not_taken'); END",
    "postgresql": "ALTER TABLE answers ADD CONSTRAINT not_taken CHECK (seconds < 0) NOT VALID",
}
"""Postgres error messages contain the rejected row."""


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_a_line_is_hidden(secret: str) -> None:
    """Tokens, keys, response_urls and socket addresses are redacted anywhere in a line."""
    line = hide_secrets(None, "info", {"event": f"before {secret} after", "n": 1})
    tail = secret.rsplit("-", maxsplit=1)[-1].rsplit("/", maxsplit=1)[-1]
    assert tail not in line["event"]
    assert HIDDEN in line["event"]
    assert line["event"].startswith("before ")
    assert line["event"].endswith(" after")


def test_a_password_in_an_address_is_hidden() -> None:
    """A database address keeps its host and loses its password."""
    line = hide_secrets(None, "info", {"event": "postgresql://ana:hunter2@db.example/moa"})
    assert line["event"] == f"postgresql://{HIDDEN}@db.example/moa"


def test_other_libraries_logs_are_redacted_and_json_is_one_object_a_line() -> None:
    """Logs of other libraries, including exceptions, are redacted too."""
    program = (
        "import logging; from bot import logs; logs.configure('INFO', 'json');"
        "log = logging.getLogger('some.library');"
        "log.info('token xoxb-1234-abcdefgh')\n"
        "try:\n    raise ValueError('key sk-abcdefghijkl')\n"
        "except ValueError:\n    log.exception('failed')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["level"] for line in lines] == ["info", "error"]
    assert "abcdefgh" not in done.stderr
    assert done.stdout == ""


BUG = """
import asyncio
from bot import logs
import moa

class Buggy:
    profile = moa.Profile("buggy")

    async def stream(self, prompt, sampling):
        yield moa.Chunk("")
        raise ValueError(f"cannot read {prompt.messages[-1].content}")

logs.configure("INFO", "json")
try:
    asyncio.run(moa.ask("What is a tangerine?", models=[Buggy()]))
except moa.NotEnoughAnswers:
    pass
"""


def test_a_models_bug_is_logged_without_the_question() -> None:
    """The operator sees where it was raised; its message, which may quote people, is left out."""
    done = subprocess.run([sys.executable, "-c", BUG], capture_output=True, text=True, check=True)
    first, *_ = [json.loads(line) for line in done.stderr.splitlines()]
    assert first["event"] == "model buggy raised ValueError, not a ModelError"
    assert "in stream" in first["exception"]
    assert first["exception"].endswith("ValueError")
    assert "tangerine" not in done.stderr


def test_a_key_in_use_is_hidden_whatever_it_looks_like() -> None:
    """Your own server may use any key."""
    remember("swordfish-2")
    line = hide_secrets(None, "info", {"event": "it said swordfish-2"})
    assert line["event"] == f"it said {HIDDEN}"


def test_request_bodies_are_never_logged() -> None:
    """Libraries that log whole bodies at INFO or DEBUG are limited to WARNING."""
    program = (
        "import logging; from bot import logs; logs.configure('DEBUG', 'json');"
        "logging.getLogger('slack_sdk.socket_mode.aiohttp').debug('a body');"
        "logging.getLogger('slack_bolt.AsyncApp').info('a body');"
        "logging.getLogger('bot.bolt').info('a body')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert logging.getLogger().level != logging.DEBUG


async def test_no_question_and_no_answer_is_logged(tmp_path: Path, database: str) -> None:
    """This holds even at DEBUG, and when the database rejects an answer or a question."""
    question, answer = "tangerine", "marmalade"
    async with (
        local_services(tmp_path, Reply(f"The {answer}.")) as services,
        running_bot(
            *(tmp_path, services.slack, "--drain", "1"),
            change={"LOG_LEVEL": "DEBUG"},
            database=database,
        ) as process,
    ):
        services.models.models |= dict.fromkeys(
            ("red-1", "green-1", "blue-1"), Reply(f"A {answer}.")
        )
        await services.complete(await services.ask(f"What is a {question}?"))
        log = await log_until(process, "run_answered")
        break_database(database, REFUSE_ANSWERS[make_url(database).get_backend_name()])
        ts = await services.ask(f"What else is a {question}?")
        await services.complete(ts, "Something went wrong")
        log += await log_until(process, "run_failed")
        break_database(database, "ALTER TABLE runs RENAME TO gone")
        await services.ask(f"And a {question}?")
        log += await log_until(process, "runs")
        process.send_signal(signal.SIGTERM)
        log += await rest_of_log(process)
    assert "not_taken" in log
    assert question not in log
    assert answer not in log
    assert "As you gave" not in log, "Bolt's warning of a token that is set as it should be"


def break_database(url: str, statement: str) -> None:
    """Change the bot's tables so that the database fails from now on."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()

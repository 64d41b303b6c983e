"""Claiming a question: it is stored under all the names by which it may reach us again."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import (
    ARRAY,
    Connection,
    Executable,
    String,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError

from bot.ports import Question
from bot.storage.database import Database
from bot.storage.rows import question_row
from bot.storage.sqlite import run
from bot.storage.statements import new_run, put_keys
from bot.storage.tables import claims, runs

SEED_BITS = 63
"""A seed that a BIGINT holds and nobody guesses."""

EPOCH = 1_767_225_600
"""2026-01-01 UTC, in seconds: turns are counted from here, so that they fit into 31 bits."""

CLAIM_OF_NOTHING = "fk_claims_run_id_runs"
"""What is violated where some of a question's keys are taken, so that its run is not stored."""


class IdempotencyKeys:
    """The keys, and the questions that are stored under them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put_run = insert(runs).values(new_run())
        self._whole = _put_whole()
        this = claims.c.key == bindparam("of")
        self._find = select(claims.c.key).where(this)
        self._release = delete(claims).where(this)

    async def claim(
        self, question: Question, keys: Sequence[str], pipeline: str, again_of: str | None
    ) -> str | None:
        """The id of a new run; None when one of the keys is taken, and nothing was stored.

        On Postgres that is one statement, on SQLite two.
        """
        row = _new_row(question, pipeline, again_of)
        names = sorted(set(keys))  # in one order, so that claims never wait in a circle
        store = self._store_whole if self._database.dialect == "postgresql" else self._store
        return row["id"] if await store(row, names) else None

    async def take(self, run_id: str, key: str) -> bool:
        """Claim one more key for a run; False when it is taken."""
        found = await self._database.change(put_keys(1), {"run_id": run_id, "key0": key})
        return bool(found.changed)

    async def release(self, key: str) -> None:
        """Give a key up."""
        await self._database.change(self._release, {"of": key})

    async def is_taken(self, key: str) -> bool:
        """Whether anything was claimed under this key."""
        return bool((await self._database.look(self._find, {"of": key})).rows)

    async def _store_whole(self, row: Mapping[str, Any], keys: Sequence[str]) -> bool:
        try:
            return bool((await self._database.change(self._whole, {**row, "keys": keys})).rows)
        except IntegrityError as error:
            if _constraint(error) != CLAIM_OF_NOTHING:
                raise
            return False

    async def _store(self, row: Mapping[str, Any], keys: Sequence[str]) -> bool:
        def store(connection: Connection) -> None:
            run(self._put_run, row, connection)
            # Only a taken key means "claimed before"; any other trouble is an error, so that Slack
            # is not told that the question was taken in.
            named = {f"key{number}": key for number, key in enumerate(keys)}
            put = run(put_keys(len(keys)), named | {"run_id": row["id"]}, connection)
            if put.changed < len(keys):
                raise _ClaimedBefore

        try:
            await self._database.write(store)
        except _ClaimedBefore:
            return False
        return True


class _ClaimedBefore(Exception):
    """A question's key is taken: what was stored for it is undone."""


def _put_whole() -> Executable:
    """Postgres alone: put the `keys`, and the run where all of them were free; gives back its id.

    Where one was not, nothing is put. Where one is taken at this very moment, the claims of the
    others are of a run that is not there, at which the statement fails.
    """
    keys = cast(bindparam("keys"), ARRAY(String))
    free = ~exists().where(claims.c.key == any_(keys))
    key = postgresql.insert(claims).from_select(
        [claims.c.key, claims.c.run_id],
        select(func.unnest(keys), bindparam("id", type_=String)).where(free),
    )
    taken = key.on_conflict_do_nothing().returning(claims.c.key).cte("taken")
    all_taken = select(func.count()).select_from(taken).scalar_subquery() == func.cardinality(keys)
    row = new_run()
    new = insert(runs).from_select([*row], select(*row.values()).where(all_taken))
    return new.add_cte(taken).returning(runs.c.id)


def _constraint(error: IntegrityError) -> str | None:
    return error.orig.diag.constraint_name if isinstance(error.orig, psycopg.Error) else None


def _new_row(question: Question, pipeline: str, again_of: str | None) -> dict[str, Any]:
    return {
        **dict.fromkeys(runs.c.keys()),
        **question_row(question),
        "id": _new_id(),
        "pipeline": pipeline,
        "seed": secrets.randbits(SEED_BITS),
        "state": "waiting",
        "created_at": datetime.now(UTC),
        "reply": "",
        "notes": "[]",
        "attempt": 0,
        "turn": int(time.time()) - EPOCH,
        "again_of": again_of,
    }


def _new_id() -> str:
    """An id that nobody guesses, and that a command line does not take for an option."""
    while (run_id := secrets.token_urlsafe(18)).startswith("-"):
        pass
    return run_id

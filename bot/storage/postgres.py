"""Postgres: finding out without asking it whether a pooled connection is still there."""

from __future__ import annotations

import select
from typing import Any

import psycopg
from psycopg.pq import ConnStatus
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

LAST_WORDS = 3
"""What is read of a connection that has something to say: a notice, why it ends, its end."""


def replace_lost(engine: Engine) -> None:
    """Have connections replaced that the server has closed, as it does when it is restarted.

    Pinging each one before its use would cost a round trip each time. A connection at rest that
    has been closed can be read from: its end is there. One whose server vanished without a word
    cannot be told from a good one, and fails when it is used.
    """
    event.listen(engine, "checkout", _check)


def _check(connection: Any, _record: object, _proxy: object) -> None:
    one: psycopg.AsyncConnection[Any] = connection.driver_connection
    if one.closed or not _is_there(one.pgconn):
        raise DisconnectionError("the server has closed it")


def _is_there(connection: psycopg.pq.abc.PGconn) -> bool:
    waiting = select.poll()
    waiting.register(connection.socket, select.POLLIN)
    try:
        for _ in range(LAST_WORDS):
            if not waiting.poll(0):
                break
            connection.consume_input()
    except psycopg.OperationalError:
        return False
    return connection.status == ConnStatus.OK

"""Keeping what is stored out of the words of database errors, since those get into logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

BAD_DATA = "22"
"""The class of SQLSTATEs whose first line quotes the value that Postgres could not read."""


def hide_values(engine: Engine) -> None:
    """Have the errors of an engine say what went wrong, but not with which values.

    SQLAlchemy's `hide_parameters` keeps the parameters of a statement out of its errors. Postgres
    adds lines of its own (DETAIL, CONTEXT) that quote whole rows: only its first line is kept.
    SQLite names tables and columns alone.
    """
    event.listen(engine, "handle_error", _shorten)


def _shorten(context: ExceptionContext) -> None:
    for error in _chain(context.original_exception):
        diagnosis = getattr(error, "diag", None)
        if diagnosis is not None and diagnosis.sqlstate:
            error.args = (_first_line(diagnosis),)
    told = context.sqlalchemy_exception
    if told is not None:
        kind = type(context.original_exception)
        told.args = (f"({kind.__module__}.{kind.__name__}) {context.original_exception}",)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and all that stands with it in a traceback; psycopg raises one for each of many."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        error = waiting.pop()
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            waiting += [error.__cause__, error.__context__]
            yield error


def _first_line(diagnosis: Any) -> str:
    """What a psycopg `Diagnostic` says, without what it quotes."""
    if diagnosis.sqlstate.startswith(BAD_DATA):
        return f"SQLSTATE {diagnosis.sqlstate}"
    return str(diagnosis.message_primary)

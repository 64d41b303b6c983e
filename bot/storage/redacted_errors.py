"""Keeping what is stored out of the words of database errors, since those get into logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Dialect, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

BAD_DATA = "22"
"""The class of SQLSTATEs whose first line quotes the value that Postgres could not read."""


def redact_values(engine: Engine) -> None:
    """Have the errors of an engine say what went wrong, but not with which values.

    SQLAlchemy's `hide_parameters` keeps the parameters of a statement out of its errors. Postgres
    adds lines of its own (DETAIL, CONTEXT) that quote whole rows: only its first line is kept.
    SQLite names tables and columns alone.
    """
    event.listen(engine, "handle_error", _heard)


def redacted_error(error: Exception, statement: str, dialect: Dialect) -> BaseException:
    """What SQLAlchemy would raise for a driver's error, without values in either one's words."""
    base = dialect.loaded_dbapi.Error
    raised = DBAPIError.instance(
        statement, None, error, base, hide_parameters=True, dialect=dialect
    )
    _shorten(error, raised)
    return raised


def _heard(context: ExceptionContext) -> None:
    _shorten(context.original_exception, context.sqlalchemy_exception)


def _shorten(original: BaseException, told: BaseException | None) -> None:
    for error in _chain(original):
        diagnosis = getattr(error, "diag", None)
        if diagnosis is not None and diagnosis.sqlstate:
            error.args = (_first_line(diagnosis),)
    if told is not None:
        kind = type(original)
        told.args = (f"({kind.__module__}.{kind.__name__}) {original}",)


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

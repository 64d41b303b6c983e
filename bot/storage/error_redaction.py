"""Keeps stored values out of database errors, because errors end up in logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

BAD_DATA = "22"
"""The SQLSTATE class whose first line quotes the value that Postgres couldn't read."""


def redact_errors(engine: Engine) -> None:
    """Keep values out of an engine's error messages.

    SQLAlchemy's `hide_parameters` removes a statement's parameters. Postgres adds DETAIL and
    CONTEXT lines that quote whole rows, so only the first line is kept. SQLite names only tables
    and columns.
    """
    event.listen(engine, "handle_error", _redact)


def _redact(context: ExceptionContext) -> None:
    original = context.original_exception
    for error in _chain(original):
        diagnosis = getattr(error, "diag", None)
        if diagnosis is not None and diagnosis.sqlstate:
            error.args = (_first_line(diagnosis),)
    raised = context.sqlalchemy_exception
    if raised is not None:
        kind = type(original)
        raised.args = (f"({kind.__module__}.{kind.__name__}) {original}",)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error with its causes and contexts. psycopg raises one error per row of many."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        error = waiting.pop()
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            waiting += [error.__cause__, error.__context__]
            yield error


def _first_line(diagnosis: Any) -> str:
    """Return the first line of a psycopg `Diagnostic`, without quoted values."""
    if diagnosis.sqlstate.startswith(BAD_DATA):
        return f"SQLSTATE {diagnosis.sqlstate}"
    return str(diagnosis.message_primary)

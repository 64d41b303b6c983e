"""Keeping what is stored out of the words of database errors, since those get into logs."""

from __future__ import annotations

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
    error = context.original_exception
    diagnosis = getattr(error, "diag", None)
    if diagnosis is None or not diagnosis.sqlstate:
        return  # not what the server said, so it quotes no rows
    words = str(diagnosis.message_primary)
    if diagnosis.sqlstate.startswith(BAD_DATA):
        words = f"SQLSTATE {diagnosis.sqlstate}"
    error.args = (words,)
    if context.sqlalchemy_exception is not None:
        kind = type(error)
        context.sqlalchemy_exception.args = (f"({kind.__module__}.{kind.__name__}) {words}",)

"""A single statement: a transaction by itself, which is how most of a question's are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect


class Found(NamedTuple):
    """What a statement gave.

    Attributes:
        rows: with their columns as attributes; none of a statement that gives none back.
        changed: how many rows it put, changed or deleted.
    """

    rows: Sequence[Any]
    changed: int

    @property
    def row(self) -> Any | None:
        """The only row; None where there is none."""
        return self.rows[0] if self.rows else None


class Written(NamedTuple):
    """A statement in SQL, and those of its parameters that are the same each time."""

    text: bytes
    fixed: Mapping[str, Any]


@lru_cache(256)
def written(statement: Any, dialect: Dialect) -> Written:
    """A statement in SQL, made once: it must be one that is kept, not built for each use.

    Its parameters are handed to the driver as they are. So none may have a type that SQLAlchemy
    reads or writes in a way of its own, nor stand for a list of unknown length.
    """
    compiled = statement.compile(dialect=dialect)
    fixed = {name: bind.value for bind, name in compiled.bind_names.items() if not bind.required}
    return Written(str(compiled).encode(), fixed)

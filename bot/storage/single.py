"""A single statement: a transaction by itself, which is how most of a question's are.

SQLAlchemy writes its text once, and the driver runs it: its own part in running one takes as
long as the driver's.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect
from sqlalchemy.types import TypeEngine

Convert = Callable[[Any], Any]


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


@dataclass(frozen=True, slots=True)
class Written:
    """A statement as its driver takes it.

    Attributes:
        text: in SQL.
    """

    text: str
    _fixed: Mapping[str, Any]
    _writers: Mapping[str, Convert]
    _row: Callable[..., Any] | None
    _readers: Sequence[tuple[int, Convert]]

    def given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters as the driver takes them."""
        given = {**self._fixed, **values}
        for name, write in self._writers.items():
            given[name] = write(given[name])
        return given

    def rows(self, found: Iterable[Sequence[Any]]) -> Sequence[Any]:
        """The driver's rows with their columns as attributes."""
        if self._row is None:
            return ()
        return [self._row(*self._read(row)) for row in found]

    def _read(self, row: Sequence[Any]) -> Sequence[Any]:
        if not self._readers:
            return row
        values = [*row]
        for at, read in self._readers:
            values[at] = read(values[at])
        return values


@lru_cache(256)
def written(statement: Any, dialect: Dialect) -> Written:
    """A statement as its driver takes it, made once: it must be one that is kept, not built anew.

    None of its parameters may stand for a list of unknown length.
    """
    compiled = statement.compile(dialect=dialect)
    named = [*compiled.bind_names.items()]
    writers = {name: _impl(bind.type, dialect).bind_processor(dialect) for bind, name in named}
    columns = [*getattr(statement, "exported_columns", ())]
    # psycopg reads all types that we have by itself; SQLite has no dates and no booleans.
    read_here = columns if dialect.name == "sqlite" else []
    readers = [_impl(column.type, dialect).result_processor(dialect, None) for column in read_here]
    return Written(
        str(compiled),
        {name: bind.value for bind, name in named if not bind.required},
        {name: write for name, write in writers.items() if write},
        _row_of(columns) if columns else None,
        [(at, read) for at, read in enumerate(readers) if read],
    )


def _impl(kind: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return kind.dialect_impl(dialect)


def _row_of(columns: Sequence[Any]) -> Callable[..., Any]:
    names = [getattr(column, "name", "") or f"_{at}" for at, column in enumerate(columns)]
    # Its names are the statement's, and only the database knows its types.
    return namedtuple("Row", names, rename=True)  # noqa: PYI024 # pyright: ignore[reportUntypedNamedTuple]

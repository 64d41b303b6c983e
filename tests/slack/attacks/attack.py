"""An entry of the corpus."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.cases import every_case

Row = tuple[str, str, str] | tuple[str, str, str, tuple[str, ...]]
"""Name, aim, text, and the parts of the text that a reader never sees."""


@dataclass(frozen=True, slots=True)
class Attack:
    """A hostile text.

    Attributes:
        kind: the corpus file that contains it.
        name: unique within its kind.
        tries: its aim, in one sentence.
        text: the text of a model or a person.
        lost: parts of the text that need not be shown, in order: an image's address, a
            link's title, an address that is its own label.
    """

    kind: str
    name: str
    tries: str
    text: str
    lost: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def shown(self) -> str:
        """Return the text without the parts that need not be shown."""
        kept, rest = "", self.text
        for stretch in self.lost:
            before, found, rest = rest.partition(stretch)
            assert found, f"{self}: {stretch!r} is not in the text"
            kept += f"{before} "
        return kept + rest


def named(kind: str, rows: Iterable[Row]) -> tuple[Attack, ...]:
    """Return the rows of one corpus file as attacks."""
    return tuple(
        Attack(kind, row[0], row[1], row[2], row[3] if len(row) == 4 else ()) for row in rows
    )


def check_each(attacks: Iterable[Attack], check: Callable[[Attack], object]) -> None:
    """Run a check on every attack, then fail once with the name and traceback of each failure."""
    with every_case() as case:
        for attack in attacks:
            with case(str(attack)):
                check(attack)

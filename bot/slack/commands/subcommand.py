"""What a subcommand is, and what it may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from moa.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Desk:
    """What the subcommands tell of.

    Attributes:
        command: the slash command as it was typed, such as `/moa`.
        pipelines: all pipelines by name.
        default: the name of the pipeline that is used when none is named.
        subcommands: all of them, for the help text.
    """

    command: str
    pipelines: Mapping[str, Pipeline]
    default: str
    subcommands: Sequence[Subcommand]


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A word after the slash command that asks nothing of the models.

    Attributes:
        name: the word.
        summary: what it does, as the help text says it.
        answer: what the person is shown, as mrkdwn.
    """

    name: str
    summary: str
    answer: Callable[[Desk], str]

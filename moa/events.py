"""What `moa.run` yields while it works, in the order in which it happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from moa.types import Answer, Call, Disagreement, Outcome


@dataclass(frozen=True, slots=True)
class LayerStarted:
    """All proposers of a layer are being asked. Layers count from 1.

    `brings` is what their texts will be; see `moa.Task`.
    """

    layer: int
    models: tuple[str, ...]
    brings: Literal["answers", "rankings", "combination"] = "answers"


@dataclass(frozen=True, slots=True)
class Answered:
    """A model's answer is there, in time or late. `call` is its line in the ledger.

    Where `call.role` is "ranker" its text is a ranking of answers, and not one of them.
    """

    answer: Answer
    call: Call


@dataclass(frozen=True, slots=True)
class Failed:
    """A call brought no whole answer; the run goes on. `answer` keeps what text had come."""

    answer: Answer
    call: Call


@dataclass(frozen=True, slots=True)
class Retried:
    """A call is over, and its answer is expected of another one: a retry, or a hedge.

    `call` is its line in the ledger: each line stands in one Answered, Failed, Retried or
    Compared.
    """

    call: Call


@dataclass(frozen=True, slots=True)
class LayerClosed:
    """A layer waits for nobody any more.

    `answers` are those that the next layer reads, under their labels, in the order in which it
    reads them; behind a ranking layer they are the answers that were ranked. `waiting` names the
    models whose answers will come too late.
    """

    layer: int
    answers: tuple[Answer, ...]
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AggregatorStarted:
    """An aggregator is being asked for the reply; `attempt` counts from 1."""

    model: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Retracted:
    """All text of the reply so far was its author's thought: the reply is empty again.

    It happens where a server's chat template opens the thought in the prompt, so that only its end
    shows in the text.
    """


@dataclass(frozen=True, slots=True)
class Compared:
    """An analyst's call has ended; None where it did not tell in time, or not in the form asked."""

    disagreement: Disagreement | None
    call: Call


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is over. Exactly one is yielded, as the last event, unless the run raises."""

    outcome: Outcome


Event = (
    LayerStarted
    | Answered
    | Failed
    | Retried
    | LayerClosed
    | AggregatorStarted
    | Delta
    | Retracted
    | Compared
    | Finished
)

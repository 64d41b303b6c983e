"""The events that `moa.run` yields, in the order in which they happen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from moa.types import Answer, Call, Disagreement, Outcome


@dataclass(frozen=True, slots=True)
class LayerStarted:
    """All models of a layer have been called.

    Attributes:
        layer: the layer's number, from 1.
        models: names in the order of their seats.
        output: what their texts will be; see `moa.Task`.
    """

    layer: int
    models: tuple[str, ...]
    output: Literal["answers", "rankings", "combination"] = "answers"


@dataclass(frozen=True, slots=True)
class Answered:
    """A model has answered, in time or late.

    Attributes:
        answer: the answer. If `call.role` is "ranker", its text is a ranking of answers.
        call: the call that produced it.
    """

    answer: Answer
    call: Call


@dataclass(frozen=True, slots=True)
class Failed:
    """A call returned no complete answer; the run continues.

    Attributes:
        answer: holds the text received so far, and the error.
        call: the call that failed.
    """

    answer: Answer
    call: Call


@dataclass(frozen=True, slots=True)
class Retried:
    """A call has ended and another one, a retry or a hedge, may still produce the answer.

    Every logged call appears in exactly one Answered, Failed, Retried or Compared.
    """

    call: Call


@dataclass(frozen=True, slots=True)
class LayerClosed:
    """A layer waits for no more answers.

    Attributes:
        layer: the layer's number, from 1.
        answers: labelled, in the order in which the next layer reads them. After a ranking layer
            they are the answers that were ranked.
        waiting: names of the models whose answers will be late.
    """

    layer: int
    answers: tuple[Answer, ...]
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AggregatorStarted:
    """An aggregator has been called for the reply; `attempt` counts from 1."""

    model: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Retracted:
    """Discard the reply's text so far: it was the aggregator's thought. The reply is empty again.

    This happens if the server's chat template opens the thought in the prompt. Then the text only
    contains the closing tag.
    """


@dataclass(frozen=True, slots=True)
class Compared:
    """An analyst's call has ended.

    Attributes:
        disagreement: None if the analyst was too slow, failed, or wrote an invalid reply.
        call: the analyst's call.
    """

    disagreement: Disagreement | None
    call: Call


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is over. It is always the last event, unless the run raises."""

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

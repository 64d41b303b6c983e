"""The values that runs take and return: frozen and comparable, without ids or timestamps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["proposer", "ranker", "aggregator", "analyst"]
"""A model's role in a run. The same model may have several.

A ranker judges the proposers' answers. An analyst compares them while the aggregator writes.
"""

Stop = Literal["end", "length", "refusal"]
"""Why a model stopped: it was done, it reached its token limit, or it declined."""

Status = Literal["used", "late", "failed", "truncated", "cut"]
"""The status of an answer.

used, truncated: the next layer read it; `truncated` reached the model's token limit.
late: it arrived after its layer had closed.
cut: it was stopped early, by the run or by a broken connection; it holds the text so far.
failed: it has no text.
"""

OutcomeStatus = Literal["complete", "partial", "unsynthesised"]
"""`partial`: the aggregator was cut off. `unsynthesised`: the reply is one model's draft.

See `Outcome.cut_at_limit` for a reply that reached its model's length limit."""

ImageType = Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
"""The types that both OpenAI and Anthropic accept."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image in a turn.

    Attributes:
        media_type: the actual type of its bytes, whatever its name says.
        data: its bytes in base64, as the APIs take them; encoded once for all models.
        name: the name the turn's text uses for it.
        width, height: in pixels; 0 if unknown.
    """

    media_type: ImageType
    data: str = field(repr=False)
    name: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation. Only a user's turn may have images; they precede its text.

    Attributes:
        author: who wrote it, in a thread of several people. If such a thread is too long for a
            model, its first message stays, and a line says how many are missing, and whose.
        left_out: the authors of the messages that this turn replaces, one for each message; empty
            for a message.
    """

    role: Literal["user", "assistant"]
    content: str
    images: tuple[Image, ...] = ()
    author: str = ""
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A system text and the turns of a conversation, oldest first."""

    messages: tuple[Message, ...]
    system: str = ""

    @classmethod
    def of(cls, question: str, *, system: str = "") -> Prompt:
        """Return a thread with a single user turn."""
        return cls((Message("user", question),), system)


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling parameters; None for the provider's default."""

    temperature: float | None = None
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call, as counted by the provider.

    Attributes:
        input_tokens: include `cached_tokens`.
        output_tokens: include the tokens of thoughts.
        cached_tokens: input read from the provider's cache.
        cost_usd: the cost as reported by the provider, or None.
        estimated: whether the provider did not count all tokens, so the counts are estimates from
            the text sent and received.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a model's stream. Any field may be empty; the last chunk has `stop`.

    `thought` is True if the model is thinking, which is not part of its text.
    """

    text: str = ""
    usage: Usage | None = None
    stop: Stop | None = None
    thought: bool = False


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; `cached` is None if cached input costs the same."""

    input: float
    output: float
    cached: float | None = None

    def of(self, usage: Usage) -> float:
        """Return the cost of a call in US dollars."""
        cached_price = self.input if self.cached is None else self.cached
        fresh = usage.input_tokens - usage.cached_tokens
        tokens = fresh * self.input + usage.cached_tokens * cached_price
        return (tokens + usage.output_tokens * self.output) / 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one call: a proposer's answer, a ranking or the aggregator's reply.

    Attributes:
        model: the model's name in the pipeline.
        layer, position: count from 1; the aggregators form one more layer.
        status: what happened to it.
        text: the text received; may be incomplete.
        label: the anonymous letter under which the next layer read it, or "".
        error: a sentence that is safe to show, or None.
        error_kind: a stable identifier (see `moa.errors`), or None.
        seconds, first_token_seconds: measured from the start of the call.
        usage: None if the call cost nothing: it failed before any text, or was never sent.
        cost_usd: None if the price or the usage is unknown.
        reason: the provider's own reason for a failure, for operators only: it may quote the
            question.
    """

    model: str
    layer: int
    position: int
    status: Status
    text: str = ""
    label: str = ""
    error: str | None = None
    error_kind: str | None = None
    seconds: float = 0.0
    first_token_seconds: float | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    reason: str | None = None

    @property
    def readable(self) -> bool:
        """Whether the next layer may read it."""
        return self.status in {"used", "truncated"}


@dataclass(frozen=True, slots=True)
class Call:
    """An entry of the call log: one call, whether or not its answer was used.

    Attributes:
        model: the model's name in the pipeline.
        role, layer, position: where the call belongs; layers and positions count from 1.
        attempt: counts from 1; 0 for an answer reused from an earlier attempt at the run.
        state: the status of its answer.
        started, ended, first_token: seconds since the run started.
        error_kind: a stable identifier (see `moa.errors`), or None.
        usage: None if the call cost nothing: it failed before any text, or was never sent.
        cost_usd: None, not 0, if the price or the usage is unknown; an estimate if `usage` is one.
        reason: the provider's own reason for a failure, for operators only.
    """

    model: str
    role: Role
    layer: int
    position: int
    attempt: int
    state: Status
    started: float
    ended: float
    first_token: float | None = None
    error_kind: str | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What some answers say on a topic. `models` are their authors, one for each of `labels`."""

    text: str
    labels: tuple[str, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A topic on which answers differ: two or more views."""

    topic: str
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where the answers agree and where they differ, in a model's words."""

    agreements: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a run, and everything it paid for.

    Attributes:
        reply: the text for the person who asked.
        status: whether the reply is complete.
        pipeline: the plan's name.
        answers: every proposer's answer, failed ones too, in the order of layers and seats.
        aggregator: the answer that became the reply; None if the reply is a draft.
        calls: every call, in the order in which they ended.
        seconds, first_token_seconds: measured from the start of the run.
        notes: sentences for the reader, for example what was left out of a prompt.
        rankings: the texts of ranking layers.
        disagreement: None unless the pipeline asks for it and the analyst replied in time.
    """

    reply: str
    status: OutcomeStatus
    pipeline: str
    answers: tuple[Answer, ...]
    aggregator: Answer | None
    calls: tuple[Call, ...]
    seconds: float
    first_token_seconds: float | None = None
    notes: tuple[str, ...] = field(default=())
    rankings: tuple[Answer, ...] = ()
    disagreement: Disagreement | None = None

    @property
    def cost_usd(self) -> float | None:
        """The run's cost in US dollars; None if the cost of any call that ran is unknown."""
        return cost_of_calls(self.calls)

    @property
    def usage(self) -> Usage:
        """The total tokens of all calls; `estimated` if any of them is."""
        used = [call.usage for call in self.calls if call.usage]
        return Usage(
            sum(u.input_tokens for u in used),
            sum(u.output_tokens for u in used),
            sum(u.cached_tokens for u in used),
            estimated=any(u.estimated for u in used),
        )

    @property
    def cost_is_estimate(self) -> bool:
        """Whether part of the cost is an estimate, because a provider did not count its tokens."""
        return any(c.usage and c.usage.estimated and c.cost_usd for c in self.calls)

    @property
    def cut_at_limit(self) -> bool:
        """Whether the reply is incomplete because its model reached its length limit."""
        return self.aggregator is not None and self.aggregator.status == "truncated"


def cost_of_calls(calls: Iterable[Call]) -> float | None:
    """Return the cost in US dollars; None if the cost of any call that ran is unknown."""
    return total_cost(c.cost_usd for c in calls if c.usage or c.state != "failed")


def total_cost(costs: Iterable[float | None]) -> float | None:
    """Return the sum of costs; None if any of them is unknown."""
    listed = list(costs)
    known = [cost for cost in listed if cost is not None]
    return sum(known) if len(known) == len(listed) else None

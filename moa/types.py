"""The values that pass through the method: frozen, comparable, free of any identity.

A Slack timestamp or a run's id never stands here: two equal messages are equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Role = Literal["proposer", "ranker", "aggregator", "analyst"]
"""What a model plays in a run. The same model may play several.

A ranker judges the proposers' answers; an analyst says where they differ, beside the aggregator.
"""

Stop = Literal["end", "length", "refusal"]
"""Why a model stopped: it was done, it met its token limit, or it declined."""

Status = Literal["used", "late", "failed", "truncated", "cut"]
"""What became of an answer.

`used` was read by the next layer; `truncated` too, but the model met its token limit;
`late` came after its layer had closed; `cut` was stopped before its end (by us or by a broken
connection) and holds what had come; `failed` brought no text.
"""

OutcomeStatus = Literal["complete", "partial", "unsynthesised"]
"""`partial`: the aggregator broke off. `unsynthesised`: none wrote a reply, so it is one draft. See
`Outcome.cut_at_limit` for a reply that met its author's limit."""


ImageType = Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
"""What OpenAI's and Anthropic's API both take."""


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that belongs to a turn.

    Attributes:
        media_type: what its bytes are, whatever it is called.
        data: its bytes in base64, as the APIs take them: encoded once, however many models see it.
        name: what the turn's text calls it.
        width, height: in pixels; 0 where they are not known.
    """

    media_type: ImageType
    data: str = field(repr=False)
    name: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation. Only a user's turn may have images; they are shown before it."""

    role: Literal["user", "assistant"]
    content: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is sent: one system text and the turns, the oldest first."""

    messages: tuple[Message, ...]
    system: str = ""

    @classmethod
    def of(cls, question: str, *, system: str = "") -> Prompt:
        """A thread of one user turn."""
        return cls((Message("user", question),), system)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model is asked to sample. `None` leaves a value to the provider."""

    temperature: float | None = None
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the provider counted them; `cached_tokens` are part of the input.

    `output_tokens` include those of its thoughts. `cost_usd` is what the provider itself says that
    the call cost. `estimated`: the provider did not count, or not to the end, so that these are
    estimates from what was sent and received.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a model's stream. Any field may be empty; the last chunk carries `stop`.

    `thought`: the model is thinking, which is no part of its text.
    """

    text: str = ""
    usage: Usage | None = None
    stop: Stop | None = None
    thought: bool = False


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens."""

    input: float
    output: float
    cached: float | None = None

    def of(self, usage: Usage) -> float:
        """The cost of a call in US dollars."""
        cached_price = self.input if self.cached is None else self.cached
        fresh = usage.input_tokens - usage.cached_tokens
        tokens = fresh * self.input + usage.cached_tokens * cached_price
        return (tokens + usage.output_tokens * self.output) / 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call brought: a proposer's answer, or the aggregator's reply.

    `seconds` is measured from the start of the call. `label` is the anonymous letter under which
    the next layer read it, empty when it was not read. `error` is a plain sentence that is safe to
    show; `error_kind` sorts it (see `moa.errors`). `reason` is the provider's own, for operators
    only: it may quote the question.
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
    """One line of the ledger: a call that was made, whether its answer was used or not.

    Times are seconds since the run began. `cost_usd` is None when the price or the usage is
    unknown, never 0 in its stead. Where `usage` is estimated, so is the cost. `reason` is what the
    provider said, for operators only.
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
    """What some answers hold on a topic. `models` are their authors, one for each of `labels`."""

    text: str
    labels: tuple[str, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A point on which answers differ: two views or more."""

    topic: str
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What the answers that were read agree on, and where they differ, in a model's words."""

    agreements: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended, with everything that was paid for.

    `answers` holds every proposer's answer, failed ones too, in the order of layers and proposers;
    `rankings` what the models of a ranking layer said about these, which are no answers.
    `aggregator` is the call that wrote the reply; None when the reply is a draft
    (`status == "unsynthesised"`). `notes` are plain sentences for the reader, for example what was
    left out of a prompt for want of room. `disagreement` is there when the pipeline asks for it and
    a model has told it in time.
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
        """What the run cost in US dollars; None when the cost of any call that ran is unknown."""
        costs = [call.cost_usd for call in self.calls if call.usage or call.state != "failed"]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None

    @property
    def usage(self) -> Usage:
        """The tokens of all calls, added up; `estimated` where any of them are."""
        used = [call.usage for call in self.calls if call.usage]
        return Usage(
            sum(u.input_tokens for u in used),
            sum(u.output_tokens for u in used),
            sum(u.cached_tokens for u in used),
            estimated=any(u.estimated for u in used),
        )

    @property
    def cost_is_estimate(self) -> bool:
        """Whether a part of the cost is an estimate, since a provider did not count its tokens."""
        return any(c.usage and c.usage.estimated and c.cost_usd for c in self.calls)

    @property
    def cut_at_limit(self) -> bool:
        """Whether the reply has no end, since its author met its limit of output tokens."""
        author = self.aggregator
        return author is not None and author.status == "truncated"

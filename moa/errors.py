"""The error tree of the method. A provider sorts by exception type, status and body code.

MoaError
├── PipelineError        a pipeline or a model is set up wrongly; found before any call
├── NotEnoughAnswers     no model of a run answered
└── ModelError           one call failed; an event of the run, not its end
    ├── RateLimited      429; `retry_after` in seconds when the server said so
    ├── Unavailable      no connection, 5xx, overloaded, timed out, cut in mid-stream
    ├── Rejected         the request as it stands will never be accepted (400, 401, 403, 404, quota)
    └── Overflow         the prompt does not fit into the model's context window

An exception's docstring is its default message: a plain sentence that is safe to show to anybody.
Words from a provider never become part of it, since they may hold a key or a stranger's text;
`ModelError.reason` has them, for operators only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from moa.types import Answer


class MoaError(Exception):
    """Something in the pipeline went wrong."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class PipelineError(MoaError):
    """The pipeline is not set up correctly."""


class NotEnoughAnswers(MoaError):
    """None of the models answered."""

    def __init__(self, answers: Sequence[Answer] = ()) -> None:
        self.answers = tuple(answers)
        """Every failed answer of the run, so that each cause can be named."""
        causes = "; ".join(f"{a.model}: {a.error}" for a in self.answers if a.error)
        summary = (type(self).__doc__ or "").strip()
        super().__init__(f"{summary} ({causes})" if causes else summary)


class ModelError(MoaError):
    """The model could not answer."""

    kind: ClassVar[str] = "error"

    def __init__(
        self,
        message: str = "",
        *,
        kind: str | None = None,
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        reason: str | None = None,
        lasts: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.error_kind = kind or self.kind
        """A stable word for ledgers and metrics, such as `rate_limited` or `timeout`."""
        self.status = status
        """The HTTP status, where there was one."""
        self.code = code
        """The provider's own machine-readable code, where there was one."""
        self.retry_after = retry_after
        """Seconds after which the server invites another try."""
        self.reason = reason
        """The provider's own status, code, parameter and first words, without anything key-like.

        For whoever runs the bot: it may quote the question, so it must not be shown to others."""
        self.lasts = lasts
        """Whether every further call would meet it, whatever it asks; None: its kind tells."""


class RateLimited(ModelError):
    """The model is taking no more requests at the moment."""

    kind = "rate_limited"


class Unavailable(ModelError):
    """The model could not be reached."""

    kind = "unavailable"


class Rejected(ModelError):
    """The model's server refused the request."""

    kind = "rejected"


class Overflow(ModelError):
    """The conversation is too long for the model."""

    kind = "overflow"

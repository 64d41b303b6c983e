"""The exceptions of moa.

MoaError
├── PipelineError        a pipeline or model is configured wrongly; raised before any call
├── NotEnoughAnswers     no model of a run answered
└── ModelError           one call failed; the run continues
    ├── RateLimited      429; `retry_after` in seconds if the server sent it
    ├── Unavailable      no connection, 5xx, overloaded, timed out, cut off mid-stream
    ├── Rejected         retrying the same request cannot help (400, 401, 403, 404, quota)
    └── Overflow         the prompt is longer than the model's context window

An exception's docstring is its default message: a plain sentence that is safe to show to anyone.
It never includes text from a provider, which may contain an API key or someone else's text. That
text is in `ModelError.reason`, for operators only. Errors about the network (`certificate`,
`proxy`, `redirected`) name addresses, and are for operators too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from moa.pasted_keys import hide_keys

if TYPE_CHECKING:
    from moa.types import Answer


class MoaError(Exception):
    """Something in the pipeline went wrong."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class PipelineError(MoaError):
    """The pipeline is not set up correctly."""

    def __init__(self, message: str = "") -> None:
        super().__init__(hide_keys(message))  # a message quotes what was set, which may be a key


class NotEnoughAnswers(MoaError):
    """None of the models answered."""

    def __init__(self, answers: Sequence[Answer] = ()) -> None:
        self.answers = tuple(answers)
        """Every failed answer of the run, with its cause."""
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
        is_permanent: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.error_kind = kind or self.kind
        """A stable identifier for logs and metrics, such as `rate_limited` or `timeout`."""
        self.status = status
        """The HTTP status, or None."""
        self.code = code
        """The provider's error code, or None."""
        self.retry_after = retry_after
        """Seconds to wait before a retry, as the server asked, or None."""
        self.reason = reason
        """The provider's status, code, parameter and first words, without anything like a key.

        For operators only: it may quote the question."""
        self.is_permanent = is_permanent
        """Whether every further call would fail the same way; None: its kind decides."""


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

"""How the local Slack says no: with Slack's own error codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class SlackError(Exception):
    """A refusal, answered as `{"ok": false, "error": code, ...}`.

    `messages` become `response_metadata.messages`, each marked `[ERROR]` as Slack does; `status`
    is the HTTP status, which is 200 for nearly every refusal of the Web API; `extra` stands
    beside the code in the answer.
    """

    def __init__(
        self,
        code: str,
        *,
        messages: Sequence[str] = (),
        status: int = 200,
        retry_after: int | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(code, *messages)
        self.code = code
        self.messages = tuple(messages)
        self.status = status
        self.retry_after = retry_after
        """Whole seconds for the `Retry-After` header; None leaves the header out."""
        self.extra = extra

    def to_json(self) -> dict[str, Any]:
        """The answer's body."""
        body: dict[str, Any] = {"ok": False, "error": self.code, **self.extra}
        if self.messages:
            told = [f"[ERROR] {message}" for message in self.messages]
            body["response_metadata"] = {"messages": told}
        return body


class UnknownInWorkspaceError(LookupError):
    """A person's action names something that is not there: a mistake of the caller's."""

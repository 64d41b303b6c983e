"""Errors of the local Slack, with Slack's own error codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class SlackError(Exception):
    """An error that the app receives as `{"ok": false, "error": code, ...}`.

    Attributes:
        code: Slack's error code.
        messages: sent as `response_metadata.messages`, each prefixed with `[ERROR]` as in Slack.
        status: the HTTP status, 200 for nearly every error of the Web API.
        retry_after: the `Retry-After` header, usually whole seconds; None omits the header.
        extra: further fields of the response.
    """

    def __init__(
        self,
        code: str,
        *,
        messages: Sequence[str] = (),
        status: int = 200,
        retry_after: int | str | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(code, *messages)
        self.code = code
        self.messages = tuple(messages)
        self.status = status
        self.retry_after = retry_after
        self.extra = extra

    def to_json(self) -> dict[str, Any]:
        """Return the response body."""
        body: dict[str, Any] = {"ok": False, "error": self.code, **self.extra}
        if self.messages:
            prefixed = [f"[ERROR] {message}" for message in self.messages]
            body["response_metadata"] = {"messages": prefixed}
        return body


class UnknownInWorkspaceError(LookupError):
    """A test or a person referred to something that doesn't exist in the workspace."""

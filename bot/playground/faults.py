"""Scripted faults: API calls that fail, are slow, lose their response, or refuse some content."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from bot.playground.checks.blocks import walk
from bot.playground.checks.payload_errors import is_list, is_object
from bot.playground.checks.payloads import parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.playground.state.models import Json

Part = Literal["blocks", "cards", "feedback", "metadata", "session status", "table", "anything"]
"""A part of a payload that Slack can be told to refuse."""

STREAMING: Final = ("chat.startStream", "chat.appendStream", "chat.stopStream")
POSTING: Final = ("chat.postMessage", "chat.update", "chat.postEphemeral", "response_url")

_FENCED = re.compile(r"^(`{3,}|~{3,}).*?(?:^\1|\Z)", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^[ >]*\|?[ ]*:?-+:?[ ]*(?:\|[ ]*:?-+:?[ ]*)+\|?[ ]*$", re.MULTILINE)


@dataclass(slots=True, eq=False)
class Fault:
    """A scripted fault of one API method.

    Attributes:
        method: the method to fail, such as `chat.postMessage`.
        error: the error code of the response.
        status: the HTTP status of the response.
        retry_after: the `Retry-After` header, in seconds or in any other form.
        after_effect: run the method first, then respond with the error.
        drop_response: break the connection instead of responding.
        times: how many calls fail.
        when: fail only calls whose arguments satisfy this.
        plain: respond with plain text instead of JSON, like a proxy in front of Slack.
        body: respond with these bytes instead, declared as JSON in UTF-8.
    """

    method: str
    error: str = "internal_error"
    status: int = 200
    retry_after: int | str | None = None
    after_effect: bool = False
    drop_response: bool = False
    times: int = 1
    when: Callable[[Json], bool] | None = None
    plain: bool = False
    body: bytes | None = None

    def applies_to(self, method: str, args: Json) -> bool:
        """Return whether this call should fail."""
        return self.times > 0 and method == self.method and (not self.when or self.when(args))


class FaultScript:
    """The faults and delays that tests have scripted."""

    def __init__(self) -> None:
        self.delays: dict[str, float] = {}
        """Clock seconds by which each method's response is delayed; its effect is immediate."""
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add a fault; earlier faults of the same method apply first."""
        self._faults.append(fault)

    def next_fault(self, method: str, args: Json) -> Fault | None:
        """Return the fault for this call and count it, or None if the call should succeed."""
        fault = next((each for each in self._faults if each.applies_to(method, args)), None)
        if fault:
            fault.times -= 1
        return fault

    def refuse(
        self,
        part: Part,
        methods: Iterable[str],
        error: str,
        text_before: Callable[[Json], str],
        *,
        status: int = 200,
    ) -> None:
        """Refuse every payload with this part from now on.

        `text_before` returns the text that a streamed message already has: Slack checks the whole
        message when its stream ends.
        """
        for method in methods:
            self.add(
                Fault(
                    method,
                    error,
                    status,
                    times=sys.maxsize,
                    when=lambda args: holds(part, args, text_before(args)),
                )
            )

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()


def holds(part: Part, args: Json, text_before: str = "") -> bool:
    """Return whether a payload has this part. A Markdown table counts as a table."""
    blocks, chunks = _parsed(args, "blocks"), _parsed(args, "chunks")
    objects = [*walk([blocks, chunks])]
    types = {each.get("type") for each in objects}
    texts = [each["text"] for each in objects if each.get("type") in _MARKDOWN]
    whole = text_before + str(args.get("markdown_text") or "") + "".join(texts)
    found: dict[Part, object] = {
        "blocks": blocks,
        "cards": types & {"task_update", "plan_update"},
        "feedback": "feedback_buttons" in types,
        "metadata": args.get("metadata"),
        "session status": args.get("session_status"),
        "table": "table" in types or has_markdown_table(whole),
        "anything": True,
    }
    return bool(found[part])


def has_markdown_table(text: str) -> bool:
    """Return whether a text has a table outside fenced code."""
    return _TABLE.search(_FENCED.sub("", text)) is not None


def _parsed(args: Json, name: str) -> list[Any]:
    try:
        value = parse_json(args.get(name))
    except ValueError:
        return []
    return [each for each in value if is_object(each)] if is_list(value) else []


_MARKDOWN: Final = frozenset({"markdown", "markdown_text"})

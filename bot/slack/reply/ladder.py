"""Sends a message in ever plainer forms until Slack accepts one.

Slack refuses a whole message because of one part, such as a table or a button, and often doesn't
name the part. So each form leaves out something else, and no form is sent twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import structlog

from bot.slack.api.client import SLACK_ERRORS, code_of, refuses_content
from bot.slack.markdown.tables import tables_as_code
from bot.slack.ui.blocks import Block

log = structlog.get_logger(__name__)

Payload = Mapping[str, Any]
"""The arguments of a call that depend on the form."""


@dataclass(frozen=True, slots=True)
class Form:
    """The parts that a message keeps.

    Attributes:
        feedback: the feedback buttons.
        metadata: the metadata tag.
        status: the agent session's status.
        cards: the task cards and the plan's title.
        blocks: all blocks below the text.
        tables: tables as Markdown, otherwise as code.
        markdown: the text as Markdown, otherwise as plain text.
    """

    feedback: bool = True
    metadata: bool = True
    status: bool = True
    cards: bool = True
    blocks: bool = True
    tables: bool = True
    markdown: bool = True

    def within(self, other: Form) -> Form:
        """Return the form that keeps only what both keep."""
        return Form(*(getattr(self, part) and getattr(other, part) for part in PARTS))

    @property
    def left_out(self) -> list[str]:
        """The names of the parts that are left out."""
        return [name for name, is_kept in asdict(self).items() if not is_kept]

    def below(self, blocks: Sequence[Block]) -> list[Block]:
        """Return the blocks below the text that this form keeps."""
        kept = blocks if self.blocks else ()
        return [b for b in kept if self.feedback or b.get("type") != "context_actions"]

    def text(self, markdown: str) -> str:
        """Return the text as this form shows it."""
        return markdown if self.tables else tables_as_code(markdown)


PARTS = tuple(field.name for field in fields(Form))

STREAM_UPDATES = (Form(), Form(cards=False))
STREAM_ENDS = (
    Form(),
    Form(feedback=False),
    Form(metadata=False),
    Form(status=False),
    Form(cards=False),
    Form(blocks=False),
    Form(metadata=False, status=False, cards=False, blocks=False),
)
EDITS = (
    Form(),
    Form(metadata=False),
    Form(tables=False),
    Form(metadata=False, tables=False),
    Form(metadata=False, tables=False, markdown=False),
)
POSTS = (
    Form(),
    Form(feedback=False),
    Form(metadata=False),
    Form(blocks=False),
    Form(feedback=False, tables=False),
    Form(metadata=False, blocks=False),
    Form(metadata=False, blocks=False, tables=False),
    Form(metadata=False, blocks=False, tables=False, markdown=False),
)
RESPONSES = (
    Form(),
    Form(feedback=False),
    Form(feedback=False, tables=False),
    Form(blocks=False, tables=False, markdown=False),
)
"""Few forms, because a response_url accepts five requests, including refused ones."""
FOLLOW_UPS = (
    Form(),
    Form(feedback=False),
    Form(metadata=False),
    Form(feedback=False, metadata=False),
    Form(blocks=False),
    Form(blocks=False, metadata=False),
)
NOTICES = (Form(), Form(metadata=False), Form(blocks=False), Form(blocks=False, metadata=False))


class Ladder:
    """What Slack has refused of one reply so far.

    Attributes:
        allowed: the parts that later messages of the reply may still have.
    """

    def __init__(self) -> None:
        self.allowed = Form()
        self._refusals: dict[str, Exception] = {}

    async def send(
        self,
        method: str,
        forms: Sequence[Form],
        render: Callable[[Form], Payload],
        call: Callable[[Payload], Awaitable[object]],
    ) -> Form:
        """Send the first form that Slack accepts, and return it.

        Raises:
            SLACK_ERRORS: Slack refused every form, or the error isn't about the content.
        """
        refusal: Exception | None = None
        suspect = ""
        for form in (form.within(self.allowed) for form in forms):
            payload = render(form)
            known = self._refusals.get(_key(method, payload)) if self._refusals else None
            if known:
                refusal = refusal or known
                continue
            if suspect and payload.get(suspect):
                continue
            try:
                await call(payload)
            except SLACK_ERRORS as error:
                code = code_of(error)
                if not refuses_content(code):
                    raise
                log.warning("content_refused", method=method, error=code, without=form.left_out)
                self._refusals[_key(method, payload)] = refusal = error
                suspect = "metadata" if "metadata" in code else ""
                continue
            self.allowed = self.allowed.within(form)
            return form
        assert refusal is not None  # every form was refused, now or earlier
        raise refusal


def _key(method: str, payload: Payload) -> str:
    text = json.dumps([method, payload], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()

"""Reads what an app sends as a message, a view or a stream's chunks, and holds it to the rules."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bot.playground import limits
from bot.playground.checks.blocks import TASK_STATES, check_blocks
from bot.playground.checks.elements import PLAIN
from bot.playground.checks.report import PayloadErrors, is_list, is_object, kind_of
from bot.playground.errors import SlackError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.playground.checks.blocks import Surface
    from bot.playground.state.models import Json

_VIEW_KEYS: Final = frozenset({
    "type", "title", "blocks", "submit", "close", "private_metadata", "callback_id",
    "clear_on_close", "notify_on_close", "external_id", "submit_disabled",
})  # fmt: skip

DERIVED: Final = "auto-"
"""How the `block_id` of a block begins that was made of a message's text, not sent as a block."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says, once it was found good. Every block has a `block_id`."""

    text: str = ""
    blocks: list[Json] = field(default_factory=list[Any])
    attachments: list[Json] = field(default_factory=list[Any])
    metadata: Json | None = None


def structure(value: Any) -> Any:
    """JSON that came as text in a form, read; anything else as it is. ValueError if it is none."""
    return json.loads(value) if isinstance(value, str) else value


def read_content(fields: Mapping[str, Any]) -> Content:
    """The message in these fields of a call, an answer to a command, or a response_url's body.

    Raises:
        SlackError: `no_text`, `msg_too_long`, `markdown_text_conflict`, `invalid_blocks`,
            `invalid_blocks_format`, `invalid_attachments`, or one of metadata's.
    """
    text, markdown = fields.get("text") or "", fields.get("markdown_text")
    blocks = read_blocks(fields.get("blocks"))
    attachments = _read_attachments(fields.get("attachments"))
    if markdown is not None and (text or blocks):
        raise SlackError("markdown_text_conflict")
    if not (text or blocks or attachments or markdown):
        raise SlackError("no_text")
    if len(str(text)) > limits.MESSAGE_TEXT or len(str(markdown or "")) > limits.MARKDOWN_TOTAL:
        raise SlackError("msg_too_long")
    if markdown:
        text = str(markdown)
        blocks = [{"type": "markdown", "text": text, "block_id": f"{DERIVED}text"}]
    content = name_blocks(blocks, "m")
    return Content(str(text), content, attachments, read_metadata(fields.get("metadata")))


def read_blocks(value: Any, surface: Surface = "message") -> list[Json]:
    """The blocks of a message, found good.

    Raises:
        SlackError: `invalid_blocks_format` where it is no JSON array of objects, and
            `invalid_blocks` with every fault where it breaks a rule.
    """
    try:
        blocks = structure(value)
    except ValueError as unreadable:
        raise SlackError("invalid_blocks_format") from unreadable
    if blocks is None:
        return []
    if not is_list(blocks) or not all(is_object(block) for block in blocks):
        raise SlackError("invalid_blocks_format")
    faults = PayloadErrors()
    check_blocks(blocks, "/blocks", faults, surface)
    if faults.found:
        raise SlackError("invalid_blocks", messages=faults.found, errors=faults.found)
    return blocks


def name_blocks(blocks: list[Json], prefix: str) -> list[Json]:
    """A copy of the blocks in which those without a `block_id` are given one."""
    named = copy.deepcopy(blocks)
    for index, block in enumerate(named):
        block.setdefault("block_id", f"{prefix}{index:02d}")
    return named


def read_metadata(value: Any) -> Json | None:
    """A message's metadata: an `event_type` and an `event_payload`, 8 kB at most."""
    try:
        metadata = structure(value)
    except ValueError as unreadable:
        raise SlackError("invalid_metadata_format") from unreadable
    if metadata is None:
        return None
    if not is_object(metadata):
        raise SlackError("invalid_metadata_format")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not kind or not is_object(payload):
        raise SlackError("invalid_metadata_schema")
    if len(json.dumps(metadata)) > limits.METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return metadata


def read_view(value: Any) -> Json:
    """A modal or a Home tab, found good, its blocks named.

    Raises:
        SlackError: `invalid_arguments` with every fault, or `view_too_large`.
    """
    try:
        view = structure(value)
    except ValueError:
        view = None
    if not is_object(view) or kind_of(view) not in {"modal", "home"}:
        raise SlackError("invalid_arguments", messages=["must be a view [json-pointer:/view]"])
    if len(json.dumps(view)) > limits.VIEW_BYTES:
        raise SlackError("view_too_large")
    faults = PayloadErrors()
    for key in view.keys() - _VIEW_KEYS:
        faults.add("/view", f"invalid additional property: {key}")
    _check_frame(view, faults)
    least = 1 if view["type"] == "modal" else 0
    blocks = faults.listed(view.get("blocks"), "/view/blocks", limits.VIEW_BLOCKS, least=least)
    check_blocks(blocks[: limits.VIEW_BLOCKS], "/view/blocks", faults, view["type"])
    if faults.found:
        raise SlackError("invalid_arguments", messages=faults.found)
    return {**view, "blocks": name_blocks(blocks, "v")}


def _check_frame(view: Json, faults: PayloadErrors) -> None:
    faults.optional_string(view, "private_metadata", "/view", limits.PRIVATE_METADATA)
    faults.optional_string(view, "callback_id", "/view", limits.CALLBACK_ID)
    faults.optional_string(view, "external_id", "/view", limits.EXTERNAL_ID)
    if view["type"] == "home":
        for key in view.keys() & {"title", "submit", "close"}:
            faults.add("/view", f"invalid additional property: {key}")
        return
    faults.text_object(view.get("title"), "/view/title", limits.VIEW_TITLE, types=PLAIN)
    for key in ("submit", "close"):
        if view.get(key) is not None:
            faults.text_object(view[key], f"/view/{key}", limits.VIEW_TITLE, types=PLAIN)
    blocks = view.get("blocks")
    asks = is_list(blocks) and any(is_object(b) and b.get("type") == "input" for b in blocks)
    if asks and view.get("submit") is None:
        faults.add("/view", "missing required field: submit")


def read_chunks(markdown: str | None, value: Any) -> list[Json]:
    """The pieces of one append, in their order, found good.

    Raises:
        SlackError: `msg_too_long` for more than 12,000 characters of text, `invalid_arguments`
            with every fault of a chunk, or what `read_blocks` raises for blocks in a chunk.
    """
    try:
        chunks = structure(value)
    except ValueError:
        chunks = False
    if chunks is not None and not is_list(chunks):
        raise SlackError("invalid_arguments", messages=["must be an array [json-pointer:/chunks]"])
    pieces: list[Any] = [{"type": "markdown_text", "text": markdown}] if markdown else []
    pieces += chunks or []
    faults = PayloadErrors()
    for index, chunk in enumerate(pieces):
        _check_chunk(chunk, f"/chunks/{index}", faults)
    if faults.found:
        raise SlackError("invalid_arguments", messages=faults.found)
    if sum(len(p["text"]) for p in pieces if p["type"] == "markdown_text") > limits.MARKDOWN_TOTAL:
        raise SlackError("msg_too_long")
    return pieces


def _check_chunk(chunk: object, at: str, faults: PayloadErrors) -> None:
    kind = kind_of(chunk)
    rule = _CHUNKS.get(kind)
    if not is_object(chunk) or rule is None:
        faults.add(f"{at}/type", f"unsupported type: {kind}")
        return
    rule(chunk, at, faults)


def _check_text_chunk(chunk: Json, at: str, faults: PayloadErrors) -> None:
    if not isinstance(chunk.get("text"), str):
        faults.add(f"{at}/text", "must be a string")


def _check_plan_chunk(chunk: Json, at: str, faults: PayloadErrors) -> None:
    faults.string(chunk.get("title"), f"{at}/title", limits.MESSAGE_TEXT)


def _check_task_chunk(chunk: Json, at: str, faults: PayloadErrors) -> None:
    for key in ("id", "title"):
        faults.string(chunk.get(key), f"{at}/{key}", limits.MESSAGE_TEXT)
    if faults.required(chunk, ("status",), at):
        faults.one_of(chunk, "status", at, TASK_STATES)
    faults.optional_string(chunk, "details", at, limits.TASK_DETAILS)
    faults.optional_string(chunk, "output", at, limits.MESSAGE_TEXT)
    for key in chunk.keys() - {"type", "id", "title", "status", "details", "output", "sources"}:
        faults.add(at, f"invalid additional property: {key}")


def _check_blocks_chunk(chunk: Json, at: str, faults: PayloadErrors) -> None:
    check_blocks(
        faults.listed(chunk.get("blocks"), at, limits.MESSAGE_BLOCKS), at, faults, "message"
    )


def _read_attachments(value: Any) -> list[Json]:
    try:
        attachments = structure(value)
    except ValueError as unreadable:
        raise SlackError("invalid_attachments") from unreadable
    if attachments is None:
        return []
    if not is_list(attachments) or not all(is_object(each) for each in attachments):
        raise SlackError("invalid_attachments")
    return attachments


_CHUNKS: Final[dict[str, Callable[[Json, str, PayloadErrors], None]]] = {
    "blocks": _check_blocks_chunk,
    "markdown_text": _check_text_chunk,
    "plan_update": _check_plan_chunk,
    "task_update": _check_task_chunk,
}

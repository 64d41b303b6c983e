"""Parses and validates what an app sends: messages, views and stream chunks."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bot import slack_limits
from bot.playground.checks.blocks import TASK_STATES, check_blocks
from bot.playground.checks.elements import PLAIN
from bot.playground.checks.payload_errors import PayloadErrors, is_list, is_object, type_of
from bot.playground.errors import SlackError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.playground.checks.blocks import Surface
    from bot.playground.state.models import Json

_VIEW_KEYS: Final = frozenset({
    "type", "title", "blocks", "submit", "close", "private_metadata", "callback_id",
    "clear_on_close", "notify_on_close", "external_id", "submit_disabled",
})  # fmt: skip

GENERATED_PREFIX: Final = "auto-"
"""The `block_id` prefix of blocks generated from a message's text."""


@dataclass(frozen=True, slots=True)
class Content:
    """The validated content of a message. Every block has a `block_id`."""

    text: str = ""
    blocks: list[Json] = field(default_factory=list[Any])
    attachments: list[Json] = field(default_factory=list[Any])
    metadata: Json | None = None


def parse_json(value: Any) -> Any:
    """Parse JSON sent as text in a form; return any other value unchanged.

    Raises:
        ValueError: the text isn't JSON.
    """
    return json.loads(value) if isinstance(value, str) else value


def parse_content(fields: Mapping[str, Any]) -> Content:
    """Parse a message from the fields of a call, a command's response, or a response_url body.

    Raises:
        SlackError: `no_text`, `msg_too_long`, `markdown_text_conflict`, `invalid_blocks`,
            `invalid_blocks_format`, `invalid_attachments`, or an error of `parse_metadata`.
    """
    text, markdown = fields.get("text") or "", fields.get("markdown_text")
    blocks = parse_blocks(fields.get("blocks"))
    attachments = _parse_attachments(fields.get("attachments"))
    if markdown is not None and (text or blocks):
        raise SlackError("markdown_text_conflict")
    if not (text or blocks or attachments or markdown):
        raise SlackError("no_text")
    if (
        len(str(text)) > slack_limits.MESSAGE_TEXT
        or len(str(markdown or "")) > slack_limits.MARKDOWN_TOTAL
    ):
        raise SlackError("msg_too_long")
    if markdown:
        text = str(markdown)
        blocks = [{"type": "markdown", "text": text, "block_id": f"{GENERATED_PREFIX}text"}]
    blocks = add_block_ids(blocks, "m")
    return Content(str(text), blocks, attachments, parse_metadata(fields.get("metadata")))


def parse_blocks(value: Any, surface: Surface = "message") -> list[Json]:
    """Parse and validate blocks.

    Raises:
        SlackError: `invalid_blocks_format` if this isn't a JSON array of objects, or
            `invalid_blocks` with every error if it breaks a rule.
    """
    try:
        blocks = parse_json(value)
    except ValueError as error:
        raise SlackError("invalid_blocks_format") from error
    if blocks is None:
        return []
    if not is_list(blocks) or not all(is_object(block) for block in blocks):
        raise SlackError("invalid_blocks_format")
    errors = PayloadErrors()
    check_blocks(blocks, "/blocks", errors, surface)
    if errors.messages:
        raise SlackError("invalid_blocks", messages=errors.messages, errors=errors.messages)
    return blocks


def add_block_ids(blocks: list[Json], prefix: str) -> list[Json]:
    """Return a copy of the blocks in which each has a `block_id`."""
    copied = copy.deepcopy(blocks)
    for index, block in enumerate(copied):
        block.setdefault("block_id", f"{prefix}{index:02d}")
    return copied


def parse_metadata(value: Any) -> Json | None:
    """Parse a message's metadata: an `event_type` and an `event_payload`, at most 8 kB."""
    try:
        metadata = parse_json(value)
    except ValueError as error:
        raise SlackError("invalid_metadata_format") from error
    if metadata is None:
        return None
    if not is_object(metadata):
        raise SlackError("invalid_metadata_format")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not kind or not is_object(payload):
        raise SlackError("invalid_metadata_schema")
    if len(json.dumps(metadata)) > slack_limits.METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return metadata


def parse_view(value: Any) -> Json:
    """Parse and validate a modal or Home tab; every block gets a `block_id`.

    Raises:
        SlackError: `invalid_arguments` with every error, or `view_too_large`.
    """
    try:
        view = parse_json(value)
    except ValueError:
        view = None
    if not is_object(view) or type_of(view) not in {"modal", "home"}:
        raise SlackError("invalid_arguments", messages=["must be a view [json-pointer:/view]"])
    if len(json.dumps(view)) > slack_limits.VIEW_BYTES:
        raise SlackError("view_too_large")
    errors = PayloadErrors()
    for key in view.keys() - _VIEW_KEYS:
        errors.add("/view", f"invalid additional property: {key}")
    _check_view_fields(view, errors)
    min_items = 1 if view["type"] == "modal" else 0
    blocks = errors.check_array(
        view.get("blocks"), "/view/blocks", slack_limits.VIEW_BLOCKS, min_items=min_items
    )
    check_blocks(blocks[: slack_limits.VIEW_BLOCKS], "/view/blocks", errors, view["type"])
    if errors.messages:
        raise SlackError("invalid_arguments", messages=errors.messages)
    return {**view, "blocks": add_block_ids(blocks, "v")}


def _check_view_fields(view: Json, errors: PayloadErrors) -> None:
    errors.check_optional_string(view, "private_metadata", "/view", slack_limits.PRIVATE_METADATA)
    errors.check_optional_string(view, "callback_id", "/view", slack_limits.CALLBACK_ID)
    errors.check_optional_string(view, "external_id", "/view", slack_limits.EXTERNAL_ID)
    if view["type"] == "home":
        for key in view.keys() & {"title", "submit", "close"}:
            errors.add("/view", f"invalid additional property: {key}")
        return
    errors.check_text_object(view.get("title"), "/view/title", slack_limits.VIEW_TITLE, types=PLAIN)
    for key in ("submit", "close"):
        if view.get(key) is not None:
            errors.check_text_object(
                view[key], f"/view/{key}", slack_limits.VIEW_TITLE, types=PLAIN
            )
    blocks = view.get("blocks")
    has_input = is_list(blocks) and any(is_object(b) and b.get("type") == "input" for b in blocks)
    if has_input and view.get("submit") is None:
        errors.add("/view", "missing required field: submit")


def parse_chunks(markdown: str | None, value: Any) -> list[Json]:
    """Parse and validate the chunks of one append, in order.

    Raises:
        SlackError: `msg_too_long` for more than 12,000 characters of text, `invalid_arguments`
            with every error of a chunk.
    """
    try:
        chunks = parse_json(value)
    except ValueError:
        chunks = False
    if chunks is not None and not is_list(chunks):
        raise SlackError("invalid_arguments", messages=["must be an array [json-pointer:/chunks]"])
    all_chunks: list[Any] = [{"type": "markdown_text", "text": markdown}] if markdown else []
    all_chunks += chunks or []
    errors = PayloadErrors()
    for index, chunk in enumerate(all_chunks):
        _check_chunk(chunk, f"/chunks/{index}", errors)
    if errors.messages:
        raise SlackError("invalid_arguments", messages=errors.messages)
    if (
        sum(len(c["text"]) for c in all_chunks if c["type"] == "markdown_text")
        > slack_limits.MARKDOWN_TOTAL
    ):
        raise SlackError("msg_too_long")
    return all_chunks


def _check_chunk(chunk: object, path: str, errors: PayloadErrors) -> None:
    kind = type_of(chunk)
    rule = _CHUNKS.get(kind)
    if not is_object(chunk) or rule is None:
        errors.add(f"{path}/type", f"unsupported type: {kind}")
        return
    rule(chunk, path, errors)


def _check_text_chunk(chunk: Json, path: str, errors: PayloadErrors) -> None:
    if not isinstance(chunk.get("text"), str):
        errors.add(f"{path}/text", "must be a string")


def _check_plan_chunk(chunk: Json, path: str, errors: PayloadErrors) -> None:
    errors.check_string(chunk.get("title"), f"{path}/title", slack_limits.MESSAGE_TEXT)


def _check_task_chunk(chunk: Json, path: str, errors: PayloadErrors) -> None:
    for key in ("id", "title"):
        errors.check_string(chunk.get(key), f"{path}/{key}", slack_limits.MESSAGE_TEXT)
    if errors.check_required(chunk, ("status",), path):
        errors.check_one_of(chunk, "status", path, TASK_STATES)
    errors.check_optional_string(chunk, "details", path, slack_limits.TASK_DETAILS)
    errors.check_optional_string(chunk, "output", path, slack_limits.MESSAGE_TEXT)
    for key in chunk.keys() - {"type", "id", "title", "status", "details", "output", "sources"}:
        errors.add(path, f"invalid additional property: {key}")


def _check_blocks_chunk(chunk: Json, path: str, errors: PayloadErrors) -> None:
    check_blocks(
        errors.check_array(chunk.get("blocks"), path, slack_limits.MESSAGE_BLOCKS),
        path,
        errors,
        "message",
    )


def _parse_attachments(value: Any) -> list[Json]:
    try:
        attachments = parse_json(value)
    except ValueError as error:
        raise SlackError("invalid_attachments") from error
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

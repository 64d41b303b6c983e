"""Builds the inputs of modals."""

from __future__ import annotations

from bot import slack_limits
from bot.slack.markdown.sanitize import plain, shorten
from bot.slack.ui.blocks import Block, plain_text


def option(label: str, value: str, description: str = "") -> Block:
    """Return an option of a menu or of checkboxes, with its texts shortened."""
    block: Block = {
        "text": plain_text(shorten(plain(label), slack_limits.OPTION_TEXT)),
        "value": value,
    }
    if about := shorten(plain(description), slack_limits.OPTION_TEXT):
        block["description"] = plain_text(about)
    return block


def input_block(block_id: str, label: str, element: Block, *, optional: bool = False) -> Block:
    """Return an input block: a labelled element of a form."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label),
        "element": element,
        "optional": optional,
    }

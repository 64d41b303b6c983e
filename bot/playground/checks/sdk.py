"""A second opinion on each block: slack_sdk's own model of it, and the properties that has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block, InteractiveElement

if TYPE_CHECKING:
    from bot.playground.checks.report import PayloadErrors
    from bot.playground.state.models import Json


def check_with_sdk(block: Json, at: str, faults: PayloadErrors) -> None:
    """What slack_sdk cannot read, does not know, or finds too long is a fault."""
    try:
        model = Block.parse(block)
        if model is None:
            return
        model.validate_json()
    except (SlackObjectFormationError, TypeError, AttributeError, KeyError) as refused:
        faults.add(at, f"failed to match all allowed schemas: {refused}")
        return
    for key in block.keys() - model.attributes:
        faults.add(at, f"invalid additional property: {key}")
    _check_elements(model, block, at, faults)


def _check_elements(model: Block, block: Json, at: str, faults: PayloadErrors) -> None:
    pairs = [
        (getattr(model, "accessory", None), block.get("accessory"), f"{at}/accessory"),
        (getattr(model, "element", None), block.get("element"), f"{at}/element"),
    ]
    for index, element in enumerate(getattr(model, "elements", None) or ()):
        pairs.append((element, block["elements"][index], f"{at}/elements/{index}"))
    for parsed, given, there in pairs:
        if isinstance(parsed, InteractiveElement) and isinstance(given, dict):
            for key in given.keys() - parsed.attributes:
                faults.add(there, f"invalid additional property: {key}")

"""Checks each block against slack_sdk's model of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block, InteractiveElement

if TYPE_CHECKING:
    from bot.playground.checks.payload_errors import PayloadErrors
    from bot.playground.state.models import Json


def check_with_sdk(block: Json, path: str, errors: PayloadErrors) -> None:
    """Add an error if slack_sdk can't parse the block or finds it invalid."""
    try:
        model = Block.parse(block)
        if model is None:
            return
        model.validate_json()
    except (SlackObjectFormationError, TypeError, AttributeError, KeyError) as error:
        errors.add(path, f"failed to match all allowed schemas: {error}")
        return
    for key in block.keys() - model.attributes:
        errors.add(path, f"invalid additional property: {key}")
    _check_elements(model, block, path, errors)


def _check_elements(model: Block, block: Json, path: str, errors: PayloadErrors) -> None:
    pairs = [
        (getattr(model, "accessory", None), block.get("accessory"), f"{path}/accessory"),
        (getattr(model, "element", None), block.get("element"), f"{path}/element"),
    ]
    for index, element in enumerate(getattr(model, "elements", None) or ()):
        pairs.append((element, block["elements"][index], f"{path}/elements/{index}"))
    for parsed, raw, field_path in pairs:
        if isinstance(parsed, InteractiveElement) and isinstance(raw, dict):
            for key in raw.keys() - parsed.attributes:
                errors.add(field_path, f"invalid additional property: {key}")

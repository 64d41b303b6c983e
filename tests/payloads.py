"""Checks of the bot's payloads to Slack by an independent package, `slackblocks`.

The local Slack has already checked every payload, by its own rules and slack_sdk's models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import slackblocks

from bot.playground.state.models import CallRecord

Json = Mapping[str, Any]


def check(calls: Iterable[CallRecord]) -> int:
    """Check all blocks and views of these calls, and return the number of payloads.

    Raises:
        slackblocks.InvalidUsageError: for a payload that Slack would reject.
    """
    checked = 0
    for call in calls:
        if view := call.args.get("view"):
            _check_view(view)
            checked += 1
        if blocks := call.args.get("blocks"):
            slackblocks.Message("C00000000", blocks=[_built(block) for block in blocks])
            checked += 1
    return checked


def _check_view(view: Json) -> None:
    blocks = [_built(block) for block in view["blocks"]]
    if view["type"] == "home":
        slackblocks.HomeTabView(blocks)
        return
    submit = view.get("submit")
    slackblocks.ModalView(
        title=view["title"]["text"],
        close=view["close"]["text"],
        submit=submit and submit["text"],
        callback_id=view.get("callback_id"),
        private_metadata=view.get("private_metadata"),
        blocks=blocks,
    )


def _built(block: Json) -> Any:
    """Return the block as an object of the package, whose constructor checks every limit."""
    match block["type"]:
        case "actions":
            elements = [_element(element) for element in block["elements"]]
            return slackblocks.ActionsBlock(elements, block_id=block.get("block_id"))
        case "context_actions":
            return slackblocks.ContextActionsBlock([_feedback(e) for e in block["elements"]])
        case (
            "rich_text"
        ):  # the package cannot parse these; only their type is checked for the surface
            return slackblocks.RichTextBlock(
                slackblocks.RichTextSection([slackblocks.RichText("x")])
            )
        case "section" if "accessory" in block:
            text = slackblocks.Text(block["text"]["text"])
            return slackblocks.SectionBlock(text, accessory=_element(block["accessory"]))
        case "input":
            hint = block.get("hint")
            return slackblocks.InputBlock(
                label=block["label"]["text"],
                element=_element(block["element"]),
                block_id=block["block_id"],
                hint=hint and hint["text"],
            )
        case _:
            return slackblocks.Block.from_dict(dict(block))


def _feedback(element: Json) -> slackblocks.FeedbackButtons:
    def button(json: Json) -> slackblocks.FeedbackButton:
        label = json["text"]["text"]
        return slackblocks.FeedbackButton(label, json["value"], json["accessibility_label"])

    positive, negative = button(element["positive_button"]), button(element["negative_button"])
    return slackblocks.FeedbackButtons(positive, negative, element["action_id"])


def _element(element: Json) -> Any:
    match element["type"]:
        case "button":
            return slackblocks.Button(
                text=element["text"]["text"],
                action_id=element["action_id"],
                value=element["value"],
                accessibility_label=element.get("accessibility_label"),
            )
        case "static_select":
            return _menu(element)
        case "overflow":
            options = [_option(option) for option in element["options"]]
            return slackblocks.OverflowMenu(element["action_id"], options)
        case _:
            return _input(element)


def _input(element: Json) -> Any:
    action_id = element["action_id"]
    match element["type"]:
        case "checkboxes":
            ticked = [_option(option) for option in element.get("initial_options", ())] or None
            boxes = [_option(option) for option in element["options"]]
            return slackblocks.CheckboxGroup(action_id, boxes, ticked)
        case "conversations_select":
            return slackblocks.ConversationSelectMenu(action_id)
        case "plain_text_input":
            most, multiline = element["max_length"], element["multiline"]
            return slackblocks.PlainTextInput(action_id, multiline=multiline, max_length=most)
        case "number_input":
            decimals, first = element["is_decimal_allowed"], element.get("initial_value")
            return slackblocks.NumberInput(decimals, action_id, first)
        case other:
            raise NotImplementedError(other)


def _menu(element: Json) -> Any:
    # The package wants a group as `initial_option`; Slack wants one of the options.
    groups = element.get("option_groups", ())
    options = element.get("options") or [o for group in groups for o in group["options"]]
    assert element.get("initial_option", options[0]) in options
    if not groups:
        return slackblocks.StaticSelectMenu(element["action_id"], [_option(o) for o in options])
    return slackblocks.StaticSelectMenu(
        placeholder=element["placeholder"]["text"],
        action_id=element["action_id"],
        option_groups=[
            slackblocks.OptionGroup(
                label=group["label"]["text"],
                options=[_option(option) for option in group["options"]],
            )
            for group in groups
        ],
    )


def _option(option: Json) -> slackblocks.Option:
    text = slackblocks.Text(option["text"]["text"], type_=slackblocks.TextType.PLAINTEXT)
    more = option.get("description")
    return slackblocks.Option(text, option["value"], more and more["text"])

"""Blocks at Slack's limits, and blocks just beyond them, for the validation tests."""

from __future__ import annotations

from typing import Any

from tests.playground.apps import button, plain_text, section

Json = dict[str, Any]


def option(number: int, text: str = "o") -> Json:
    return {"text": plain_text(f"{text}{number}"), "value": f"v{number}"}


def select(count: int = 1, **more: Any) -> Json:
    options = [option(number) for number in range(count)]
    return {"type": "static_select", "action_id": "pick", "options": options, **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def rich(*parts: Json) -> Json:
    return {"type": "rich_text", "elements": list(parts)}


def part(*elements: Json, kind: str = "rich_text_section") -> Json:
    return {"type": kind, "elements": list(elements)}


def inline_text(text: str, **more: Any) -> Json:
    return {"type": "text", "text": text, **more}


def feedback(label: str = "Good") -> Json:
    sides = {"positive_button": label, "negative_button": "Bad"}
    shown = {key: {"text": plain_text(words), "value": words} for key, words in sides.items()}
    return {"type": "feedback_buttons", "action_id": "rate", **shown}


def card(**more: Any) -> Json:
    return {"type": "task_card", "task_id": "1", "title": "t", "status": "complete", **more}


GOOD: dict[str, list[Json]] = {
    "section of 3,000": [section("x" * 3_000)],
    "ten fields of 2,000": [{"type": "section", "fields": [plain_text("x" * 2_000)] * 10}],
    "header of 150": [{"type": "header", "text": plain_text("x" * 150)}],
    "fifty blocks": [{"type": "divider"}] * 50,
    "markdown of 12,000 in two": [{"type": "markdown", "text": "x" * 6_000}] * 2,
    "button at its limits": [
        actions(button("a" * 255, "x" * 75, value="v" * 2_000, url="https://e.org/" + "u" * 2_986))
    ],
    "25 elements": [actions(*[button(f"a{number}") for number in range(25)])],
    "10 in a context": [{"type": "context", "elements": [plain_text("x")] * 10}],
    "100 options": [actions(select(100))],
    "option at its limits": [
        actions(
            {
                "type": "static_select",
                "action_id": "p",
                "options": [{"text": plain_text("x" * 75), "value": "v" * 150}],
            }
        )
    ],
    "feedback": [{"type": "context_actions", "elements": [feedback()]}],
    "rich text": [
        rich(
            part(inline_text("hi", style={"bold": True}), {"type": "link", "url": "https://e.org"}),
            part(inline_text("code"), kind="rich_text_preformatted"),
            {"type": "rich_text_list", "style": "bullet", "elements": [part(inline_text("one"))]},
            part({"type": "user", "user_id": "U1"}, kind="rich_text_quote"),
        )
    ],
    "plan": [{"type": "plan", "title": "p", "tasks": [card(details=rich(part(inline_text("d"))))]}],
    "table": [{"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}],
    "container": [{"type": "container", "title": plain_text("t"), "child_blocks": [section("x")]}],
    "alert": [{"type": "alert", "text": plain_text("careful"), "level": "warning"}],
}

CONFIRM = {
    "title": plain_text("Sure?"),
    "text": plain_text("It cannot be undone."),
    "confirm": plain_text("Yes"),
    "deny": plain_text("No"),
}
GROUP = {"label": plain_text("Group"), "options": [option(1), option(2)]}
IMAGE = {"type": "image", "alt_text": "a cat", "image_url": "https://e.org/cat"}
GOOD["everything"] = [
    IMAGE,
    {"type": "context", "elements": [IMAGE, plain_text("x")]},
    section("x", accessory=IMAGE),
    section("x", accessory={"type": "overflow", "action_id": "o", "options": [option(1)]}),
    actions(
        button("danger", style="danger", confirm=CONFIRM),
        {
            "type": "static_select",
            "action_id": "grouped",
            "option_groups": [GROUP],
            "initial_option": option(2),
        },
        {
            "type": "checkboxes",
            "action_id": "boxes",
            "options": [{**option(1), "description": plain_text("d")}],
            "initial_options": [{**option(1), "description": plain_text("d")}],
        },
        {"type": "radio_buttons", "action_id": "radio", "options": [option(1)]},
        {"type": "users_select", "action_id": "who", "placeholder": plain_text("Who")},
    ),
    {
        "type": "context_actions",
        "elements": [{"type": "icon_button", "icon": "trash", "text": plain_text("Delete")}],
    },
    {
        "type": "input",
        "label": plain_text("Why"),
        "hint": plain_text("In a word"),
        "element": {"type": "plain_text_input", "action_id": "why"},
    },
    {
        "type": "carousel",
        "elements": [{"type": "card", "title": plain_text("t"), "actions": [button("card")]}],
    },
    {"type": "table", "rows": [[rich(part(inline_text("a"))), {"type": "raw_text", "text": "b"}]]},
    rich({"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": [part()]}),
]

BAD: dict[str, tuple[list[Any], str]] = {
    "51 blocks": ([{"type": "divider"}] * 51, "no more than 50 items"),
    "section of 3,001": ([section("x" * 3_001)], "/blocks/0/text/text"),
    "empty section": ([section("")], "more than 0 characters"),
    "section without text": ([{"type": "section"}], "missing required field: text"),
    "11 fields": ([{"type": "section", "fields": [plain_text("x")] * 11}], "no more than 10"),
    "field of 2,001": (
        [{"type": "section", "fields": [plain_text("x" * 2_001)]}],
        "/fields/0/text",
    ),
    "header of 151": ([{"type": "header", "text": plain_text("x" * 151)}], "less than 151"),
    "header in mrkdwn": (
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        "unsupported type: mrkdwn",
    ),
    "markdown of 12,001 in two": (
        [{"type": "markdown", "text": "x" * 6_000}, {"type": "markdown", "text": "x" * 6_001}],
        "12001",
    ),
    "button text of 76": ([actions(button("a", "x" * 76))], "less than 76"),
    "button value of 2,001": ([actions(button("a", value="x" * 2_001))], "/value"),
    "button url of 3,001": ([actions(button("a", url="x" * 3_001))], "/url"),
    "button style": ([actions(button("a", style="default"))], "/style"),
    "action_id of 256": ([actions(button("a" * 256))], "/action_id"),
    "action_id twice": ([actions(button("a"), button("a"))], "already exists"),
    "block_id of 256": ([{"type": "divider", "block_id": "b" * 256}], "/block_id"),
    "block_id twice": ([{"type": "divider", "block_id": "b"}] * 2, "already exists"),
    "26 elements": ([actions(*[button(f"a{n}") for n in range(26)])], "no more than 25"),
    "no elements": ([actions()], "no fewer than 1"),
    "11 in a context": ([{"type": "context", "elements": [plain_text("x")] * 11}], "more than 10"),
    "6 context actions": (
        [{"type": "context_actions", "elements": [feedback()] * 6}],
        "no more than 5",
    ),
    "button in a context": ([{"type": "context", "elements": [button("a")]}], "unsupported type"),
    "feedback label of 76": (
        [{"type": "context_actions", "elements": [feedback("x" * 76)]}],
        "positive_button",
    ),
    "101 options": ([actions(select(101))], "no more than 100"),
    "options and groups": ([actions(select(option_groups=[]))], "exactly one of"),
    "option text of 76": ([actions(select(options=[option(1, "x" * 75)]))], "less than 76"),
    "initial option": ([actions(select(initial_option=option(7)))], "among the options"),
    "6 in an overflow": (
        [actions({"type": "overflow", "options": [option(n) for n in range(6)]})],
        "no more than 5",
    ),
    "placeholder of 151": ([actions(select(placeholder=plain_text("x" * 151)))], "placeholder"),
    "unknown block": ([{"type": "fanfare"}], "unsupported type: fanfare"),
    "unknown property": ([{"type": "divider", "colour": "red"}], "additional property: colour"),
    "unknown property of a button": ([actions(button("a", size="l"))], "property: size"),
    "unknown rich text": ([rich({"type": "rich_text_poem"})], "rich_text_poem"),
    "unknown inline": ([rich(part({"type": "song"}))], "unsupported type: song"),
    "empty rich text": ([rich(part(inline_text("")))], "more than 0 characters"),
    "a mention in code": (
        [rich(part({"type": "user", "user_id": "U1"}, kind="rich_text_preformatted"))],
        "unsupported type: user",
    ),
    "task state": ([card(status="done")], "must be one of"),
    "two tables": (
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}] * 2,
        "one table",
    ),
    "bad child": (
        [{"type": "container", "title": plain_text("t"), "child_blocks": [section("")]}],
        "/blocks/0/child_blocks/0/text",
    ),
    "type that is not a string": ([{"type": {}}], "unsupported type"),
    "image without alt text": ([{**IMAGE, "alt_text": ""}], "/alt_text"),
    "image without a URL": ([{"type": "image", "alt_text": "x"}], "/image_url"),
    "incomplete confirmation": (
        [actions(button("a", confirm={**CONFIRM, "deny": None}))],
        "/confirm/deny",
    ),
    "confirmation that is a string": ([actions(button("a", confirm="Sure?"))], "be an object"),
    "101 groups": (
        [actions({"type": "static_select", "option_groups": [GROUP] * 101})],
        "no more than 100",
    ),
    "11 radio buttons": (
        [actions({"type": "radio_buttons", "options": [option(n) for n in range(11)]})],
        "no more than 10",
    ),
    "description of 76": (
        [actions(select(options=[{**option(1), "description": plain_text("x" * 76)}]))],
        "/description",
    ),
    "incomplete feedback buttons": (
        [{"type": "context_actions", "elements": [{"type": "feedback_buttons"}]}],
        "missing required field: positive_button",
    ),
    "input without an element": (
        [{"type": "input", "label": plain_text("x")}],
        "/blocks/0/element/type",
    ),
    "list without a style": (
        [rich({"type": "rich_text_list", "elements": [part(inline_text("x"))]})],
        "missing required field: style",
    ),
    "list too deep": (
        [rich({"type": "rich_text_list", "style": "bullet", "indent": 9, "elements": [part()]})],
        "/indent",
    ),
    "list of text": (
        [rich({"type": "rich_text_list", "style": "bullet", "elements": [inline_text("x")]})],
        "must be a rich_text_section",
    ),
    "unknown text style": ([rich(part(inline_text("x", style={"loud": True})))], "/style"),
    "cell": ([{"type": "table", "rows": [[{"type": "emoji"}]]}], "unsupported type: emoji"),
    "details that are text": ([card(details="x")], "must be a rich_text object"),
    "details that are a section": ([card(details=section("x"))], "unsupported type: section"),
    "a plan of sections": (
        [{"type": "plan", "title": "p", "tasks": [section("x")]}],
        "must be a task_card",
    ),
    "a carousel of sections": (
        [{"type": "carousel", "elements": [section("x")]}],
        "must be a card",
    ),
    "card title of 151": ([{"type": "card", "title": plain_text("x" * 151)}], "/title/text"),
    "rejected only by the SDK": (
        [{"type": "alert", "text": plain_text("x"), "level": "loud"}],
        "failed to match all allowed schemas",
    ),
}

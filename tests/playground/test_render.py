"""Rendering messages and modals as text."""

from __future__ import annotations

from typing import Any

from bot.playground.render.blocks import render_blocks
from tests.playground.apps import button, plain_text, section

NAMES = {"U1": "Ana", "C1": "general"}


def _rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def _part(text: str, kind: str = "rich_text_section", **style: Any) -> dict[str, Any]:
    return {"type": kind, "elements": [{"type": "text", "text": text, **style}]}


def _lines(*blocks: dict[str, Any]) -> list[str]:
    return render_blocks(list(blocks), NAMES).split("\n")


def test_mrkdwn_is_rendered() -> None:
    """Tokens become names and links; entities become characters."""
    text = "*hi* <@U1> in <#C1> &lt;b&gt; &amp; <https://e.org|this> <mailto:a@e.org> <!here>"
    assert _lines(section(text)) == [
        "*hi* @Ana in #general <b> & this (https://e.org) a@e.org @here"
    ]
    assert _lines(section("<!subteam^S1|@team> <odd>")) == ["@team <odd>"]


def test_rich_text_is_laid_out() -> None:
    """Lists, quotes and code keep their shape."""
    points = [_part("one"), _part("two", style={"code": True})]
    lines = _lines(
        _rich(
            _part("before"),
            {"type": "rich_text_list", "style": "bullet", "elements": points},
            {"type": "rich_text_list", "style": "ordered", "indent": 1, "elements": points},
            _part("said\nso", "rich_text_quote"),
            _part("x = 1", "rich_text_preformatted"),
        )
    )
    assert lines[:5] == ["before", "• one", "• `two`", "  1. one", "  2. `two`"]
    assert lines[5:] == ["> said", "> so", "```", "x = 1", "```"]


def test_inline_elements_are_named() -> None:
    """Users, channels, emoji, dates and broadcasts are rendered."""
    elements: list[dict[str, Any]] = [
        {"type": "user", "user_id": "U1"},
        {"type": "channel", "channel_id": "C1"},
        {"type": "usergroup", "usergroup_id": "S1"},
        {"type": "broadcast", "range": "here"},
        {"type": "emoji", "name": "tada"},
        {"type": "date", "timestamp": 1, "format": "{date}", "fallback": "today"},
        {"type": "date", "timestamp": 1, "format": "{date}"},
        {"type": "color", "value": "#fff"},
        {"type": "link", "url": "https://e.org", "text": "this"},
    ]
    line = _lines(_rich({"type": "rich_text_section", "elements": elements}))[0]
    assert line == "@Ana#general@S1@here:tada:today1#fffthis (https://e.org)"


def test_every_block_shows_something() -> None:
    """Every block type renders some text."""
    option = {"text": plain_text("GPT"), "value": "gpt"}
    menu = {"type": "static_select", "action_id": "m", "options": [option]}
    card: dict[str, Any] = {
        "type": "card",
        "title": plain_text("Card"),
        "actions": [button("a", "Go")],
    }
    image = {"type": "image", "alt_text": "a cat", "image_url": "https://e.org/cat"}
    task = {"type": "task_card", "task_id": "1", "title": "gpt", "status": "error"}
    assert _lines(
        {"type": "header", "text": plain_text("Answers")},
        {"type": "divider"},
        {"type": "context", "elements": [plain_text("3 s"), image]},
        section("Pick", accessory={**menu, "placeholder": plain_text("Model")}),
        {"type": "section", "fields": [plain_text("a"), plain_text("b")]},
        {"type": "actions", "elements": [{**menu, "initial_option": option}, button("x", "Show")]},
        {"type": "actions", "elements": [{"type": "overflow", "options": [option]}]},
        {"type": "actions", "elements": [{"type": "radio_buttons", "options": [option]}]},
        {
            "type": "input",
            "label": plain_text("Name"),
            "optional": True,
            "hint": plain_text("Yours"),
            "element": {"type": "plain_text_input", "placeholder": plain_text("Who")},
        },
        {
            "type": "table",
            "rows": [[{"type": "raw_text", "text": "a"}, _rich(_part("b"))]],
        },
        {**task, "details": _rich(_part("timed out"))},
        {"type": "plan", "title": "Layer 1", "tasks": [task | {"status": "pending"}]},
        {"type": "container", "title": plain_text("Box"), "child_blocks": [section("inside")]},
        {"type": "carousel", "elements": [card]},
        {"type": "alert", "text": plain_text("Careful")},
        {"type": "markdown", "text": "**bold** &lt;b&gt;"},
        {"type": "video"},
    ) == [
        "# Answers",
        "─" * 20,
        "3 s  (image: a cat)",
        "Pick",
        "<Model ▾>",
        "a",
        "b",
        "<GPT ▾> [Show]",
        "<⋯>",
        "( ) GPT",
        "Name (optional):",
        "<Who>",
        "Yours",
        "a | b",
        "✗ gpt — timed out",
        "Layer 1",
        "  ○ gpt",
        "Box",
        "inside",
        "Card",
        "[Go]",
        "! Careful",
        "**bold** <b>",
        "(video)",
    ]

"""Slack's limits for blocks: what they allow passes, and one more is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
import slackblocks
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.errors import SlackError
from bot.playground.validate import read_blocks, read_chunks, read_content, read_view
from tests.playground.apps import button, modal, section, text_of
from tests.playground.conftest import Scene, code

Json = dict[str, Any]


def _option(number: int, text: str = "o") -> Json:
    return {"text": text_of(f"{text}{number}"), "value": f"v{number}"}


def _select(count: int = 1, **more: Any) -> Json:
    options = [_option(number) for number in range(count)]
    return {"type": "static_select", "action_id": "pick", "options": options, **more}


def _actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def _rich(*parts: Json) -> Json:
    return {"type": "rich_text", "elements": list(parts)}


def _part(*elements: Json, kind: str = "rich_text_section") -> Json:
    return {"type": kind, "elements": list(elements)}


def _said(text: str, **more: Any) -> Json:
    return {"type": "text", "text": text, **more}


def _feedback(label: str = "Good") -> Json:
    sides = {"positive_button": label, "negative_button": "Bad"}
    shown = {key: {"text": text_of(words), "value": words} for key, words in sides.items()}
    return {"type": "feedback_buttons", "action_id": "rate", **shown}


def _card(**more: Any) -> Json:
    return {"type": "task_card", "task_id": "1", "title": "t", "status": "complete", **more}


GOOD: dict[str, list[Json]] = {
    "section of 3,000": [section("x" * 3_000)],
    "ten fields of 2,000": [{"type": "section", "fields": [text_of("x" * 2_000)] * 10}],
    "header of 150": [{"type": "header", "text": text_of("x" * 150)}],
    "fifty blocks": [{"type": "divider"}] * 50,
    "markdown of 12,000 in two": [{"type": "markdown", "text": "x" * 6_000}] * 2,
    "button at its limits": [
        _actions(button("a" * 255, "x" * 75, value="v" * 2_000, url="https://e.org/" + "u" * 2_986))
    ],
    "25 elements": [_actions(*[button(f"a{number}") for number in range(25)])],
    "10 in a context": [{"type": "context", "elements": [text_of("x")] * 10}],
    "100 options": [_actions(_select(100))],
    "option at its limits": [
        _actions(
            {
                "type": "static_select",
                "action_id": "p",
                "options": [{"text": text_of("x" * 75), "value": "v" * 150}],
            }
        )
    ],
    "feedback": [{"type": "context_actions", "elements": [_feedback()]}],
    "rich text": [
        _rich(
            _part(_said("hi", style={"bold": True}), {"type": "link", "url": "https://e.org"}),
            _part(_said("code"), kind="rich_text_preformatted"),
            {"type": "rich_text_list", "style": "bullet", "elements": [_part(_said("one"))]},
            _part({"type": "user", "user_id": "U1"}, kind="rich_text_quote"),
        )
    ],
    "plan": [{"type": "plan", "title": "p", "tasks": [_card(details=_rich(_part(_said("d"))))]}],
    "table": [{"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}],
    "container": [{"type": "container", "title": text_of("t"), "child_blocks": [section("x")]}],
    "alert": [{"type": "alert", "text": text_of("careful"), "level": "warning"}],
}

BAD: dict[str, tuple[list[Any], str]] = {
    "51 blocks": ([{"type": "divider"}] * 51, "no more than 50 items"),
    "section of 3,001": ([section("x" * 3_001)], "/blocks/0/text/text"),
    "empty section": ([section("")], "more than 0 characters"),
    "section of nothing": ([{"type": "section"}], "missing required field: text"),
    "11 fields": ([{"type": "section", "fields": [text_of("x")] * 11}], "no more than 10"),
    "field of 2,001": ([{"type": "section", "fields": [text_of("x" * 2_001)]}], "/fields/0/text"),
    "header of 151": ([{"type": "header", "text": text_of("x" * 151)}], "less than 151"),
    "header in mrkdwn": (
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        "unsupported type: mrkdwn",
    ),
    "markdown of 12,001 in two": (
        [{"type": "markdown", "text": "x" * 6_000}, {"type": "markdown", "text": "x" * 6_001}],
        "12001",
    ),
    "button text of 76": ([_actions(button("a", "x" * 76))], "less than 76"),
    "button value of 2,001": ([_actions(button("a", value="x" * 2_001))], "/value"),
    "button url of 3,001": ([_actions(button("a", url="x" * 3_001))], "/url"),
    "button style": ([_actions(button("a", style="default"))], "/style"),
    "action_id of 256": ([_actions(button("a" * 256))], "/action_id"),
    "action_id twice": ([_actions(button("a"), button("a"))], "already exists"),
    "block_id of 256": ([{"type": "divider", "block_id": "b" * 256}], "/block_id"),
    "block_id twice": ([{"type": "divider", "block_id": "b"}] * 2, "already exists"),
    "26 elements": ([_actions(*[button(f"a{n}") for n in range(26)])], "no more than 25"),
    "no elements": ([_actions()], "no fewer than 1"),
    "11 in a context": ([{"type": "context", "elements": [text_of("x")] * 11}], "more than 10"),
    "6 context actions": (
        [{"type": "context_actions", "elements": [_feedback()] * 6}],
        "no more than 5",
    ),
    "button in a context": ([{"type": "context", "elements": [button("a")]}], "unsupported type"),
    "feedback label of 76": (
        [{"type": "context_actions", "elements": [_feedback("x" * 76)]}],
        "positive_button",
    ),
    "101 options": ([_actions(_select(101))], "no more than 100"),
    "options and groups": ([_actions(_select(option_groups=[]))], "exactly one of"),
    "option text of 76": ([_actions(_select(options=[_option(1, "x" * 75)]))], "less than 76"),
    "initial option": ([_actions(_select(initial_option=_option(7)))], "among the options"),
    "6 in an overflow": (
        [_actions({"type": "overflow", "options": [_option(n) for n in range(6)]})],
        "no more than 5",
    ),
    "placeholder of 151": ([_actions(_select(placeholder=text_of("x" * 151)))], "placeholder"),
    "unknown block": ([{"type": "fanfare"}], "unsupported type: fanfare"),
    "unknown property": ([{"type": "divider", "colour": "red"}], "additional property: colour"),
    "unknown property of a button": ([_actions(button("a", size="l"))], "property: size"),
    "unknown rich text": ([_rich({"type": "rich_text_poem"})], "rich_text_poem"),
    "unknown inline": ([_rich(_part({"type": "song"}))], "unsupported type: song"),
    "empty rich text": ([_rich(_part(_said("")))], "more than 0 characters"),
    "a mention in code": (
        [_rich(_part({"type": "user", "user_id": "U1"}, kind="rich_text_preformatted"))],
        "unsupported type: user",
    ),
    "task state": ([_card(status="done")], "must be one of"),
    "two tables": (
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}] * 2,
        "one table",
    ),
    "bad child": (
        [{"type": "container", "title": text_of("t"), "child_blocks": [section("")]}],
        "/blocks/0/child_blocks/0/text",
    ),
    "type that is no text": ([{"type": {}}], "unsupported type"),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_slack_allows_passes(name: str) -> None:
    """The greatest allowed size of each thing is taken."""
    assert read_blocks(GOOD[name]) == GOOD[name]


@pytest.mark.parametrize("name", BAD)
def test_what_slack_forbids_is_refused(name: str) -> None:
    """One more than allowed, or a shape that Slack does not know, is `invalid_blocks`."""
    blocks, words = BAD[name]
    with pytest.raises(SlackError) as caught:
        read_blocks(blocks)
    assert caught.value.code == "invalid_blocks"
    assert any(words in message for message in caught.value.messages)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "markdown", "text": "x"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]},
        _card(),
        {"type": "plan", "title": "p"},
        {"type": "container", "title": text_of("t"), "child_blocks": [section("x")]},
        {"type": "carousel", "elements": [{"type": "card", "title": text_of("t")}]},
        {"type": "context_actions", "elements": [_feedback()]},
    ],
    ids=lambda block: block["type"],
)
def test_some_blocks_stand_in_messages_only(block: Json) -> None:
    """What a message may show and a modal or Home tab may not is refused there."""
    assert read_blocks([block])
    for view in (modal(block), {"type": "home", "blocks": [block]}):
        with pytest.raises(SlackError) as caught:
            read_view(view)
        assert caught.value.code == "invalid_arguments"
        assert "unsupported type" in caught.value.messages[0]


def test_payloads_of_an_independent_builder_pass() -> None:
    """What the slackblocks package builds is taken, so the rules are not ours alone."""
    built = [
        slackblocks.HeaderBlock("Answers"),
        slackblocks.SectionBlock("Some *words*"),
        slackblocks.DividerBlock(),
        slackblocks.MarkdownBlock("**bold**"),
        slackblocks.ActionsBlock([slackblocks.Button("Show", action_id="show", value="1")]),
    ]
    payload = [json.loads(repr(block)) for block in built]
    assert len(read_blocks(payload)) == 5


def test_blocks_without_an_id_are_given_one() -> None:
    """Every stored block can be named in an interaction, and what the app sent is left alone."""
    sent = [section("x")]
    content = read_content({"text": "x", "blocks": sent})
    assert content.blocks[0]["block_id"]
    assert "block_id" not in sent[0]


_WORDS = st.sampled_from([
    "type", "text", "elements", "section", "rich_text", "rich_text_section", "actions", "button",
    "static_select", "options", "option_groups", "plain_text", "mrkdwn", "header", "table", "rows",
    "modal", "title", "blocks", "context", "image", "style", "container", "child_blocks", "plan",
    "tasks", "task_update", "status", "accessory", "input", "element", "label", "fields", "confirm",
])  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=25,
)


@given(_JSON)
def test_nonsense_is_refused_in_good_order(nonsense: Any) -> None:
    """Whatever JSON an app sends, it gets an error code and never a broken server."""
    for read in (
        lambda: read_blocks([nonsense] if isinstance(nonsense, dict) else nonsense),
        lambda: read_view(nonsense),
        lambda: read_view({"type": "modal", "title": text_of("t"), "blocks": nonsense}),
        lambda: read_chunks(None, nonsense),
        lambda: read_content({"text": "x", "metadata": nonsense, "attachments": nonsense}),
    ):
        try:
            read()
        except SlackError as refused:
            assert refused.code


async def test_blocks_can_be_validated_without_posting(scene: Scene) -> None:
    """`blocks.validate` says what posting would, and shows nobody anything."""
    check = scene.web.blocks_validate
    await check(blocks=[section("x")])
    await check(message={"text": "x"})
    await check(view=modal())
    assert await code(check(blocks=[section("")])) == "invalid_blocks"
    assert await code(check(message={})) == "no_text"
    assert await code(check(view={"type": "modal"})) == "invalid_arguments"
    assert await code(check()) == "invalid_arguments"
    assert scene.slack.messages(scene.general) == []

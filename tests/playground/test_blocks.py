"""Slack's limits for blocks: what they allow passes, and one more is refused."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
import slackblocks
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.checks.payloads import parse_blocks, parse_chunks, parse_content, parse_view
from bot.playground.errors import SlackError
from bot.playground.render.blocks import render_blocks
from tests.playground.apps import modal, section, text_of
from tests.playground.catalogue import BAD, GOOD, card, feedback
from tests.playground.conftest import Scene, code

Json = dict[str, Any]


@pytest.mark.parametrize("name", GOOD)
def test_what_slack_allows_passes(name: str) -> None:
    """The greatest allowed size of each thing is taken."""
    assert parse_blocks(GOOD[name]) == GOOD[name]


@pytest.mark.parametrize("name", BAD)
def test_what_slack_forbids_is_refused(name: str) -> None:
    """One more than allowed, or a shape that Slack does not know, is `invalid_blocks`."""
    blocks, words = BAD[name]
    with pytest.raises(SlackError) as caught:
        parse_blocks(blocks)
    assert caught.value.code == "invalid_blocks"
    assert any(words in message for message in caught.value.messages)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "markdown", "text": "x"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]},
        card(),
        {"type": "plan", "title": "p"},
        {"type": "container", "title": text_of("t"), "child_blocks": [section("x")]},
        {"type": "carousel", "elements": [{"type": "card", "title": text_of("t")}]},
        {"type": "context_actions", "elements": [feedback()]},
    ],
    ids=lambda block: block["type"],
)
def test_some_blocks_stand_in_messages_only(block: Json) -> None:
    """What a message may show and a modal or Home tab may not is refused there."""
    assert parse_blocks([block])
    for view in (modal(block), {"type": "home", "blocks": [block]}):
        with pytest.raises(SlackError) as caught:
            parse_view(view)
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
    assert len(parse_blocks(payload)) == 5


def test_blocks_without_an_id_are_given_one() -> None:
    """Every stored block can be named in an interaction, and what the app sent is left alone."""
    sent = [section("x")]
    content = parse_content({"text": "x", "blocks": sent})
    assert content.blocks[0]["block_id"]
    assert "block_id" not in sent[0]


_NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "text", "x" * 4_000]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["type", "text", "value"]), inner, max_size=3)
    ),
    max_leaves=4,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside, the whole left out."""
    keys: list[Any] = list(value) if isinstance(value, dict) else []
    keys = list(range(len(value))) if isinstance(value, list) else keys
    found = [(*path, key) for key in keys]
    return found + [place for key in keys for place in _places(value[key], (*path, key))]


def _spoilt(good: Any, place: tuple[Any, ...], nonsense: Any) -> Any:
    """A copy in which nonsense stands in one place."""
    copied = json.loads(json.dumps(good))
    holder = copied
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = nonsense
    return copied


@pytest.mark.parametrize("name", GOOD)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_spoilt_blocks_are_refused_in_good_order(name: str, data: st.DataObject) -> None:
    """Whatever stands where it should not, the app gets an error code, and what passes is shown."""
    good = GOOD[name][:10]
    place = data.draw(st.sampled_from(_places(good)))
    spoilt = _spoilt(good, place, data.draw(_NONSENSE))
    with suppress(SlackError):
        render_blocks(parse_blocks(spoilt))
    with suppress(SlackError):
        parse_view({"type": "modal", "title": text_of("t"), "blocks": spoilt})
    with suppress(SlackError):
        parse_chunks(None, [{"type": "blocks", "blocks": spoilt}])


@given(_NONSENSE)
def test_nonsense_is_refused_in_good_order(nonsense: Any) -> None:
    """The same where nothing is right."""
    for read in (
        lambda: parse_blocks(nonsense),
        lambda: parse_view(nonsense),
        lambda: parse_view(modal() | {"title": nonsense, "submit": nonsense, "blocks": nonsense}),
        lambda: parse_chunks(None, nonsense),
        lambda: parse_chunks(None, [nonsense, {"type": "task_update", "status": nonsense}]),
        lambda: parse_content({"text": nonsense, "metadata": nonsense}),
        lambda: parse_content({"text": "x", "attachments": nonsense}),
    ):
        with suppress(SlackError):
            read()


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

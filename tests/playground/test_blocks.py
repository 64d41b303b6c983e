"""Block validation: the maximum passes and one more fails."""

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
from tests.playground.apps import modal, plain_text, section
from tests.playground.catalogue import BAD, GOOD, card, feedback
from tests.playground.conftest import Scene, error_code

Json = dict[str, Any]


@pytest.mark.parametrize("name", GOOD)
def test_blocks_at_the_limit_pass(name: str) -> None:
    """The maximum size of everything is accepted."""
    assert parse_blocks(GOOD[name]) == GOOD[name]


@pytest.mark.parametrize("name", BAD)
def test_blocks_over_the_limit_fail(name: str) -> None:
    """One more than allowed, or an unknown format, is `invalid_blocks`."""
    blocks, expected = BAD[name]
    with pytest.raises(SlackError) as caught:
        parse_blocks(blocks)
    assert caught.value.code == "invalid_blocks"
    assert any(expected in message for message in caught.value.messages)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "markdown", "text": "x"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]},
        card(),
        {"type": "plan", "title": "p"},
        {"type": "container", "title": plain_text("t"), "child_blocks": [section("x")]},
        {"type": "carousel", "elements": [{"type": "card", "title": plain_text("t")}]},
        {"type": "context_actions", "elements": [feedback()]},
    ],
    ids=lambda block: block["type"],
)
def test_some_blocks_are_allowed_in_messages_only(block: Json) -> None:
    """Blocks for messages only fail in modals and Home tabs."""
    assert parse_blocks([block])
    for view in (modal(block), {"type": "home", "blocks": [block]}):
        with pytest.raises(SlackError) as caught:
            parse_view(view)
        assert caught.value.code == "invalid_arguments"
        assert "unsupported type" in caught.value.messages[0]


def test_payloads_of_an_independent_builder_pass() -> None:
    """Blocks built by the slackblocks package pass."""
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
    """Every stored block gets an id for interactions; the app's payload is not modified."""
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


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to every nested value."""
    keys: list[Any] = list(value) if isinstance(value, dict) else []
    keys = list(range(len(value))) if isinstance(value, list) else keys
    found = [(*path, key) for key in keys]
    return found + [nested for key in keys for nested in _paths(value[key], (*path, key))]


def _replaced(good: Any, path: tuple[Any, ...], nonsense: Any) -> Any:
    """Return a copy with the value at one path replaced."""
    copied = json.loads(json.dumps(good))
    parent = copied
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = nonsense
    return copied


@pytest.mark.parametrize("name", GOOD)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_corrupted_blocks_fail_cleanly(name: str, data: st.DataObject) -> None:
    """Any corrupted value either fails with an error code or passes and renders."""
    good = GOOD[name][:10]
    path = data.draw(st.sampled_from(_paths(good)))
    corrupted = _replaced(good, path, data.draw(_NONSENSE))
    with suppress(SlackError):
        render_blocks(parse_blocks(corrupted))
    with suppress(SlackError):
        parse_view({"type": "modal", "title": plain_text("t"), "blocks": corrupted})
    with suppress(SlackError):
        parse_chunks(None, [{"type": "blocks", "blocks": corrupted}])


@given(_NONSENSE)
def test_nonsense_fails_cleanly(nonsense: Any) -> None:
    """Entirely invalid payloads fail with an error code."""
    for parse in (
        lambda: parse_blocks(nonsense),
        lambda: parse_view(nonsense),
        lambda: parse_view(modal() | {"title": nonsense, "submit": nonsense, "blocks": nonsense}),
        lambda: parse_chunks(None, nonsense),
        lambda: parse_chunks(None, [nonsense, {"type": "task_update", "status": nonsense}]),
        lambda: parse_content({"text": nonsense, "metadata": nonsense}),
        lambda: parse_content({"text": "x", "attachments": nonsense}),
    ):
        with suppress(SlackError):
            parse()


async def test_blocks_can_be_validated_without_posting(scene: Scene) -> None:
    """`blocks.validate` returns the same errors as posting and posts nothing."""
    check = scene.web.blocks_validate
    await check(blocks=[section("x")])
    await check(message={"text": "x"})
    await check(view=modal())
    assert await error_code(check(blocks=[section("")])) == "invalid_blocks"
    assert await error_code(check(message={})) == "no_text"
    assert await error_code(check(view={"type": "modal"})) == "invalid_arguments"
    assert await error_code(check()) == "invalid_arguments"
    assert scene.slack.messages(scene.general) == []

"""Modals and the Home tab: triggers, hashes, stacks and submissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.playground.errors import UnknownInWorkspaceError
from tests.playground.apps import SocketApp, button, modal, plain_text, section
from tests.playground.conftest import Scene, error_code, error_response

if TYPE_CHECKING:
    from bot.playground.state.models import SlackView

Json = dict[str, Any]

NAME = {
    "type": "input",
    "block_id": "name",
    "label": plain_text("Name"),
    "element": {"type": "plain_text_input", "action_id": "name", "initial_value": "none"},
}
PICK = {
    "type": "actions",
    "block_id": "pick",
    "elements": [
        {
            "type": "static_select",
            "action_id": "model",
            "placeholder": plain_text("Model"),
            "options": [{"text": plain_text(name), "value": name} for name in ("gpt", "claude")],
        }
    ],
}


async def _trigger(scene: Scene) -> str:
    """Return the trigger of a slash command by Ana."""
    return (await scene.slack.command(scene.ana, scene.general, "/moa")).trigger_id


async def _open(scene: Scene, view: Json) -> SlackView:
    await scene.web.views_open(trigger_id=await _trigger(scene), view=view)
    opened = scene.slack.current_modal(scene.ana)
    assert opened is not None
    return opened


async def test_a_trigger_opens_one_modal(scene: Scene) -> None:
    """The modal opens for the person who acted; the trigger is used up."""
    trigger = await _trigger(scene)
    answer = await scene.web.views_open(trigger_id=trigger, view=modal(callback_id="answers"))
    view = scene.slack.current_modal(scene.ana)
    assert view is not None
    assert (view.id, view.callback_id) == (answer["view"]["id"], "answers")
    again = scene.web.views_open(trigger_id=trigger, view=modal())
    assert await error_code(again) == "exchanged_trigger_id"
    unknown = scene.web.views_open(trigger_id="1.2", view=modal())
    assert await error_code(unknown) == "invalid_trigger_id"


async def test_a_trigger_lasts_three_seconds(frozen: Scene) -> None:
    """A later `views.open` fails."""
    in_time, late = await _trigger(frozen), await _trigger(frozen)
    frozen.slack.clock.advance(3)
    await frozen.web.views_open(trigger_id=in_time, view=modal())
    frozen.slack.clock.advance(0.1)
    assert (
        await error_code(frozen.web.views_open(trigger_id=late, view=modal()))
        == "expired_trigger_id"
    )


async def test_invalid_modal_does_not_use_its_trigger(scene: Scene) -> None:
    """After a validation error the same trigger still works."""
    trigger = await _trigger(scene)
    bad = scene.web.views_open(trigger_id=trigger, view=modal(section("x" * 3_001)))
    assert await error_code(bad) == "invalid_arguments"
    await scene.web.views_open(trigger_id=trigger, view=modal())


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (modal(title=plain_text("x" * 25)), "/view/title/text"),
        (modal(submit=plain_text("x" * 25)), "/view/submit/text"),
        (modal(close=plain_text("x" * 25)), "/view/close/text"),
        (modal(private_metadata="x" * 3_001), "/view/private_metadata"),
        (modal(callback_id="x" * 256), "/view/callback_id"),
        (modal(*[section("x")] * 101), "no more than 100 items"),
        (modal(NAME), "missing required field: submit"),
        (modal(colour="red"), "additional property: colour"),
        ({"type": "modal", "blocks": [section("x")]}, "/view/title"),
        ({"type": "modal", "title": plain_text("x"), "blocks": []}, "no fewer than 1"),
        ({"type": "window"}, "must be a view"),
        ({"type": "home", "blocks": []}, "must be a modal"),
    ],
)
async def test_invalid_modal_is_rejected(scene: Scene, view: Json, expected: str) -> None:
    """Each limit of a modal is enforced with a pointer."""
    answer = await error_response(scene.web.views_open(trigger_id="1.2", view=view))
    assert answer["error"] == "invalid_arguments"
    assert any(expected in message for message in answer["response_metadata"]["messages"])


async def test_huge_modal_is_rejected(scene: Scene) -> None:
    """A view of more than 250 kB has its own code."""
    huge = modal(*[section("x" * 3_000)] * 90)
    assert await error_code(scene.web.views_open(trigger_id="1.2", view=huge)) == "view_too_large"


async def test_a_modal_at_its_limits_opens(scene: Scene) -> None:
    """Values at the limit are accepted."""
    title = plain_text("x" * 24)
    blocks = [section("x")] * 100
    full = modal(*blocks, title=title, private_metadata="x" * 3_000, callback_id="x" * 255)
    assert len((await _open(scene, full)).blocks) == 100


async def test_updates_go_by_id_and_hash(scene: Scene) -> None:
    """An update with an old hash or of a closed modal fails."""
    view = await _open(scene, modal())
    old = view.hash
    await scene.web.views_update(view_id=view.id, view=modal(section("filled")), hash=old)
    assert "filled" in scene.slack.render(view)
    stale = scene.web.views_update(view_id=view.id, view=modal(), hash=old)
    assert await error_code(stale) == "hash_conflict"
    await scene.slack.close(scene.ana, view)
    assert await error_code(scene.web.views_update(view_id=view.id, view=modal())) == "not_found"


async def test_a_view_can_be_named_by_the_app(scene: Scene) -> None:
    """An `external_id` identifies the view and is unique among open views."""
    await _open(scene, modal(external_id="run-1"))
    await scene.web.views_update(external_id="run-1", view=modal(section("found")))
    twice = modal(external_id="run-2")
    await _open(scene, twice)
    second = scene.web.views_open(trigger_id=await _trigger(scene), view=twice)
    assert await error_code(second) == "duplicate_external_id"


async def test_modals_are_stacked_three_deep(scene: Scene) -> None:
    """A push needs a trigger from a modal; the fourth modal fails."""
    async with SocketApp(scene.slack):
        view = await _open(scene, modal(PICK))
        outside = scene.web.views_push(trigger_id=await _trigger(scene), view=modal())
        assert await error_code(outside) == "invalid_trigger_id"
        for _ in range(2):
            pressed = await scene.slack.click(scene.ana, view, "model", "gpt")
            await scene.web.views_push(trigger_id=pressed.trigger_id, view=modal(PICK))
        pressed = await scene.slack.click(scene.ana, view, "model", "gpt")
        deep = scene.web.views_push(trigger_id=pressed.trigger_id, view=modal())
        assert await error_code(deep) == "push_limit_reached"
    top = scene.slack.current_modal(scene.ana)
    assert top is not None
    assert (top.root_id, top.previous_id is None) == (view.id, False)


async def test_choice_in_a_modal_reaches_the_app(scene: Scene) -> None:
    """The payload has the choice, its location and the view's state."""
    async with SocketApp(scene.slack) as app:
        view = await _open(scene, modal(PICK, private_metadata="run-1"))
        await scene.slack.click(scene.ana, view, "model", "claude")
    payload = app.requests[-1].payload
    action = payload["actions"][0]
    assert (payload["type"], action["block_id"]) == ("block_actions", "pick")
    assert action["selected_option"]["value"] == "claude"
    assert payload["view"]["private_metadata"] == "run-1"
    assert payload["view"]["state"]["values"]["pick"]["model"] == {
        "type": "static_select",
        "selected_option": action["selected_option"],
    }
    assert payload["container"] == {"type": "view", "view_id": view.id}


async def test_submitting_sends_the_values(scene: Scene) -> None:
    """Values are grouped by block and action; untouched inputs have initial values."""
    async with SocketApp(scene.slack) as app:
        view = await _open(scene, modal(NAME, PICK, submit=plain_text("Go"), callback_id="form"))
        result = await scene.slack.submit(scene.ana, view, {"model": "gpt"})
    payload = app.requests[-1].payload
    values = payload["view"]["state"]["values"]
    assert result.acknowledged
    assert (payload["type"], payload["view"]["callback_id"]) == ("view_submission", "form")
    assert values["name"]["name"] == {"type": "plain_text_input", "value": "none"}
    assert values["pick"]["model"]["selected_option"]["value"] == "gpt"
    assert scene.slack.current_modal(scene.ana) is None


async def test_the_app_answers_a_submission(scene: Scene) -> None:
    """`errors` keeps the modal open; `update`, `push` and `clear` change the stack."""
    async with SocketApp(scene.slack) as app:
        view = await _open(scene, modal(NAME, submit=plain_text("Go")))
        app.answer = lambda _: {"response_action": "errors", "errors": {"name": "Too short"}}
        assert (await scene.slack.submit(scene.ana, view)).errors == {"name": "Too short"}
        changed = modal(section("Working"))
        app.answer = lambda _: {"response_action": "update", "view": changed}
        await scene.slack.submit(scene.ana, view)
        assert "Working" in scene.slack.render(view)
        app.answer = lambda _: {"response_action": "push", "view": modal(section("On top"))}
        await scene.slack.submit(scene.ana, view)
        top = scene.slack.current_modal(scene.ana)
        assert top is not None
        assert "On top" in scene.slack.render(top)
        app.answer = lambda _: {"response_action": "push", "view": {"type": "modal"}}
        rejected = await scene.slack.submit(scene.ana, top)
        assert rejected.error == "invalid_arguments"
        app.answer = lambda _: {"response_action": "clear"}
        await scene.slack.submit(scene.ana, top)
        assert scene.slack.current_modal(scene.ana) is None


async def test_view_closed_needs_notify_on_close(scene: Scene) -> None:
    """`view_closed` is sent only with `notify_on_close`."""
    async with SocketApp(scene.slack) as app:
        plain = await _open(scene, modal())
        await scene.slack.close(scene.ana, plain)
        notifying = await _open(scene, modal(notify_on_close=True))
        await scene.slack.close(scene.ana, notifying, clear=True)
    closed = [r.payload for r in app.requests if r.payload.get("type") == "view_closed"]
    assert [(p["view"]["id"], p["is_cleared"]) for p in closed] == [(notifying.id, True)]


async def test_the_home_tab_is_published(scene: Scene) -> None:
    """Each person has a separate Home tab; opening it sends an event."""
    home: Json = {"type": "home", "blocks": [section("Welcome")]}
    first = await scene.web.views_publish(user_id=scene.ana.id, view=home)
    view = scene.slack.home_tab(scene.ana)
    assert view is not None
    assert scene.slack.render(view) == "Welcome"
    again = await scene.web.views_publish(user_id=scene.ana.id, view={**home, "blocks": []})
    assert again["view"]["id"] == first["view"]["id"]
    publish = scene.web.views_publish
    stale = publish(user_id=scene.ana.id, view=home, hash=first["view"]["hash"])
    assert await error_code(stale) == "hash_conflict"
    assert await error_code(publish(user_id="U99", view=home)) == "user_not_found"
    assert await error_code(publish(user_id=scene.ana.id, view=modal())) == "invalid_arguments"
    async with SocketApp(scene.slack) as app:
        await scene.slack.open_home(scene.ana)
        await scene.slack.wait_for_deliveries()
    assert app.events("app_home_opened")[0]["view"]["id"] == view.id


async def test_unknown_elements_raise_in_tests(scene: Scene) -> None:
    """A wrong action_id, option or input raises and lists the known ones."""
    view = await _open(scene, modal(PICK, {"type": "actions", "elements": [button("go")]}))
    with pytest.raises(UnknownInWorkspaceError, match="known"):
        await scene.slack.click(scene.ana, view, "nothing")
    with pytest.raises(UnknownInWorkspaceError, match="not an option"):
        await scene.slack.click(scene.ana, view, "model", "llama")
    with pytest.raises(UnknownInWorkspaceError, match="known"):
        await scene.slack.submit(scene.ana, view, {"nothing": 1})

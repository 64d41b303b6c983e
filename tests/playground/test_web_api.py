"""Calling the Web API: tokens, scopes, bodies, and the record of what was called."""

from __future__ import annotations

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.playground.conftest import Scene, code, refusal


async def test_auth_test_tells_who_the_app_is(scene: Scene) -> None:
    """A bot can find its own user, bot and team, and its scopes in the answer's header."""
    answer = await scene.web.auth_test()
    assert answer["user_id"] == scene.slack.bot_user_id
    assert answer["team_id"] == scene.slack.team_id
    assert answer["bot_id"].startswith("B")
    assert answer["url"].startswith("http://127.0.0.1:")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


@pytest.mark.parametrize(
    ("token", "expected"), [("xoxb-other", "invalid_auth"), ("", "not_authed")]
)
async def test_a_wrong_token_is_refused(scene: Scene, token: str, expected: str) -> None:
    """A token that is missing or unknown gets Slack's code for it."""
    stranger = AsyncWebClient(token, base_url=scene.slack.api_url)
    assert await code(stranger.auth_test()) == expected


async def test_the_kinds_of_token_are_not_exchangeable(scene: Scene) -> None:
    """A bot token opens no socket and an app token posts nothing."""
    expected = "not_allowed_token_type"
    assert await code(scene.web.apps_connections_open(app_token=scene.slack.bot_token)) == expected
    app = AsyncWebClient(scene.slack.app_token, base_url=scene.slack.api_url)
    assert await code(app.auth_test()) == expected


async def test_a_revoked_token_is_refused(scene: Scene) -> None:
    """After an uninstall every call says so."""
    scene.slack.app.revoked = True
    assert await code(scene.web.auth_test()) == "token_revoked"


async def test_a_missing_scope_is_named(scene: Scene) -> None:
    """A call without its scope tells which is needed and which there are."""
    scene.slack.app.scopes = {"users:read"}
    answer = await refusal(scene.web.chat_postMessage(channel=scene.general.id, text="hi"))
    assert answer["error"] == "missing_scope"
    assert answer["needed"] == "chat:write"
    assert answer["provided"] == "users:read"


async def test_history_scopes_go_by_the_kind_of_conversation(scene: Scene) -> None:
    """Public history does not open private channels."""
    scene.slack.app.scopes.discard("groups:history")
    secret = scene.slack.add_channel("secret", members=[scene.ana], private=True)
    ts = await scene.slack.post(scene.ana, secret, "psst")
    answer = await refusal(scene.web.conversations_replies(channel=secret.id, ts=ts))
    assert (answer["error"], answer["needed"]) == ("missing_scope", "groups:history")


async def test_an_unknown_method_is_refused(scene: Scene) -> None:
    """A method that is not there answers as Slack does."""
    assert await code(scene.web.api_call("chat.sing")) == "unknown_method"


@pytest.mark.parametrize(
    ("feature", "method", "expected"),
    [
        ("agent_sessions", "agents.sessions.setStatus", "unknown_method"),
        ("streaming", "chat.startStream", "unknown_method"),
        ("assistant_status", "assistant.threads.setStatus", "feature_not_enabled"),
    ],
)
async def test_an_older_workspace_lacks_features(
    scene: Scene, feature: str, method: str, expected: str
) -> None:
    """A feature that is switched off is refused, so that fall-backs can be tried."""
    scene.slack.app.features.discard(feature)
    assert await code(scene.web.api_call(method, json={})) == expected


async def test_forms_and_json_mean_the_same(scene: Scene) -> None:
    """Blocks as JSON text in a form are read like blocks in a JSON body."""
    blocks = '[{"type": "divider"}]'
    form = {
        "channel": scene.general.id,
        "text": "x",
        "blocks": blocks,
        "token": scene.slack.bot_token,
    }
    address = f"{scene.slack.api_url}chat.postMessage"
    async with aiohttp.ClientSession() as session, session.post(address, data=form) as answer:
        body = await answer.json()
    assert body["message"]["blocks"][0]["type"] == "divider"


@pytest.mark.parametrize(("body", "expected"), [("{", "invalid_json"), ("[]", "json_not_object")])
async def test_unreadable_json_is_refused(scene: Scene, body: str, expected: str) -> None:
    """A body that is no JSON object gets its own code."""
    headers = {"Content-Type": "application/json"}
    address = f"{scene.slack.api_url}api.test"
    async with (
        aiohttp.ClientSession() as session,
        session.post(address, data=body, headers=headers) as answer,
    ):
        assert (await answer.json())["error"] == expected


async def test_calls_are_recorded_without_their_tokens(scene: Scene) -> None:
    """A test can read every call and its answer, and no record holds a token."""
    await scene.web.users_info(user=scene.ana.id)
    await refusal(scene.web.users_info(user="U99999999"))
    good, bad = scene.slack.calls("users.info")
    assert (good.args, good.ok, good.error) == ({"user": scene.ana.id}, True, None)
    assert (bad.ok, bad.error) == (False, "user_not_found")
    assert "xoxb" not in str(scene.slack.calls())


async def test_arguments_of_a_wrong_kind_are_named(scene: Scene) -> None:
    """A number that is none and JSON that cannot be read are refused, with their names."""
    bad = scene.web.conversations_members(channel=scene.general.id, limit="many")
    answer = await refusal(bad)
    assert "must be an integer [json-pointer:/limit]" in str(answer["response_metadata"])
    ts = await scene.ask()
    body = {"channel": scene.general.id, "ts": ts, "chunks": "{"}
    answer = await refusal(scene.web.api_call("chat.startStream", json=body))
    assert "must be valid JSON [json-pointer:/chunks]" in str(answer["response_metadata"])


async def test_api_test_answers_what_it_is_asked(scene: Scene) -> None:
    """It gives back its arguments, or the error that was wished for."""
    assert (await scene.web.api_test(foo="bar"))["args"]["foo"] == "bar"
    assert await code(scene.web.api_test(error="my_error")) == "my_error"


async def test_a_missing_argument_is_named(scene: Scene) -> None:
    """Slack tells which argument is missing."""
    answer = await refusal(scene.web.api_call("views.publish", json={}))
    assert answer["error"] == "invalid_arguments"
    assert "missing required field: user_id" in answer["response_metadata"]["messages"][0]

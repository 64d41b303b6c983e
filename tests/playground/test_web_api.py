"""Web API calls: tokens, scopes, request bodies and call records."""

from __future__ import annotations

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.playground.conftest import Scene, error_code, error_response


async def test_auth_test_returns_the_apps_identity(scene: Scene) -> None:
    """It returns the bot's user, bot and team ids; a header lists its scopes."""
    answer = await scene.web.auth_test()
    assert answer["user_id"] == scene.slack.bot_user_id
    assert answer["team_id"] == scene.slack.team_id
    assert answer["bot_id"].startswith("B")
    assert answer["url"].startswith("http://127.0.0.1:")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


@pytest.mark.parametrize(
    ("token", "expected"), [("xoxb-other", "invalid_auth"), ("", "not_authed")]
)
async def test_a_wrong_token_is_rejected(scene: Scene, token: str, expected: str) -> None:
    """A missing or unknown token gets Slack's error code."""
    stranger = AsyncWebClient(token, base_url=scene.slack.api_url)
    assert await error_code(stranger.auth_test()) == expected


async def test_token_kinds_are_not_interchangeable(scene: Scene) -> None:
    """A bot token opens no socket and an app token posts nothing."""
    expected = "not_allowed_token_type"
    assert (
        await error_code(scene.web.apps_connections_open(app_token=scene.slack.bot_token))
        == expected
    )
    app = AsyncWebClient(scene.slack.app_token, base_url=scene.slack.api_url)
    assert await error_code(app.auth_test()) == expected


async def test_a_revoked_token_is_rejected(scene: Scene) -> None:
    """After an uninstall every call fails."""
    scene.slack.app.revoked = True
    assert await error_code(scene.web.auth_test()) == "token_revoked"


async def test_a_missing_scope_is_named(scene: Scene) -> None:
    """The error names the needed and the granted scopes."""
    scene.slack.app.scopes = {"users:read"}
    answer = await error_response(scene.web.chat_postMessage(channel=scene.general.id, text="hi"))
    assert answer["error"] == "missing_scope"
    assert answer["needed"] == "chat:write"
    assert answer["provided"] == "users:read"


async def test_history_scope_depends_on_the_channel_kind(scene: Scene) -> None:
    """`channels:history` does not cover private channels."""
    scene.slack.app.scopes.discard("groups:history")
    secret = scene.slack.add_channel("secret", members=[scene.ana], private=True)
    ts = await scene.slack.post(scene.ana, secret, "psst")
    answer = await error_response(scene.web.conversations_replies(channel=secret.id, ts=ts))
    assert (answer["error"], answer["needed"]) == ("missing_scope", "groups:history")


async def test_an_unknown_method_is_rejected(scene: Scene) -> None:
    """An unknown method is `unknown_method`."""
    assert await error_code(scene.web.api_call("chat.sing")) == "unknown_method"


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
    """A disabled feature fails, so that fallbacks can be tested."""
    scene.slack.app.features.discard(feature)
    assert await error_code(scene.web.api_call(method, json={})) == expected


async def test_forms_and_json_are_equivalent(scene: Scene) -> None:
    """Blocks as JSON text in a form work like blocks in a JSON body."""
    blocks = '[{"type": "divider"}]'
    form = {
        "channel": scene.general.id,
        "text": "x",
        "blocks": blocks,
        "token": scene.slack.bot_token,
    }
    url = f"{scene.slack.api_url}chat.postMessage"
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as answer:
        body = await answer.json()
    assert body["message"]["blocks"][0]["type"] == "divider"


@pytest.mark.parametrize(("body", "expected"), [("{", "invalid_json"), ("[]", "json_not_object")])
async def test_unreadable_json_is_rejected(scene: Scene, body: str, expected: str) -> None:
    """A body that is not a JSON object has its own error code."""
    headers = {"Content-Type": "application/json"}
    url = f"{scene.slack.api_url}api.test"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers) as answer,
    ):
        assert (await answer.json())["error"] == expected


async def test_calls_are_recorded_without_their_tokens(scene: Scene) -> None:
    """Every call and response is recorded without its token."""
    await scene.web.users_info(user=scene.ana.id)
    await error_response(scene.web.users_info(user="U99999999"))
    good, bad = scene.slack.calls("users.info")
    assert (good.args, good.ok, good.error) == ({"user": scene.ana.id}, True, None)
    assert (bad.ok, bad.error) == (False, "user_not_found")
    assert "xoxb" not in str(scene.slack.calls())


async def test_arguments_of_the_wrong_type_are_named(scene: Scene) -> None:
    """The error names arguments that are not an integer or not JSON."""
    bad = scene.web.conversations_members(channel=scene.general.id, limit="many")
    answer = await error_response(bad)
    assert "must be an integer [json-pointer:/limit]" in str(answer["response_metadata"])
    ts = await scene.ask()
    body = {"channel": scene.general.id, "ts": ts, "chunks": "{"}
    answer = await error_response(scene.web.api_call("chat.startStream", json=body))
    assert "must be valid JSON [json-pointer:/chunks]" in str(answer["response_metadata"])


async def test_api_test_echoes_its_arguments(scene: Scene) -> None:
    """It returns its arguments, or the requested error."""
    assert (await scene.web.api_test(foo="bar"))["args"]["foo"] == "bar"
    assert await error_code(scene.web.api_test(error="my_error")) == "my_error"


async def test_a_missing_argument_is_named(scene: Scene) -> None:
    """The error names the missing argument."""
    answer = await error_response(scene.web.api_call("views.publish", json={}))
    assert answer["error"] == "invalid_arguments"
    assert "missing required field: user_id" in answer["response_metadata"]["messages"][0]

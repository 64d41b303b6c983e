"""The team ids in payloads from channels shared with other workspaces.

Source: the recorded payloads of bolt-python, tests/slack_bolt/request/test_internals.py.
"""

from __future__ import annotations

from typing import Any

from bot.playground.state.models import Channel, User
from tests.playground.apps import SocketApp, button, section
from tests.playground.conftest import Scene

PARTNER_TEAM = "T00000099"


async def mention_events(scene: Scene, author: User, channel: Channel) -> list[Any]:
    """Post a mention and return the bodies of its `message` and `app_mention` events."""
    async with SocketApp(scene.slack) as app:
        await scene.slack.post(author, channel, f"<@{scene.slack.bot_user_id}> hi")
        await scene.slack.wait_for_deliveries()
    return [request.payload for request in app.requests]


async def test_a_mention_in_a_channel_hosted_by_another_organisation(scene: Scene) -> None:
    """Only `authorizations` and `user_team` name the app's team; the others name the host's."""
    hosted = scene.slack.add_channel("hosted", members=[scene.ana], host=PARTNER_TEAM)
    message, mention = await mention_events(scene, scene.ana, hosted)
    app_team = scene.slack.team_id
    assert (mention["team_id"], mention["event"]["team"]) == (PARTNER_TEAM, PARTNER_TEAM)
    assert mention["event"]["user_team"] == app_team
    assert message["context_team_id"] == PARTNER_TEAM
    assert {body["authorizations"][0]["team_id"] for body in (message, mention)} == {app_team}


async def test_a_mention_by_a_person_of_another_organisation(scene: Scene) -> None:
    """The outer team of `message` is theirs, that of `app_mention` is the host's."""
    partner = scene.slack.add_user("Pat", team_id=PARTNER_TEAM)
    shared = scene.slack.add_channel("shared", members=[partner], connected=[PARTNER_TEAM])
    message, mention = await mention_events(scene, partner, shared)
    app_team = scene.slack.team_id
    assert (message["team_id"], message["context_team_id"]) == (PARTNER_TEAM, app_team)
    assert (mention["team_id"], mention["event"]["user_team"]) == (app_team, PARTNER_TEAM)


async def test_a_click_names_the_team_of_the_person(scene: Scene) -> None:
    """In an Enterprise organisation the organisation's id replaces the user's team id."""
    scene.slack.join_grid("E00000001", "T00000002")
    partner = scene.slack.add_user("Pat", team_id=PARTNER_TEAM)
    sibling = scene.slack.add_user("Sue", team_id="T00000002")
    for person in (partner, sibling):
        await scene.slack.invite(person, scene.general)
    posted = await scene.web.chat_postMessage(
        channel=scene.general.id, text="x", blocks=[section("x", accessory=button("go"))]
    )
    message = scene.slack.message(scene.general, posted["ts"])
    async with SocketApp(scene.slack) as app:
        for person in (partner, sibling):
            await scene.slack.click(person, message, "go")
    outside, inside = [request.payload for request in app.requests]
    assert (outside["team"]["id"], outside["user"]["team_id"]) == (PARTNER_TEAM, PARTNER_TEAM)
    assert inside["user"]["team_id"] == inside["enterprise"]["id"] == "E00000001"
    user = (await scene.web.users_info(user=sibling.id))["user"]
    assert user["enterprise_user"]["enterprise_id"] == "E00000001"
    assert (await scene.web.auth_test())["enterprise_id"] == "E00000001"


async def test_people_who_share_no_channel_with_the_app_are_strangers(scene: Scene) -> None:
    """`is_stranger` is false for anyone who shares a channel with the app."""
    partner = scene.slack.add_user("Pat", team_id=PARTNER_TEAM)
    assert (await scene.web.users_info(user=partner.id))["user"]["is_stranger"]
    scene.slack.add_channel("shared", members=[partner], connected=[PARTNER_TEAM])
    assert not (await scene.web.users_info(user=partner.id))["user"]["is_stranger"]


async def test_notices_from_slack_look_like_messages(scene: Scene) -> None:
    """They have an author but neither a subtype nor a bot_id."""
    async with SocketApp(scene.slack) as app:
        scene.slack.post_notice(scene.slack.dm(scene.ana), "archived the channel")
        await scene.slack.wait_for_deliveries()
    [event] = app.events("message")
    assert event["user"] == "USLACK"
    assert not {"subtype", "bot_id"} & {*event}


async def test_messages_of_workflows_and_apps(scene: Scene) -> None:
    """A workflow's message has a `workflow_id`, and its bot profile has `is_workflow_bot`."""
    workflow = scene.slack.add_user("Triage", workflow=True)
    other_app = scene.slack.add_user("Other app", bot=True)
    async with SocketApp(scene.slack) as app:
        for each in (workflow, other_app):
            await scene.slack.invite(each, scene.general)
        await scene.slack.post(workflow, scene.general, "new form", subtype="bot_message")
        await scene.slack.post(other_app, scene.general, "beep")
        await scene.slack.wait_for_deliveries()
    form, beep = app.events("message")
    assert form["workflow_id"]
    assert form["bot_profile"]["is_workflow_bot"]
    assert not {"user"} & {*form}
    assert beep["bot_profile"]["name"] == "Other app"
    assert (await scene.web.bots_info(bot=other_app.bot_id))["bot"]["name"] == "Other app"

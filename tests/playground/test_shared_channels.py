"""The workspaces that Slack names in channels shared with others, as payloads were recorded.

Source: bolt-python, tests/slack_bolt/request/test_internals.py.
"""

from __future__ import annotations

from typing import Any

from bot.playground.state.models import Channel, User
from tests.playground.apps import SocketApp, button, section
from tests.playground.conftest import Scene

THEIRS = "T00000099"


async def heard(scene: Scene, author: User, channel: Channel) -> list[Any]:
    """The bodies of the events for a mention by somebody: its `message` and its `app_mention`."""
    async with SocketApp(scene.slack) as app:
        await scene.slack.post(author, channel, f"<@{scene.slack.bot_user_id}> hi")
        await scene.slack.settled()
    return [request.payload for request in app.requests]


async def test_a_mention_in_a_channel_that_another_organisation_hosts(scene: Scene) -> None:
    """The outer team and the event's are the host's; only `authorizations` and `user_team` tell."""
    hosted = scene.slack.add_channel("hosted", members=[scene.ana], host=THEIRS)
    message, mention = await heard(scene, scene.ana, hosted)
    ours = scene.slack.team_id
    assert (mention["team_id"], mention["event"]["team"]) == (THEIRS, THEIRS)
    assert mention["event"]["user_team"] == ours
    assert message["context_team_id"] == THEIRS
    assert {body["authorizations"][0]["team_id"] for body in (message, mention)} == {ours}


async def test_a_mention_by_somebody_of_another_organisation(scene: Scene) -> None:
    """A message's outer team is theirs, a mention's is ours."""
    partner = scene.slack.add_user("Pat", team_id=THEIRS)
    shared = scene.slack.add_channel("shared", members=[partner], connected=[THEIRS])
    message, mention = await heard(scene, partner, shared)
    ours = scene.slack.team_id
    assert (message["team_id"], message["context_team_id"]) == (THEIRS, ours)
    assert (mention["team_id"], mention["event"]["user_team"]) == (ours, THEIRS)


async def test_whoever_clicks_is_named_with_their_own_organisation(scene: Scene) -> None:
    """A workspace of Enterprise has its organisation's id in the place of the user's team."""
    scene.slack.into_grid("E00000001", "T00000002")
    partner = scene.slack.add_user("Pat", team_id=THEIRS)
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
    assert (outside["team"]["id"], outside["user"]["team_id"]) == (THEIRS, THEIRS)
    assert inside["user"]["team_id"] == inside["enterprise"]["id"] == "E00000001"
    told = (await scene.web.users_info(user=sibling.id))["user"]
    assert told["enterprise_user"]["enterprise_id"] == "E00000001"
    assert (await scene.web.auth_test())["enterprise_id"] == "E00000001"


async def test_only_those_whom_the_app_cannot_see_are_strangers(scene: Scene) -> None:
    """`is_stranger` marks no one who shares a channel with the app."""
    partner = scene.slack.add_user("Pat", team_id=THEIRS)
    assert (await scene.web.users_info(user=partner.id))["user"]["is_stranger"]
    scene.slack.add_channel("shared", members=[partner], connected=[THEIRS])
    assert not (await scene.web.users_info(user=partner.id))["user"]["is_stranger"]


async def test_slacks_own_notices_look_like_messages(scene: Scene) -> None:
    """They have an author, and neither a subtype nor a bot_id."""
    async with SocketApp(scene.slack) as app:
        scene.slack.notice(scene.slack.dm(scene.ana), "archived the channel")
        await scene.slack.settled()
    [event] = app.events("message")
    assert event["user"] == "USLACK"
    assert not {"subtype", "bot_id"} & {*event}


async def test_workflows_and_apps_say_what_they_are(scene: Scene) -> None:
    """A workflow's message names the workflow, and its bot's profile says so."""
    flow = scene.slack.add_user("Triage", workflow=True)
    robot = scene.slack.add_user("Robot", bot=True)
    async with SocketApp(scene.slack) as app:
        for each in (flow, robot):
            await scene.slack.invite(each, scene.general)
        await scene.slack.post(flow, scene.general, "new form", subtype="bot_message")
        await scene.slack.post(robot, scene.general, "beep")
        await scene.slack.settled()
    form, beep = app.events("message")
    assert form["workflow_id"]
    assert form["bot_profile"]["is_workflow_bot"]
    assert not {"user"} & {*form}
    assert beep["bot_profile"]["name"] == "Robot"
    assert (await scene.web.bots_info(bot=robot.bot_id))["bot"]["name"] == "Robot"

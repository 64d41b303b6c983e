"""Parses recorded events of shared channels, Slack itself, apps and deletions."""

from __future__ import annotations

import pytest

from bot.slack.api.colleagues import is_colleague
from bot.slack.api.identity import BotIdentity
from bot.slack.api.origin import actor_of, workspace_of
from bot.slack.intake.apps import AnsweredBots
from bot.slack.intake.events import DeletedMessage, deleted_in_event, question_in_event
from tests.slack import recorded
from tests.slack.recorded import BOT, BOT_ID, ORG, OURS, THEIR_ORG, THEIRS, Body


@pytest.mark.parametrize(
    ("body", "own_team"),
    [
        (recorded.HOSTED_ELSEWHERE, OURS),
        (recorded.HOSTED_ELSEWHERE_MESSAGE, OURS),
        (recorded.BY_AN_OUTSIDER, THEIRS),
        (recorded.BY_AN_OUTSIDER_MESSAGE, THEIRS),
        (recorded.BY_AN_OUTSIDER_OF_GRID, THEIR_ORG),
        (recorded.AT_HOME, OURS),
    ],
)
def test_a_question_belongs_to_our_workspace_and_its_asker_to_theirs(
    body: Body, own_team: str
) -> None:
    """Budgets and settings are our workspace's, no matter who hosts or asks."""
    asked = question_in_event(body, BOT, BOT_ID)
    assert asked
    assert (asked.question.team, asked.own_team) == (OURS, own_team)
    assert f"message:{OURS}:C0001:{asked.question.ts}" in asked.keys


def test_our_workspace_is_found_in_smaller_payloads() -> None:
    """The workspace is found in older and smaller payloads, too."""
    assert workspace_of({"context_team_id": OURS, "team_id": THEIRS}) == OURS
    assert workspace_of({"team_id": OURS, "authorizations": []}) == OURS
    assert workspace_of({"authorizations": [{"team_id": None}], "context_team_id": OURS}) == OURS
    assert workspace_of({"authorizations": "x", "team_id": 1}) is None


def test_a_clicking_person_belongs_to_their_own_team() -> None:
    """The interaction's team is not mistaken for the person's."""
    clicked = {"user": {"id": "U1", "team_id": THEIRS}, "team": {"id": OURS}}
    assert actor_of(clicked).own_team == THEIRS
    assert actor_of({"user": {"id": "U1"}, "team": {"id": OURS}}).own_team is None


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"team_id": OURS}, True),
        ({"team_id": THEIRS}, False),
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": ORG}}, True),
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": THEIR_ORG}}, False),
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": "", "teams": [OURS]}}, True),
        ({"team_id": "T2", "enterprise_id": ORG}, True),
        ({"team_id": ORG}, True),
        ({}, False),
    ],
)
def test_who_is_a_colleague(user: Body, expected: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """These are people of our workspace and of our organisation's other workspaces."""
    me = BotIdentity(BOT, BOT_ID, OURS, "Ours", "", frozenset(), ORG)
    assert is_colleague(user, me) is expected


def test_without_an_organisation_nobody_else_is_a_colleague() -> None:
    """Two missing ids are not equal."""
    me = BotIdentity(BOT, BOT_ID, OURS, "Ours", "", frozenset())
    assert not is_colleague({"team_id": THEIRS, "enterprise_user": {"enterprise_id": None}}, me)


ANYBODY = AnsweredBots(frozenset({"B0000APP", "workflows", BOT_ID}))


@pytest.mark.parametrize("body", [recorded.BY_SLACK, recorded.BY_SLACKBOT])
@pytest.mark.parametrize("bots", [AnsweredBots(), ANYBODY])
def test_slacks_own_notices_are_not_questions(body: Body, bots: AnsweredBots) -> None:
    """This holds even in direct messages, where every other message is a question."""
    assert question_in_event(body, BOT, BOT_ID, bots) is None


@pytest.mark.parametrize(
    ("body", "name", "asker"),
    [
        (recorded.BY_AN_APP, "B0000APP", "B0000APP"),
        (recorded.BY_A_WORKFLOW, "workflows", "B0000FLOW"),
        (recorded.BY_A_WORKFLOW, "B0000FLOW", "B0000FLOW"),
        (recorded.BY_A_WORKFLOW_OF_OLD, "workflows", "B0000FLOW"),
    ],
)
def test_only_listed_apps_may_ask(body: Body, name: str, asker: str) -> None:
    """By default none may, and naming one allows no other."""
    assert question_in_event(body, BOT, BOT_ID) is None
    assert question_in_event(body, BOT, BOT_ID, AnsweredBots(frozenset({"B0000NONE"}))) is None
    asked = question_in_event(body, BOT, BOT_ID, AnsweredBots(frozenset({name})))
    assert asked
    assert asked.question.user == asker


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "message", "channel_type": "channel", "text": "beep"},
        {"type": "message", "channel_type": "im", "text": "beep"},
        {"user": BOT, "bot_id": BOT_ID},
        {"user": None, "bot_id": BOT_ID},
        {"user": "USLACKBOT"},
        {"subtype": "message_changed"},
        {"bot_id": None, "subtype": "bot_message"},
    ],
)
def test_an_apps_other_messages_are_not_questions(changes: Body) -> None:
    """Only a mention asks, and our own messages never do, whatever the settings are."""
    body = {**recorded.BY_AN_APP, "event": {**recorded.BY_AN_APP["event"], **changes}}
    assert question_in_event(body, BOT, BOT_ID, ANYBODY) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (recorded.DELETED, DeletedMessage(OURS, "C0001", "1.0001", "1.0001")),
        (recorded.DELETED_IN_A_THREAD, DeletedMessage(OURS, "C0001", "1.0002", "1.0001")),
        (recorded.TOMBSTONE, DeletedMessage(OURS, "C0001", "1.0001", "1.0001")),
        (recorded.EDITED, None),
        (recorded.AT_HOME, None),
        ({}, None),
    ],
)
def test_which_events_report_a_deletion(body: Body, expected: DeletedMessage | None) -> None:
    """These are deletions and tombstones of a thread's first message, but no edits."""
    assert deleted_in_event(body) == expected
    assert expected is None or question_in_event(body, BOT, BOT_ID) is None

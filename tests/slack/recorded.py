"""Event bodies in formats recorded from Slack, short, with invented ids.

Sources: bolt-python, tests/slack_bolt/request/test_internals.py (Connect and Grid); vercel/chat
(USLACK); slack-edge 10, matterbridge 600 and openclaw 22035 (deletions); caipe-io 1624 and PostHog
60193 (apps and workflows).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OURS, THEIRS = "T0000OURS", "T000THEIRS"
ORG, THEIR_ORG = "E0000ORG1", "E00THEIRS"
BOT, BOT_ID = "U0000BOT", "B0000BOT"

Body = Mapping[str, Any]


def body(outer: str, event: Body, *, context: str | None = None, shared: bool = True) -> Body:
    """Return the envelope of an event, with its teams and our installation."""
    return {
        "team_id": outer,
        **({"context_team_id": context} if context else {}),
        "api_app_id": "A0001",
        "event": event,
        "type": "event_callback",
        "event_id": "Ev0001",
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": OURS,
                "user_id": BOT,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": shared,
    }


def mention(**fields: Any) -> Body:
    """Return an `app_mention` by a person."""
    said = {
        "user": "U0001",
        "text": f"<@{BOT}> why?",
        "channel": "C0001",
        "ts": "1678451405.023359",
    }
    return {"type": "app_mention", **said, "event_ts": said["ts"], **fields}


def message(**fields: Any) -> Body:
    """Return a `message` in a channel."""
    return {**mention(), "type": "message", "text": "why?", "channel_type": "channel", **fields}


HOSTED_ELSEWHERE = body(
    THEIRS, mention(team=THEIRS, user_team=OURS, source_team=OURS, user_profile={"team": OURS})
)
"""Our own user, in a channel that the other organisation hosts."""

HOSTED_ELSEWHERE_MESSAGE = body(OURS, message(team=OURS), context=THEIRS)
"""The same as a `message`: `context_team_id` is the host's."""

BY_AN_OUTSIDER = body(OURS, mention(team=OURS, user_team=THEIRS, source_team=THEIRS))
BY_AN_OUTSIDER_MESSAGE = body(THEIRS, message(team=THEIRS), context=OURS)
BY_AN_OUTSIDER_OF_GRID = body(OURS, mention(team=OURS, user_team=THEIR_ORG, source_team=THEIR_ORG))
AT_HOME = body(OURS, mention(team=OURS), context=OURS, shared=False)

BY_SLACK = body(
    OURS,
    message(user="USLACK", channel="D0001", channel_type="im", text="archived the channel"),
    shared=False,
)
BY_SLACKBOT = body(
    OURS, message(user="USLACKBOT", channel="D0001", channel_type="im"), shared=False
)

_DELETION = {"hidden": True, "channel": "C0001", "channel_type": "channel", "event_ts": "2.0001"}
DELETED = body(
    OURS,
    {
        "type": "message",
        "subtype": "message_deleted",
        "deleted_ts": "1.0001",
        "previous_message": {"type": "message", "user": "U0001", "ts": "1.0001", "text": "why?"},
        "ts": "2.0001",
        **_DELETION,
    },
    shared=False,
)
DELETED_IN_A_THREAD = body(
    OURS,
    {
        "type": "message",
        "subtype": "message_deleted",
        "deleted_ts": "1.0002",
        "previous_message": {"type": "message", "ts": "1.0002", "thread_ts": "1.0001"},
        "ts": "2.0001",
        **_DELETION,
    },
    shared=False,
)
TOMBSTONE = body(
    OURS,
    {
        "type": "message",
        "subtype": "message_changed",
        "message": {
            "type": "message",
            "subtype": "tombstone",
            "user": "USLACKBOT",
            "text": "This message was deleted.",
            "hidden": True,
            "ts": "1.0001",
            "thread_ts": "1.0001",
            "reply_count": 1,
        },
        "previous_message": {"type": "message", "user": "U0001", "ts": "1.0001"},
        "ts": "2.0001",
        **_DELETION,
    },
    shared=False,
)
EDITED = body(
    OURS,
    {
        "type": "message",
        "subtype": "message_changed",
        "message": {"type": "message", "user": "U0001", "text": "why not?", "ts": "1.0001"},
        "previous_message": {"type": "message", "user": "U0001", "text": "why?", "ts": "1.0001"},
        "ts": "2.0001",
        **_DELETION,
    },
    shared=False,
)

_NO_USER = {key: value for key, value in mention(team=OURS).items() if key != "user"}
BY_A_WORKFLOW = body(
    OURS,
    {
        **_NO_USER,
        "subtype": "bot_message",
        "username": "Triage",
        "bot_id": "B0000FLOW",
        "workflow_id": "Wf0001",
        "bot_profile": {"id": "B0000FLOW", "name": "Triage", "is_workflow_bot": True},
    },
    shared=False,
)
BY_A_WORKFLOW_OF_OLD = body(OURS, {**_NO_USER, "bot_id": "B0000FLOW", "workflow_id": "Wf0001"})
BY_AN_APP = body(
    OURS,
    mention(
        team=OURS,
        user="U0000APP",
        bot_id="B0000APP",
        app_id="A0002",
        bot_profile={"id": "B0000APP", "name": "Alerts", "team_id": OURS},
    ),
    shared=False,
)

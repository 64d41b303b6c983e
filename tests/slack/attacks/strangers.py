"""People without access to a run, and every value that they might send for it.

For each clickable element: have every stranger click it, send every forged value with it,
and use `shown_to` to see the result.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.playground.checks.blocks import walk
from bot.playground.state.models import SlackMessage, SlackView, User
from tests.stage import Stage

OTHER_TEAM = "T99999999"


@dataclass(frozen=True, slots=True)
class Stranger:
    """A person who may not see a run of the channel `general`.

    Attributes:
        name: a short name.
        who: why they have no access, in one sentence.
        come: adds them to the stage. A person who loses a permission loses it here.
    """

    name: str
    who: str
    come: Callable[[Stage], Awaitable[User]]

    def __str__(self) -> str:
        return self.name


async def _of_another_channel(stage: Stage) -> User:
    person = stage.slack.add_user("Other member")
    stage.slack.add_channel("elsewhere", members=[person])
    return person


async def _of_no_channel(stage: Stage) -> User:
    return stage.slack.add_user("Newcomer")


async def _removed(stage: Stage) -> User:
    person = stage.slack.add_user("Removed member")
    await stage.slack.invite(person, stage.general)
    await stage.slack.leave(person, stage.general)
    return person


async def _guest(stage: Stage) -> User:
    person = stage.slack.add_user("Guest", guest=True)
    stage.slack.add_channel("for-guests", members=[person])
    return person


async def _single_channel_guest(stage: Stage) -> User:
    person = stage.slack.add_user("Narrow guest", single_channel_guest=True)
    stage.slack.add_channel("for-one-guest", members=[person])
    return person


async def _of_another_workspace(stage: Stage) -> User:
    return stage.slack.add_user("Outsider", team_id=OTHER_TEAM)


async def _connected(stage: Stage) -> User:
    person = stage.slack.add_user("Partner", team_id=OTHER_TEAM)
    await stage.slack.invite(person, stage.general)
    return person


async def _admin(stage: Stage) -> User:
    return stage.slack.add_user("Admin elsewhere", admin=True)


async def _bot(stage: Stage) -> User:
    return stage.slack.add_user("Another app", bot=True)


STRANGERS = (
    Stranger("another-channel", "A member of another channel.", _of_another_channel),
    Stranger("no-channel", "A member of no channel.", _of_no_channel),
    Stranger("removed", "A member who was removed from the channel.", _removed),
    Stranger("guest", "A guest of another channel.", _guest),
    Stranger("single-channel-guest", "A guest of one other channel.", _single_channel_guest),
    Stranger("another-workspace", "A person from another workspace.", _of_another_workspace),
    Stranger("connected", "A person from another workspace, in the channel.", _connected),
    Stranger("admin", "An administrator who is not in the channel.", _admin),
    Stranger("bot", "Another app's user.", _bot),
)


def forged_values(run_id: str) -> Mapping[str, str]:
    """Return run ids that a hostile client might send, by aim."""
    return {
        "empty": "",
        "blank": " ",
        "null": "null",
        "number": "0",
        "another run": "AAAAAAAAAAAAAAAAAAAAAAAA",
        "the id in capitals": run_id.upper() if run_id != run_id.upper() else run_id.lower(),
        "the id and more": f"{run_id} ",
        "a part of the id": run_id[:-1],
        "any id": "%",
        "any character": "_" * len(run_id),
        "SQL that is always true": "' OR '1'='1",
        "SQL that drops": "'; DROP TABLE runs; --",
        "SQL that joins": "x' UNION SELECT id FROM runs --",
        "JSON": json.dumps({"run_id": run_id}),
        "a JSON list": json.dumps([run_id, "1-1", 0]),
        "a path": f"../../{run_id}",
        "markup": f"<!channel> *{run_id}*",
        "a NUL": f"{run_id}\x00",
        "a line": f"{run_id}\n",
        "wide characters": run_id.translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)}),
        "2,000 characters": "x" * 2_000,
        "2,000 digits": "9" * 2_000,
    }


def forge(shown: SlackMessage | SlackView, action_id: str, value: str) -> None:
    """Change the value of a button in a message or modal, as a hostile client would."""
    found = [part for part in walk(shown.blocks) if part.get("action_id") == action_id]
    assert found, f"nothing there is called {action_id}"
    for part in found:
        part["value"] = value


def run_of(reply: SlackMessage) -> str:
    """Return the run id of a reply."""
    assert reply.metadata is not None
    return str(reply.metadata["event_payload"]["run_id"])


def shown_to(stage: Stage, person: User) -> str:
    """Return all text in a person's modals and private messages."""
    view = stage.slack.current_modal(person)
    parts = [stage.slack.render(view)] if view else []
    for channel in (stage.general, stage.slack.dm(person)):
        parts += [stage.slack.render(m) for m in stage.slack.ephemerals(person, channel)]
    return "\n".join(parts)


def sent_since(stage: Stage, calls: int) -> list[Mapping[str, Any]]:
    """Return the views and messages that the bot sent after this many calls."""
    showing = ("views.", "chat.")
    return [c.args for c in stage.slack.calls()[calls:] if c.method.startswith(showing)]

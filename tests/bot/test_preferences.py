"""Settings chosen in Slack, on SQLite and Postgres, and the resulting rules."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.preferences import (
    ChannelChoice,
    Choices,
    Defaults,
    PersonChoice,
    Preferences,
    WorkspaceChoice,
    read_choice,
)
from bot.storage.database import Database, open_database
from bot.storage.preferences import CACHE_S, StoredPreferences
from bot.storage.tables import preferences as table

PIPELINES = ("balanced", "quick", "deep")
STRICTEST = {"reveal": "nobody", "names": "anonymous", "cost": "hidden"}


@pytest.fixture
async def opened(database: str) -> AsyncGenerator[Database, None]:
    opened = await open_database(database)
    yield opened
    await opened.dispose()


@pytest.fixture
def preferences(opened: Database) -> Preferences:
    return Preferences(StoredPreferences(opened), Defaults(), PIPELINES, "balanced")


def resolve(defaults: Defaults, **choices: Any) -> Any:
    """Return the rules for these choices, with nothing stored."""
    stored: Any = None
    return Preferences(stored, defaults, PIPELINES, "balanced").resolve(Choices(**choices))


async def test_without_a_choice_the_operators_setting_applies(preferences: Preferences) -> None:
    """A fresh install behaves as `moa.toml` says."""
    rules = await preferences.rules("T1", "C1", "U1")
    assert (rules.pipeline, rules.reveal, rules.names) == ("balanced", "members", "shown")
    assert (rules.cost, rules.follow_ups, rules.offer_brainstorms) == ("shown", False, False)


async def test_a_choice_applies_only_where_it_was_made(preferences: Preferences) -> None:
    """A channel's choice affects no other channel and no other workspace."""
    choice = ChannelChoice(pipeline="deep", reveal="requester", offer_brainstorms=True)
    await preferences.store_choice("T1", "channel", "C1", choice, "U1")
    here = await preferences.rules("T1", "C1", "U1")
    assert (here.pipeline, here.reveal, here.offer_brainstorms) == ("deep", "requester", True)
    for team, channel in (("T1", "C2"), ("T2", "C1"), ("T1", None)):
        elsewhere = await preferences.rules(team, channel, "U1")
        assert (elsewhere.pipeline, elsewhere.offer_brainstorms) == ("balanced", False)


async def test_a_choice_applies_here_at_once_and_elsewhere_soon(
    preferences: Preferences, opened: Database
) -> None:
    """A change is visible at once in its process, and soon in all others."""
    elsewhere = Preferences(StoredPreferences(opened), Defaults(), PIPELINES, "balanced")
    for process in (preferences, elsewhere):
        assert (await process.rules("T1", "C1", "U1")).pipeline == "balanced"
    await preferences.store_choice("T1", "channel", "C1", ChannelChoice(pipeline="deep"), "U1")
    assert (await preferences.rules("T1", "C1", "U1")).pipeline == "deep"
    await asyncio.sleep(1.1 * CACHE_S)
    assert (await elsewhere.rules("T1", "C1", "U1")).pipeline == "deep"


async def test_a_person_and_a_channel_with_one_id_are_distinct(preferences: Preferences) -> None:
    """Equal ids in different scopes don't collide."""
    await preferences.store_choice("T1", "person", "X1", PersonChoice(pipeline="quick"), "X1")
    assert (await preferences.rules("T1", "X1", "U1")).pipeline == "balanced"
    assert (await preferences.rules("T1", "C1", "X1")).pipeline == "quick"


def test_a_channels_pipeline_takes_precedence() -> None:
    """The order is channel, person, workspace, then `moa.toml`."""
    channel, person = ChannelChoice(pipeline="deep"), PersonChoice(pipeline="quick")
    workspace = WorkspaceChoice(pipeline="deep")
    assert resolve(Defaults(), channel=channel, person=person).pipeline == "deep"
    assert resolve(Defaults(), workspace=workspace, person=person).pipeline == "quick"
    assert resolve(Defaults(), workspace=workspace).pipeline == "deep"
    assert resolve(Defaults()).pipeline == "balanced"


def test_a_removed_pipeline_is_skipped() -> None:
    """A chosen pipeline missing from `moa.toml` falls through to the next choice."""
    gone, person = ChannelChoice(pipeline="gone"), PersonChoice(pipeline="quick")
    assert resolve(Defaults(), channel=gone, person=person).pipeline == "quick"


@pytest.mark.parametrize(
    ("operator", "workspace", "channel", "holds"),
    [
        ("members", None, None, "members"),
        ("members", None, "requester", "requester"),
        ("members", "requester", "members", "requester"),
        ("requester", "members", "members", "requester"),
        ("nobody", "members", "members", "nobody"),
        ("members", "requester", "nobody", "nobody"),
    ],
)
def test_privacy_can_only_be_made_stricter(
    operator: Any, workspace: Any, channel: Any, holds: str
) -> None:
    """Settings in Slack can't loosen the operator's or workspace's restrictions."""
    rules = resolve(
        Defaults(reveal=operator),
        workspace=WorkspaceChoice(reveal=workspace),
        channel=ChannelChoice(reveal=channel),
    )
    assert rules.reveal == holds


def test_names_and_cost_can_only_be_made_stricter() -> None:
    """Anonymous stays anonymous, and hidden stays hidden."""
    defaults = Defaults(names="anonymous", cost="hidden")
    rules = resolve(defaults, channel=ChannelChoice(names="shown", cost="shown"))
    assert (rules.names, rules.cost) == ("anonymous", "hidden")


@pytest.mark.parametrize("channel", [True, False])
def test_a_channel_decides_on_follow_ups(*, channel: bool) -> None:
    """The workspace's choice doesn't matter, as follow-ups don't concern privacy."""
    rules = resolve(
        Defaults(),
        workspace=WorkspaceChoice(follow_ups=not channel),
        channel=ChannelChoice(follow_ups=channel),
    )
    assert rules.follow_ups is channel


async def test_settings_stored_by_a_newer_release_are_kept(
    preferences: Preferences, opened: Database
) -> None:
    """After a downgrade, changing a setting keeps the newer release's keys."""
    await preferences.store_choice("T1", "channel", "C1", ChannelChoice(pipeline="deep"), "U1")
    await _store(opened, json.dumps({"pipeline": "deep", "voice": {"tone": "dry"}}))
    assert (await preferences.rules("T1", "C1")).pipeline == "deep"
    await preferences.store_choice("T1", "channel", "C1", ChannelChoice(follow_ups=True), "U2")
    async with opened.connect() as connection:
        row = (await connection.execute(select(table))).one()
    assert json.loads(row.chosen) == {"voice": {"tone": "dry"}, "follow_ups": True}
    assert row.changed_by == "U2"


async def _store(opened: Database, chosen: str) -> None:
    async with opened.begin() as connection:
        await connection.execute(update(table).values(chosen=chosen))


@pytest.mark.parametrize(
    "stored",
    ["no JSON", "[]", '"text"', "null", '{"reveal": "owners", "names": 1, "cost": ["shown"]}'],
)
def test_an_unreadable_setting_is_the_strictest(stored: str) -> None:
    """An unreadable stored choice opens no answers."""
    choice = read_choice(ChannelChoice, stored)
    assert choice.model_dump(include={*STRICTEST}) == STRICTEST
    assert choice.pipeline is None


def test_one_invalid_value_affects_no_other() -> None:
    """Readable values still apply."""
    choice = read_choice(ChannelChoice, '{"pipeline": 7, "reveal": "requester", "x": 1}')
    assert (choice.pipeline, choice.reveal, choice.names) == (None, "requester", None)


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity", '"5"', "true"])
def test_a_wrong_budget_is_ignored(amount: str) -> None:
    """The operator's limit applies anyway."""
    stored = f'{{"per_person_day_usd": {amount}, "reveal": "requester"}}'
    choice = read_choice(WorkspaceChoice, stored)
    assert (choice.per_person_day_usd, choice.reveal) == (None, "requester")

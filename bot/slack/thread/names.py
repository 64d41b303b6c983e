"""Gives people and channels names in a prompt, so that no two people share one."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from bot.slack.api.users import Person
from bot.slack.markdown.names import NAMELESS, prompt_name
from bot.slack.markdown.unicode_filter import unescape

UNKNOWN_CHANNEL = "a-channel"
UNKNOWN_GROUP = "a-group"

_IDS = re.compile(r"<[@#]([A-Z][A-Z0-9]+)[|>]")
_ID_FIELDS: Mapping[str, str] = {"user": "user_id", "channel": "channel_id"}
"""The field of a rich text element that contains an id, by the element's type."""

NO_NAMES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class PromptNames:
    """Names by id.

    Attributes:
        people: names of people and bots, all different and safe in a prompt.
        notes: "guest", "bot" or "other organisation", for those with a note.
        channels: names of public channels.
    """

    people: Mapping[str, str] = field(default_factory=lambda: NO_NAMES)
    notes: Mapping[str, str] = field(default_factory=lambda: NO_NAMES)
    channels: Mapping[str, str] = field(default_factory=lambda: NO_NAMES)

    def mention(self, user_id: str, label: str = "") -> str:
        """Return a mention. The label was chosen by an app, so our own lookup takes precedence."""
        return f"@{self.people.get(user_id) or prompt_name(unescape(label))}"

    def channel(self, channel_id: str, label: str = "") -> str:
        """Return a channel's name with its number sign."""
        known = self.channels.get(channel_id) or UNKNOWN_CHANNEL
        return f"#{prompt_name(unescape(label)) if label.strip() else known}"

    def with_note(self, user_id: str) -> str:
        """Return a name, followed by its note, if any."""
        name, note = self.people.get(user_id, NAMELESS), self.notes.get(user_id)
        return f"{name} ({note})" if note else name


def name_people(people: Mapping[str, Person], me: str) -> PromptNames:
    """Return a different name for each person.

    If two share a display name, both get their full name, else their username, else a number.
    People who couldn't be looked up are "member 1", "member 2" and so on.

    Args:
        people: by id, in the order in which they first appear in the thread.
        me: our own user id. Nobody else gets our name.
    """
    names = {user: prompt_name(person.name) for user, person in people.items() if person.is_known}
    for group in _same(names):
        names |= _distinct_names({user: people[user] for user in group if user != me}, names)
    unknown = [user for user in people if user not in names]
    taken = {_key(name) for name in names.values()}
    numbers = (n for n in range(1, len(people) + 1 + len(taken)) if f"member {n}" not in taken)
    names |= {user: f"member {n}" for user, n in zip(unknown, numbers, strict=False)}
    return PromptNames(names, {user: each.note for user, each in people.items() if each.note})


def ids_in(payload: object) -> Iterator[str]:
    """Yield the ids of people (U…, W…) and channels (C…) that a payload mentions."""
    if isinstance(payload, str):
        yield from _IDS.findall(payload)
    elif isinstance(payload, Mapping):
        element = cast("Mapping[str, Any]", payload)
        mentioned = element.get(_ID_FIELDS.get(str(element.get("type")), ""))
        if isinstance(mentioned, str) and mentioned:
            yield mentioned
        for value in element.values():
            yield from ids_in(value)
    elif isinstance(payload, Sequence):
        for value in cast("Sequence[object]", payload):
            yield from ids_in(value)


def _same(names: Mapping[str, str]) -> Collection[Sequence[str]]:
    """Return the groups of people who share a name."""
    groups = defaultdict[str, list[str]](list)
    for user, name in names.items():
        groups[_key(name)].append(user)
    return [group for group in groups.values() if len(group) > 1]


def _distinct_names(group: Mapping[str, Person], names: Mapping[str, str]) -> Mapping[str, str]:
    taken = {_key(name) for name in names.values()}
    full = {user: prompt_name(person.real_name) for user, person in group.items()}
    handles = {
        user: f"{names[user]} (@{prompt_name(person.username)})" for user, person in group.items()
    }
    for candidates in (full, handles):
        keys = {_key(name) for name in candidates.values()}
        if len(keys) == len(group) and not keys & {*taken, NAMELESS}:
            return candidates
    return {user: f"{names[user]} ({n})" for n, user in enumerate(group, 1)}


def _key(name: str) -> str:
    return " ".join(name.casefold().split())

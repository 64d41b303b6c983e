"""Texts about a brainstorm: counts, times, and people's texts made safe to show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.brainstorm.session import BrainstormSession, IdeaCounts, StoredIdea
from bot.slack.markdown.sanitize import inert_mrkdwn, shorten
from bot.slack.markdown.unicode_filter import clean
from bot.slack.ui.strings import brainstorm as strings
from moa.brainstorm import IdeaGroup

MINUTE_S = 60
SOON_S = 20 * MINUTE_S
DAY_S = 24 * 60 * MINUTE_S

NameOf = Callable[[str], Awaitable[str]]


def ideas_count(number: int) -> str:
    """Return "3 ideas"."""
    return strings.count(number, strings.IDEA, strings.IDEAS)


def dots_count(number: int) -> str:
    """Return "3 dots"."""
    return strings.count(number, strings.DOT, strings.DOTS)


def people_count(number: int) -> str:
    """Return "3 people"."""
    return strings.count(number, strings.PERSON, strings.PEOPLE)


def minutes_count(number: int) -> str:
    """Return "3 minutes"."""
    return strings.count(number, strings.MINUTE, strings.MINUTES)


def ideas_summary(counts: IdeaCounts) -> str:
    """Return the number of ideas, and of the people and models who handed them in."""
    models = strings.count(counts.models, strings.MODEL, strings.MODELS)
    both = (
        (counts.people_ideas, people_count(counts.people)),
        (counts.model_ideas, models),
    )
    parts = [
        strings.HANDED_IN.format(ideas=ideas_count(ideas), authors=authors)
        for ideas, authors in both
        if ideas
    ]
    return " · ".join(parts) or strings.NO_IDEAS


def until_text(ends_at: datetime, now: datetime) -> str:
    """Return a time as mrkdwn, in each reader's time zone. Includes the date if it is far away.

    Source: https://docs.slack.dev/messaging/formatting-message-text#date-formatting
    """
    far = (ends_at - now).total_seconds() > DAY_S / 2
    shape, plain = ("{date_short_pretty} {time}", "%Y-%m-%d %H:%M UTC")
    if not far:
        shape, plain = "{time}", "%H:%M UTC"
    return f"<!date^{int(ends_at.timestamp())}^{shape}|{ends_at.strftime(plain)}>"


def phase_text(session: BrainstormSession, now: datetime) -> str:
    """Return the phase and when it ends, as mrkdwn."""
    phase, ends_at = strings.PHASES[session.phase], session.phase_ends_at
    if ends_at is None:
        return strings.PHASE_LINE.format(phase=phase)
    line = strings.PHASE_UNTIL.format(phase=phase, time=until_text(ends_at, now))
    left_s = (ends_at - now).total_seconds()
    if 0 < left_s <= SOON_S:
        minutes = minutes_count(max(1, round(left_s / MINUTE_S)))
        line += strings.MINUTES_LEFT.format(minutes=minutes)
    return line


def one_line_topic(session: BrainstormSession, limit: int) -> str:
    """Return the topic on one line, shortened, as plain text."""
    return shorten(" ".join(clean(session.topic).split()), limit)


def safe_topic(session: BrainstormSession, limit: int = 100) -> str:
    """Return the topic on one line for a mrkdwn field, with its addresses as code."""
    return inert_mrkdwn(one_line_topic(session, limit))


def shorten_literal(text: str, limit: int) -> str:
    """Return a person's text for a plain_text or rich text field: literal, but shortened."""
    return shorten(clean(text).strip(), limit)


@dataclass(frozen=True, slots=True)
class Readable:
    """The ideas of a brainstorm as people may see them.

    Attributes:
        ideas: the ideas by id.
        sources: the author of each idea, by id; empty if the channel hides authors.
    """

    ideas: Mapping[str, StoredIdea]
    sources: Mapping[str, str] = field(default_factory=dict[str, str])

    def words(self, group: IdeaGroup, limit: int) -> str:
        """Return the wording that represents a group."""
        return shorten_literal(self.ideas[group.representative].text, limit)

    def about(self, group: IdeaGroup) -> str:
        """Return the facts about a group: its authors, wordings, and whether it is late."""
        sources = dict.fromkeys(self.sources.get(number, "") for number in group.idea_ids)
        named = ", ".join(source for source in sources if source)
        count = len(group.idea_ids)
        parts = [
            named,
            strings.JOINED.format(count=count) if count > 1 else "",
            strings.LATE if self.ideas[group.representative].late else "",
        ]
        return " · ".join(part for part in parts if part)


async def readable(ideas: Collection[StoredIdea], name_of: NameOf, *, sources: bool) -> Readable:
    """Return ideas with their authors: models by name, people only if they chose so."""
    by_id = {idea.id: idea for idea in ideas}
    if not sources:
        return Readable(by_id)
    named = {idea.author for idea in ideas if idea.named and not idea.is_model}
    names = {author: await name_of(author) for author in sorted(named)}

    def source(idea: StoredIdea) -> str:
        if idea.is_model:
            return idea.author
        return names[idea.author] if idea.named else strings.SOURCE_PERSON

    return Readable(by_id, {idea.id: source(idea) for idea in ideas})

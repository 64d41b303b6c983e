"""Deletes brainstorms by age, workspace or person, and a person's ideas and dots in others'."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ColumnElement, Delete, delete, select

from bot.storage.tables import ballots, brainstorms, ideas


def brainstorm_deletions(
    team: str | None, user: str | None, before: datetime | None
) -> list[Delete]:
    """Return the statements that delete brainstorms, and a person's ideas and dots in others'.

    Brainstorms without a result are kept, because people are still working on them. A person's
    ideas and dots in them are deleted all the same.
    """
    over = [brainstorms.c.phase.in_(("result", "closed")), *_in_team(team)]
    over += [] if user is None else [brainstorms.c.user == user]
    statements = [delete(brainstorms).where(*over, *_older(brainstorms.c.created_at, before))]
    if user is None:
        return statements
    theirs = select(brainstorms.c.id).where(*_in_team(team))
    hers = [ideas.c.author == user, ~ideas.c.is_model, ideas.c.brainstorm_id.in_(theirs)]
    given = [ballots.c.user == user, ballots.c.brainstorm_id.in_(theirs)]
    return [
        *statements,
        delete(ideas).where(*hers, *_older(ideas.c.created_at, before)),
        delete(ballots).where(*given, *_older(ballots.c.changed_at, before)),
    ]


def _in_team(team: str | None) -> list[ColumnElement[bool]]:
    return [] if team is None else [brainstorms.c.team == team]


def _older(column: Column[datetime], before: datetime | None) -> list[ColumnElement[bool]]:
    return [] if before is None else [column < before]

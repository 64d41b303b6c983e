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
    finished = [brainstorms.c.phase.in_(("result", "closed")), *_in_team(team)]
    finished += [] if user is None else [brainstorms.c.user == user]
    statements = [delete(brainstorms).where(*finished, *_older(brainstorms.c.created_at, before))]
    if user is None:
        return statements
    team_brainstorms = select(brainstorms.c.id).where(*_in_team(team))
    own_ideas = [
        ideas.c.author == user,
        ~ideas.c.is_model,
        ideas.c.brainstorm_id.in_(team_brainstorms),
    ]
    own_dots = [ballots.c.user == user, ballots.c.brainstorm_id.in_(team_brainstorms)]
    return [
        *statements,
        delete(ideas).where(*own_ideas, *_older(ideas.c.created_at, before)),
        delete(ballots).where(*own_dots, *_older(ballots.c.changed_at, before)),
    ]


def _in_team(team: str | None) -> list[ColumnElement[bool]]:
    return [] if team is None else [brainstorms.c.team == team]


def _older(column: Column[datetime], before: datetime | None) -> list[ColumnElement[bool]]:
    return [] if before is None else [column < before]

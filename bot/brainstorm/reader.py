"""Builds the prompt of a question about a brainstorm from stored data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.brainstorm.ports import BrainstormStore
from bot.brainstorm.session import AboutSession, BrainstormSession, StoredIdea
from bot.brainstorm.tally import complete_grouping, dots_of, voters_of
from bot.errors import Unanswerable
from bot.ports import Question, Thread, ThreadReader
from moa import Prompt
from moa.brainstorm import (
    Idea,
    challenge_prompt,
    combine_prompt,
    develop_prompt,
    more_like_this_prompt,
    result_prompt,
)


class BrainstormReader:
    """`bot.ports.ThreadReader` for questions about brainstorms. Others go to another reader."""

    def __init__(self, store: BrainstormStore, others: ThreadReader, late_title: str) -> None:
        self._store = store
        self._others = others
        self._late_title = late_title

    async def read(self, question: Question, room: int | None = None) -> Thread:
        """Return the brainstorm as the prompt.

        Raises:
            Unanswerable: the brainstorm or the idea is gone, or ideas are still hidden.
        """
        if question.surface != "brainstorm":
            return await self._others.read(question, room)
        about = await self._store.question_at(question.team, question.channel, question.ts)
        session = await self._store.get(about.session_id) if about else None
        if about is None or session is None or not session.shows_ideas:
            raise Unanswerable("thread_gone")
        stored = await self._store.ideas(session.id)
        ideas = [idea.as_idea for idea in stored]
        said = tuple(_words_of(question.user, session, stored))
        if about.kind != "result":
            return Thread(_about_ideas(session, about, ideas), asker_messages=said)
        grouping = complete_grouping(session, stored, self._late_title)
        ballots = await self._store.ballots(session.id)
        prompt = result_prompt(
            session.topic,
            grouping.themes,
            ideas,
            seed=session.seed,
            dots=dots_of(grouping, ballots),
            voters=voters_of(ballots),
            material=session.material,
        )
        return Thread(prompt, asker_messages=said)


def _words_of(user: str, session: BrainstormSession, stored: Sequence[StoredIdea]) -> Iterator[str]:
    """Yield what a person wrote in a brainstorm: the topic if they started it, and their ideas."""
    if session.user == user:
        yield session.topic
    yield from (idea.text for idea in stored if idea.author == user and not idea.is_model)


def _about_ideas(session: BrainstormSession, about: AboutSession, ideas: Sequence[Idea]) -> Prompt:
    by_id = {idea.id: idea for idea in ideas}
    chosen = [by_id[number] for number in about.idea_ids if number in by_id]
    if len(chosen) < len(about.idea_ids) or not chosen:
        raise Unanswerable("thread_gone")
    first, topic, seed = chosen[0], session.topic, session.seed
    match about.kind:
        case "develop":
            return develop_prompt(topic, first, ideas, seed=seed)
        case "challenge":
            return challenge_prompt(topic, first, ideas, seed=seed)
        case "combine":
            return combine_prompt(topic, first, chosen[-1], ideas, seed=seed)
        case _:
            return more_like_this_prompt(topic, first, ideas, seed=seed)

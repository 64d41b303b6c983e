"""Creates the parts of brainstorms and connects them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.brainstorm.idea_models import PipelineIdeaModels
from bot.brainstorm.service import Brainstorms
from bot.brainstorm.session import BrainstormSession
from bot.brainstorm.session_jobs import session_jobs
from bot.brainstorm.worker import BrainstormWorker
from bot.jobs.postgres_queue import PostgresQueue
from bot.parts import SharedParts
from bot.ports import Dispatcher
from bot.slack.brainstorm.about import AboutRuns
from bot.slack.brainstorm.board import SlackBoard
from bot.slack.brainstorm.click_support import ClickSupport
from bot.slack.brainstorm.command import BrainstormCommand
from bot.slack.brainstorm.export import ExportClicks
from bot.slack.brainstorm.material import ThreadMaterial
from bot.slack.brainstorm.own_clicks import OwnIdeas
from bot.slack.brainstorm.phase_clicks import PhaseClicks
from bot.slack.brainstorm.read_clicks import ReadClicks
from bot.slack.brainstorm.starts import BrainstormStarts
from bot.slack.brainstorm.view_data import SessionViews
from bot.slack.brainstorm.vote_clicks import VoteClicks
from bot.slack.permissions.brainstorms import BrainstormAccess
from bot.slack.routes import BrainstormHandlers


@dataclass(frozen=True, slots=True)
class BrainstormParts:
    """What the rest of the bot uses of brainstorms."""

    brainstorms: Brainstorms
    command: BrainstormCommand
    handlers: BrainstormHandlers


@asynccontextmanager
async def open_brainstorms(
    parts: SharedParts, jobs: Dispatcher
) -> AsyncGenerator[BrainstormParts, None]:
    """Create the parts, and work on brainstorms until exit."""
    slack, sessions, preferences = parts.slack, parts.stores.brainstorms, parts.preferences
    client, now = slack.client, parts.now

    async def allowance(session: BrainstormSession) -> float | None:
        stored = await sessions.get(session.id) or session
        left = await parts.budgets.left(session.team, session.user, session.channel)
        return None if left is None else left + max(stored.reserved_usd, stored.cost_usd)

    models = PipelineIdeaModels(parts.catalogue.plan, allowance)
    views = SessionViews(sessions, preferences, slack.people)
    about = AboutRuns(client, views, parts.stores.runs, jobs.hand_over)
    board = SlackBoard(client, slack.identity, views, now)
    worker = BrainstormWorker(sessions, board, models, about, now)
    queue = jobs if isinstance(jobs, PostgresQueue) else None
    async with session_jobs(worker, queue) as session_queue:
        brainstorms = Brainstorms(sessions, session_queue.wake, parts.budgets, now)
        access = BrainstormAccess(client, preferences, slack.colleagues)
        support = ClickSupport(client, brainstorms, views, access, slack.colleagues)
        material = ThreadMaterial(parts.threads)
        starts = BrainstormStarts(support, models, preferences, slack.identity, material)
        handlers = BrainstormHandlers(
            starts,
            OwnIdeas(support),
            VoteClicks(support),
            ReadClicks(support, about),
            PhaseClicks(support),
            ExportClicks(support),
        )
        yield BrainstormParts(brainstorms, BrainstormCommand(support, starts), handlers)

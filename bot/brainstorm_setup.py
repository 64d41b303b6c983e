"""Creates the parts of brainstorms and connects them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.brainstorm.idea_models import PipelineIdeaModels, Plans
from bot.brainstorm.service import Brainstorms
from bot.brainstorm.worker import BrainstormWorker, Clock
from bot.jobs.session_jobs import session_jobs
from bot.limits import Budgets
from bot.ports import Dispatcher, RunStore, ThreadReader
from bot.preferences import Preferences
from bot.slack.api.colleagues import Colleagues
from bot.slack.api.identity import IdentityLookup
from bot.slack.api.users import UserDirectory
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
from bot.storage.brainstorms import StoredBrainstorms


@dataclass(frozen=True, slots=True)
class BrainstormNeeds:
    """What brainstorms use of the bot.

    Attributes:
        client, identity, people, colleagues: the workspace.
        sessions, runs: the stores.
        threads: reads threads, for a brainstorm's material.
        plans: the pipelines.
        jobs: the queue.
        budgets, preferences: the limits and the settings.
        now: the clock.
    """

    client: AsyncWebClient
    identity: IdentityLookup
    people: UserDirectory
    colleagues: Colleagues
    sessions: StoredBrainstorms
    runs: RunStore
    threads: ThreadReader
    plans: Plans
    jobs: Dispatcher
    budgets: Budgets
    preferences: Preferences
    now: Clock


@dataclass(frozen=True, slots=True)
class BrainstormParts:
    """What the rest of the bot uses of brainstorms."""

    brainstorms: Brainstorms
    command: BrainstormCommand
    handlers: BrainstormHandlers


@asynccontextmanager
async def open_brainstorms(needs: BrainstormNeeds) -> AsyncGenerator[BrainstormParts, None]:
    """Create the parts, and work on brainstorms until exit."""
    client, sessions, now = needs.client, needs.sessions, needs.now
    models = PipelineIdeaModels(needs.plans)
    views = SessionViews(sessions, needs.preferences, needs.people)
    about = AboutRuns(client, views, needs.runs, needs.jobs.hand_over)
    board = SlackBoard(client, needs.identity, views, now)
    worker = BrainstormWorker(sessions, board, models, about, now)
    async with session_jobs(needs.jobs, worker) as jobs:
        brainstorms = Brainstorms(sessions, jobs.wake, needs.budgets, now)
        access = BrainstormAccess(client, needs.preferences, needs.colleagues)
        support = ClickSupport(client, brainstorms, views, access, needs.colleagues)
        material = ThreadMaterial(needs.threads)
        starts = BrainstormStarts(support, models, needs.preferences, needs.identity, material)
        handlers = BrainstormHandlers(
            starts,
            OwnIdeas(support),
            VoteClicks(support),
            ReadClicks(support, about),
            PhaseClicks(support),
            ExportClicks(support),
        )
        yield BrainstormParts(brainstorms, BrainstormCommand(support, starts), handlers)

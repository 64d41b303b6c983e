"""Routes Slack's requests to their handlers. `manifest.yml` subscribes to exactly these events."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.actions.feedback import REASON_CALLBACK, FeedbackButtons
from bot.slack.actions.regenerate import Regenerate
from bot.slack.actions.share import ReplySharer
from bot.slack.actions.stop import StopButton
from bot.slack.answers_modal import CLICKS, AnswersModal
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.export import ExportClicks
from bot.slack.brainstorm.own_clicks import OwnIdeas
from bot.slack.brainstorm.phase_clicks import PhaseClicks
from bot.slack.brainstorm.read_clicks import ReadClicks
from bot.slack.brainstorm.starts import BrainstormStarts
from bot.slack.brainstorm.vote_clicks import VoteClicks
from bot.slack.home.handlers import HomeTab
from bot.slack.home.views import CHOOSE_PIPELINE, OPEN_SETTINGS
from bot.slack.intake.deletions import Deletions
from bot.slack.intake.handlers import QuestionIntake
from bot.slack.intake.shortcut_form import ASK_CALLBACK
from bot.slack.intake.shortcuts import Shortcuts
from bot.slack.settings.handlers import SettingsHandlers
from bot.slack.settings.views import CHANNEL_CALLBACK, WORKSPACE_CALLBACK
from bot.slack.ui.blocks import AGAIN, ANOTHER, FEEDBACK, SHARE, SHOW_ANSWERS, STOP

log = structlog.get_logger(__name__)

ROUTED_TYPES = frozenset(
    {
        "block_actions",
        "block_suggestion",
        "event_callback",
        "message_action",
        "shortcut",
        "view_submission",
    }
)
"""Request types that have listeners. A slash command has no type."""

RATE_LIMITED = "app_rate_limited"
"""Sent for each minute in which Slack withholds events because a workspace exceeded 30,000 an hour.
Source: https://docs.slack.dev/reference/events/app_rate_limited."""

LOGGED_TYPE_LIMIT = 50
"""Characters of an unknown type in the log."""

QUESTION_EVENTS = ("app_mention", "message")
"""Events that may contain a question."""

STOPPED, HOME_OPENED = "agent_session_stopped", "app_home_opened"

EVENTS = (*QUESTION_EVENTS, STOPPED, HOME_OPENED)
"""All events that have listeners."""

COMMAND = re.compile(r"/.+")
"""Any slash command. Two apps in a workspace can't share a name, so the manifest's may vary."""

ASK_ABOUT, SUMMARISE, ASK_ANYWHERE = "ask_about", "summarise_thread", "ask_anywhere"
START_BRAINSTORM = "start_brainstorm"
"""The callback ids of the manifest's shortcuts."""

ANYTHING = re.compile(r".*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class BrainstormHandlers:
    """The handlers of brainstorms."""

    starts: BrainstormStarts
    own: OwnIdeas
    votes: VoteClicks
    reads: ReadClicks
    phases: PhaseClicks
    exports: ExportClicks


@dataclass(frozen=True, slots=True)
class Handlers:
    """The handlers of Slack's requests."""

    intake: QuestionIntake
    deletions: Deletions
    answers_modal: AnswersModal
    share: ReplySharer
    home: HomeTab
    settings: SettingsHandlers
    stop: StopButton
    regenerate: Regenerate
    feedback: FeedbackButtons
    shortcuts: Shortcuts
    brainstorms: BrainstormHandlers


def register(app: AsyncApp, handlers: Handlers, on_rate_limited: Callable[[], None]) -> None:
    """Register the listeners. The last of each kind acknowledges what no other listener handles.

    Args:
        app: created with `raise_error_for_unhandled_request`, so that `handle_error` acknowledges
            requests without a listener. Otherwise Bolt would respond 404 and Slack would resend
            them.
        handlers: the handlers to register.
        on_rate_limited: called for each minute in which Slack withholds events.
    """
    app.use(UnknownRequests(on_rate_limited))
    for event in QUESTION_EVENTS:
        middleware = [handlers.deletions.stop_deleted, handlers.intake.store_question]
        app.event(event, middleware=middleware)(handlers.intake.enqueue_question)
    app.command(COMMAND)(handlers.intake.handle_command)
    app.event(STOPPED)(handlers.stop.on_session_stopped)
    app.event(HOME_OPENED)(handlers.home.on_opened)
    for action, listener in _actions(handlers).items():
        app.action(action)(listener)
    app.action(CLICKS)(handlers.answers_modal.turn)
    app.shortcut(ASK_ABOUT)(handlers.shortcuts.ask_about_message)
    app.shortcut(SUMMARISE)(handlers.shortcuts.summarise_thread)
    app.shortcut(ASK_ANYWHERE)(handlers.shortcuts.ask_anywhere)
    app.view(ASK_CALLBACK)(handlers.shortcuts.submit)
    app.view(REASON_CALLBACK)(handlers.feedback.submit_reason)
    app.view(CHANNEL_CALLBACK)(handlers.settings.submit_channel)
    app.view(WORKSPACE_CALLBACK)(handlers.home.submit_workspace)
    _register_brainstorms(app, handlers.brainstorms)
    _acknowledge_the_rest(app)
    app.error(handle_error)


def _actions(handlers: Handlers) -> Mapping[str, Callable[..., Awaitable[None]]]:
    return {
        SHOW_ANSWERS: handlers.answers_modal.open,
        SHARE: handlers.share.click,
        STOP: handlers.stop.click,
        AGAIN: handlers.regenerate.click,
        ANOTHER: handlers.regenerate.click,
        FEEDBACK: handlers.feedback.click,
        CHOOSE_PIPELINE: handlers.home.choose_pipeline,
        OPEN_SETTINGS: handlers.settings.open_workspace,
    }


def _register_brainstorms(app: AsyncApp, handlers: BrainstormHandlers) -> None:
    own, votes, reads, phases = handlers.own, handlers.votes, handlers.reads, handlers.phases
    buttons: Mapping[str, Callable[..., Awaitable[None]]] = {
        ids.START: handlers.starts.click,
        ids.ADD: own.add,
        ids.MINE: own.mine,
        ids.SEE: reads.see,
        ids.THEME: reads.turn,
        ids.VOTE: votes.open,
        ids.EXTEND: phases.extend,
        ids.END: phases.end,
        ids.CLOSE: phases.close,
        ids.REOPEN: phases.reopen,
        ids.EXPORT_MD: handlers.exports.markdown,
        ids.EXPORT_CSV: handlers.exports.csv,
    }
    for action, listener in buttons.items():
        app.action(action)(listener)
    for prefix, turn in ((ids.TURN_MINE, own.turn), (ids.TURN_SEEN, reads.turn)):
        app.action(re.compile(f"{prefix}({ids.PREVIOUS}|{ids.NEXT})"))(turn)
    app.action(re.compile(f"{ids.TURN_VOTE}({ids.PREVIOUS}|{ids.NEXT})"))(votes.turn)
    app.action(re.compile(f"{ids.IDEA_MENU}:.*"))(reads.choose)
    app.action(re.compile(f"{ids.MY_IDEA_MENU}:.*"))(own.choose)
    app.shortcut(START_BRAINSTORM)(handlers.starts.shortcut)
    app.view(ids.START_VIEW)(handlers.starts.submit)
    app.view(ids.ADD_VIEW)(own.submit_added)
    app.view(ids.CHANGE_VIEW)(own.submit_changed)
    app.view(ids.VOTE_VIEW)(votes.submit)
    app.view(ids.COMBINE_VIEW)(reads.submit_combined)


def _acknowledge_the_rest(app: AsyncApp) -> None:
    app.event(ANYTHING)(_ignore_event)
    app.action(ANYTHING)(_acknowledge)
    app.shortcut(ANYTHING)(_acknowledge)
    app.view(ANYTHING)(_acknowledge)
    app.options(ANYTHING)(_acknowledge)


async def _ignore_event() -> None:
    """Do nothing: Bolt acknowledges events itself."""


async def _acknowledge(ack: Any) -> None:
    await ack()


class UnknownRequests(AsyncMiddleware):
    """Acknowledges request types that have no listener before Bolt parses them.

    Args:
        on_rate_limited: called for each minute in which Slack withholds events.
    """

    def __init__(self, on_rate_limited: Callable[[], None]) -> None:
        self._on_rate_limited = on_rate_limited

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,  # noqa: ARG002 - Bolt's signature
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 - Bolt's signature
    ) -> BoltResponse | None:
        """Pass a request on if its type may have a listener."""
        body: Mapping[str, Any] = req.body
        if body.get("type") in ROUTED_TYPES or "command" in body:
            return await next()
        if body.get("type") == RATE_LIMITED:
            self._on_rate_limited()
            log.warning("slack_rate_limits_events", minute=body.get("minute_rate_limited"))
        else:
            log.info("request_ignored", type=str(body.get("type"))[:LOGGED_TYPE_LIMIT])
        return BoltResponse(status=200, body="")


async def handle_error(error: Exception) -> BoltResponse | None:
    """Log an error of a listener. None of its text leaves the process.

    A request without a listener isn't an error: acknowledge it, or Bolt would respond 404.
    """
    if isinstance(error, BoltUnhandledRequestError):
        log.info("request_ignored", type="no listener")
        return BoltResponse(status=200, body="")
    log.error("listener_failed", error=type(error).__name__, exc_info=error)
    return None

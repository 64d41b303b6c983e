"""Creates the handlers of Slack's requests and connects them."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex

from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot.brainstorm_setup import BrainstormParts
from bot.parts import SharedParts
from bot.ports import Dispatcher
from bot.settings import secret_value
from bot.slack.actions.feedback import FeedbackButtons
from bot.slack.actions.regenerate import Regenerate
from bot.slack.actions.share import ReplySharer
from bot.slack.actions.stop import StopButton
from bot.slack.answers_modal import AnswersModal
from bot.slack.api.bolt import bolt_app
from bot.slack.commands import CommandServices
from bot.slack.home.handlers import HomeServices, HomeTab
from bot.slack.intake.apps import AnsweredBots
from bot.slack.intake.deletions import Deletions
from bot.slack.intake.enqueue import Enqueuer
from bot.slack.intake.handlers import QuestionIntake
from bot.slack.intake.post_question import QuestionPoster
from bot.slack.intake.shortcuts import Shortcuts
from bot.slack.permissions.access import AnswerAccess
from bot.slack.permissions.admin import AdminPermissions
from bot.slack.routes import Handlers, register
from bot.slack.settings.handlers import SettingsHandlers


def slack_app(
    parts: SharedParts,
    jobs: Dispatcher,
    brainstorm: BrainstormParts,
    on_rate_limited: Callable[[], None],
) -> tuple[AsyncApp, SignatureVerifier]:
    """Return Bolt's app with all handlers, and what verifies the signatures of HTTP requests.

    `on_rate_limited` is called for each minute in which Slack withholds events.
    """
    # Only HTTP has signatures, and needs the secret; a random one lets no request pass.
    secret = secret_value(parts.settings.environment.slack_signing_secret) or token_hex()
    app = bolt_app(parts.slack.client, parts.slack.identity, secret)
    register(app, _handlers(parts, jobs, brainstorm), on_rate_limited)
    return app, SignatureVerifier(secret)


def _handlers(parts: SharedParts, jobs: Dispatcher, brainstorm: BrainstormParts) -> Handlers:
    slack, runs, preferences = parts.slack, parts.stores.runs, parts.preferences
    client, identity, people = slack.client, slack.identity, slack.people
    slack_settings = parts.settings.slack
    access = AnswerAccess(client, parts.policies, slack.colleagues)
    permissions = AdminPermissions(client, slack.colleagues, slack_settings.settings)
    commands = _command_services(parts, jobs, access, permissions, brainstorm)
    enqueuer = Enqueuer(client, runs, jobs, parts.observer)
    poster = QuestionPoster(parts.replies, enqueuer, identity, slack.colleagues, preferences)
    return Handlers(
        intake=QuestionIntake(
            enqueuer,
            identity,
            people,
            commands,
            parts.stores.history,
            starts=brainstorm.handlers.starts,
            bots=AnsweredBots(frozenset(slack_settings.answer_bots)),
        ),
        deletions=Deletions(runs, jobs, brainstorm.brainstorms),
        answers_modal=commands.answers,
        share=ReplySharer(parts.replies, slack_settings.link_hosts),
        home=HomeTab(client, _home_services(parts, permissions, commands)),
        settings=commands.settings,
        stop=commands.stop,
        regenerate=Regenerate(
            client, runs, enqueuer, access=access, people=people, preferences=preferences
        ),
        feedback=FeedbackButtons(client, runs, access, parts.stores.feedback),
        shortcuts=Shortcuts(poster, preferences),
        brainstorms=brainstorm.handlers,
    )


def _command_services(
    parts: SharedParts,
    jobs: Dispatcher,
    access: AnswerAccess,
    permissions: AdminPermissions,
    brainstorm: BrainstormParts,
) -> CommandServices:
    client, stores, preferences = parts.slack.client, parts.stores, parts.preferences
    pipelines, limits = parts.catalogue.pipelines, parts.settings.limits
    return CommandServices(
        pipelines,
        preferences,
        parts.budgets,
        SettingsHandlers(client, preferences, permissions, pipelines, limits),
        StopButton(client, stores.runs, jobs, access, permissions),
        brainstorm.command,
        AnswersModal(
            client,
            stores.runs,
            access,
            call_log=stores.call_log,
            feedback=stores.feedback,
            history=stores.history,
        ),
    )


def _home_services(
    parts: SharedParts, permissions: AdminPermissions, commands: CommandServices
) -> HomeServices:
    slack, stores = parts.slack, parts.stores
    return HomeServices(
        slack.identity,
        slack.people,
        permissions,
        slack.colleagues,
        stores.history,
        stores.spending,
        commands,
    )

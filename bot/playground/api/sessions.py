"""agents.sessions.* and assistant.threads.*: a thread's status, title and prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from bot import slack_limits
from bot.playground.api.api_call import ApiCall, ApiMethod, missing_argument, require_objects
from bot.playground.errors import SlackError
from bot.playground.state.models import AssistantStatus, Session

if TYPE_CHECKING:
    from bot.playground.state.models import Channel, Json, SessionStatus

_STATUSES: Final = frozenset({"active", "processing", "suspended", "closed"})


def set_status(call: ApiCall) -> Json:
    """Set the status of an agent session, starting one if needed."""
    channel = call.require_writable(call.channel("channel_id"))
    thread_ts = call.thread_ts(channel) or ""
    title = _title(call) if call.text("title") else None
    session = set_session(call, channel, thread_ts, call.required("status"))
    if title:
        session.title = title
    if call.text("initiator_user_id"):
        session.initiator = call.user("initiator_user_id").id
    call.workspace.notify_changed()
    return {}


def rename(call: ApiCall) -> Json:
    """Rename a session."""
    channel = call.channel("channel_id")
    session = call.workspace.sessions.get((channel.id, call.thread_ts(channel) or ""))
    if not session:
        raise SlackError("session_not_found")
    session.title = _title(call)
    call.workspace.notify_changed()
    return {}


def set_session(call: ApiCall, channel: Channel, thread_ts: str, status: str) -> Session:
    """Set a thread's session status and return the session.

    Raises:
        SlackError: `invalid_arguments` for an unknown status.
    """
    known = check_status(status)
    new_session = Session(channel.id, thread_ts, known)
    session = call.workspace.sessions.setdefault((channel.id, thread_ts), new_session)
    session.status = known
    return session


def check_status(status: str) -> SessionStatus:
    """Return a session status. Raise `invalid_arguments` if none has that name."""
    if status not in _STATUSES:
        allowed = ", ".join(sorted(_STATUSES))
        raise SlackError("invalid_arguments", messages=[f"status must be one of: {allowed}"])
    return cast("SessionStatus", status)


def set_assistant_status(call: ApiCall) -> Json:
    """Set the "is thinking…" line; an empty status clears it."""
    channel = call.require_writable(call.channel("channel_id"))
    key = (channel.id, _thread(call, channel))
    text = str(call.args.get("status") or "")
    messages = call.parse_json("loading_messages")
    _check_loading(messages)
    if text:
        loading = tuple(messages or ())
        call.workspace.statuses[key] = AssistantStatus(text, loading, call.emulator.clock.now())
    else:
        call.workspace.statuses.pop(key, None)
    call.workspace.notify_changed()
    return {}


def set_title(call: ApiCall) -> Json:
    """Set the title of an assistant thread."""
    channel = call.channel("channel_id")
    call.workspace.thread_titles[channel.id, _thread(call, channel)] = _title(call)
    call.workspace.notify_changed()
    return {}


def set_prompts(call: ApiCall) -> Json:
    """Set up to four suggested prompts."""
    channel = call.channel("channel_id")
    prompts = require_objects(call.parse_json("prompts"), "prompts")
    if not 1 <= len(prompts) <= slack_limits.SUGGESTED_PROMPTS:
        raise SlackError("invalid_arguments", messages=["must have 1 to 4 prompts"])
    if any(not prompt.get("title") or not prompt.get("message") for prompt in prompts):
        raise SlackError("invalid_arguments", messages=["a prompt needs a title and a message"])
    call.workspace.prompts[channel.id, call.thread_ts(channel) or ""] = prompts
    call.workspace.notify_changed()
    return {}


def _title(call: ApiCall) -> str:
    title = call.required("title")
    if len(title) > slack_limits.SESSION_TITLE:
        message = (
            f"must be less than {slack_limits.SESSION_TITLE + 1} characters [json-pointer:/title]"
        )
        raise SlackError("invalid_arguments", messages=[message])
    return title


def _thread(call: ApiCall, channel: Channel) -> str:
    thread_ts = call.thread_ts(channel)
    if thread_ts is None:
        raise missing_argument("thread_ts")
    return thread_ts


def _check_loading(messages: object) -> None:
    if messages is None:
        return
    fits = (
        isinstance(messages, list)
        and 1 <= len(messages) <= slack_limits.LOADING_MESSAGES
        and all(
            isinstance(m, str) and 1 <= len(m) <= slack_limits.LOADING_MESSAGE for m in messages
        )
    )
    if not fits:
        message = "loading_messages must be 1 to 10 strings of 1 to 50 characters"
        raise SlackError("invalid_arguments", messages=[message])


_ASSISTANT: Final = ("assistant:write", "chat:write")

METHODS: Final = (
    ApiMethod("agents.sessions.setStatus", set_status, _ASSISTANT, feature="agent_sessions"),
    ApiMethod("agents.sessions.rename", rename, _ASSISTANT, feature="agent_sessions"),
    ApiMethod(
        "assistant.threads.setStatus",
        set_assistant_status,
        _ASSISTANT,
        feature="assistant_status",
        feature_error="feature_not_enabled",
    ),
    ApiMethod(
        "assistant.threads.setTitle",
        set_title,
        ("assistant:write",),
        feature="assistant_status",
        feature_error="feature_not_enabled",
    ),
    ApiMethod(
        "assistant.threads.setSuggestedPrompts",
        set_prompts,
        ("assistant:write",),
        feature="assistant_status",
        feature_error="feature_not_enabled",
    ),
)

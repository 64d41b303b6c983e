"""Every word that a person reads in Slack, in one place. Short, kind, with what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.errors import Trouble

TROUBLES: Mapping[Trouble, str] = MappingProxyType(
    {
        "no_answer": (
            "None of the models answered, so I have nothing to give you. Your question is still "
            "here: ask again in a minute. If it keeps happening, ask whoever runs me to look at "
            "`moa-bot check`."
        ),
        "too_long": (
            "This thread is too long for my models, even after I left parts of it out. Ask in a "
            "new thread with just the messages that matter, or with a pipeline whose models read "
            "more (`/moa pipelines`)."
        ),
        "output_limit": (
            "My models used up their output limit before they wrote anything, so I have nothing to "
            "give you. Ask whoever runs me to raise `reasoning_tokens` or `max_output_tokens` for "
            "them, or to lower `reasoning_effort`; `moa-bot check` shows which model needs it."
        ),
        "thread_gone": (
            "The thread you asked in is gone, or your question was deleted, so I posted no "
            "answer. Ask again where it fits."
        ),
        "not_in_channel": (
            "I am not in this channel, so I cannot read or write here. Invite me with "
            "`/invite`, then ask again, or ask me in a direct message."
        ),
        "archived": "This channel is archived, so I cannot write in it. Ask me somewhere else.",
        "not_allowed": (
            "I am not allowed to write here. Ask somewhere else, or ask me in a direct message."
        ),
        "missing_scope": (
            "I am missing a permission that I need to read this thread. Ask whoever installed me "
            "to run `moa-bot check`, which names it."
        ),
        "empty": (
            "What would you like to ask? Mention me with a question, or mention me in a thread "
            "that has one."
        ),
        "unreadable": (
            "I could not read what you attached, and there is no question beside it. I read text, "
            "PDF, PNG, JPEG, GIF and WebP: attach it in such a form, or ask in words."
        ),
        "pipeline_gone": (
            "The pipeline that this was asked with is no longer set up. Ask again to use the "
            "current one."
        ),
        "stopped": "_Stopped._",
        "person_budget": (
            "You have reached what one person may spend here in a day, so I asked no model. It is "
            "free again at midnight UTC. A workspace admin or whoever runs me can raise it; "
            "`/moa budget` shows where you stand."
        ),
        "channel_budget": (
            "This channel has reached what it may spend in a day, so I asked no model. It is free "
            "again at midnight UTC. Whoever runs me can raise it; until then ask me directly or "
            "in another channel."
        ),
        "workspace_budget": (
            "This workspace has reached what it may spend in a month, so I asked no model. It is "
            "free again on the first of next month (UTC). A workspace admin or whoever runs me "
            "can raise it."
        ),
        "run_budget": (
            "This question could cost more than one question may here, so I asked no model. Ask "
            "in a shorter thread or with a smaller pipeline (`/moa pipelines`). Whoever runs me "
            "can raise it."
        ),
        "hourly_limit": (
            "You have asked as many questions as one person may within an hour, so I asked no "
            "model. Try again in a few minutes: `/moa budget` says when. Whoever runs me can "
            "raise it."
        ),
        "too_many_at_once": (
            "I am still working on as many of your questions as one person may have at once, so I "
            "left this one. Ask again when one of them is answered. Whoever runs me can raise it."
        ),
        "internal": "Something went wrong on my side, and it is not your question. Ask again.",
    }
)

ERROR_ID = "If you report it, quote the error id {error_id}."

WORKING = "is asking the models…"
ASKING_ONE = "Asking a model…"
SYNTHESISING = "Writing one reply from {count} answers"
SYNTHESISING_ONE = "Writing the reply from one answer"
WRITING = "Writing the reply"
WRITING_NEXT = "{title}, by another aggregator"
DONE = "{count} answers, one reply"
DONE_FROM_ONE = "One answer, one reply"
DONE_NOT_SYNTHESISED = "Not synthesised: one model's own words"
DONE_ONE = "Answered"
DONE_FAILED = "No reply"
DONE_STOPPED = "Stopped"

EMPTY_REPLY = "_The reply holds nothing that can be shown here. Ask again._"
REPLY_FILED = "_The reply is too long for Slack. The whole of it is in the file in this thread._"
REPLY_FILE_TITLE = "The whole reply"
REPLY_CUT = "_The reply is too long for Slack and was cut here. Ask for a shorter one._"
PARTIAL = "_The reply broke off here: the model that wrote it stopped answering._"
CUT_AT_LIMIT = "_The reply is cut off here: the model that wrote it reached its length limit._"
INTERRUPTED = "_I was restarted while answering; the answer continues below._"

SHOW_ANSWERS = "Show answers"
SHOW_ANSWERS_LABEL = "Show each model's own answer"
SHARE = "Share in channel"
SHARED_BY = "*{user}* asked: {question}"
SHARED_SHORTENED = "The reply is longer than a message can be; this is its beginning."
NOT_SHARED = "That answer can no longer be shared from here. Ask again with `/moa`."
SHARED_BEFORE = "That answer is shared here already."
SHARE_FAILED = "Slack did not take it, so nothing was shared. Try again in a minute."
REST_DIRECTLY = "The reply is longer than fits here. Its rest is in our direct message."
REST_LOST = "The reply is longer than fits here, and its rest could not be sent to you directly."

COMMAND_HELP = (
    "*Ask many models, get one answer.*\n"
    "• `{command} QUESTION` asks here; only you see the answer, and you can share it.\n"
    "{commands}\n"
    "• Mention me in a channel or a thread, or write to me directly: I read the thread and reply "
    "in it. *Show answers* under a reply opens what each model said."
)
COMMAND_HELP_SUMMARY = "what I do and how to ask me."
COMMAND_PIPELINES_SUMMARY = "which pipelines there are, and which models they ask."
COMMAND_PIPELINES = "*Pipelines*"
COMMAND_DEFAULT = " (the default)"
COMMAND_ASKED = "Asking with the pipeline *{pipeline}*. The answer comes here, for you alone."


# Layers and their cards, while a run is under way

LAYER_STEPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "answers": {
            "asking": "Layer {layer}: asking {count} models",
            "asking_one": "Layer {layer}: asking one model",
            "so_far": "Layer {layer}: {read} of {asked} have answered",
            "closed": "Layer {layer}: {read} of {asked} answered",
            "went_on": "Layer {layer}: {read} of {asked} answered, going on without {missing}",
        },
        "rankings": {
            "asking": "Layer {layer}: {count} models rank the answers",
            "asking_one": "Layer {layer}: one model ranks the answers",
            "so_far": "Layer {layer}: {read} of {asked} rankings are in",
            "closed": "Layer {layer}: {read} of {asked} rankings",
            "went_on": "Layer {layer}: {read} of {asked} rankings, going on without {missing}",
        },
        "combination": {
            "asking": "Layer {layer}: {count} models combine answers",
            "asking_one": "Layer {layer}: combining answers into one",
            "so_far": "Layer {layer}: combining answers into one",
            "closed": "Layer {layer}: answers combined into one",
            "went_on": "Layer {layer}: going on without a combined answer",
        },
    }
)
MISSING_MANY = "{count} models"
MISSING_ONE = "one model"

CARD = "Layer {layer} · {name}: {state}"
CARD_SUMMARY = "Layer {layer} · {asked} models: {state}"
CARD_SUMMED = "{done} of {asked} are done"
CARD_UNNAMED = "model {number}"
CARD_PENDING = "waiting for layer {before}"
CARD_WORKING: Mapping[str, str] = MappingProxyType(
    {
        "answers": "at work",
        "rankings": "ranking the answers",
        "combination": "combining answers",
    }
)
CARD_TOO_LATE = "at work, but too late for the reply"
CARD_NO_MORE = "not waited for any longer"
CARD_AGAIN = "asked again, since {why}"
CARD_PASSED_OVER = "not needed"
CARD_STOOD_IN = "{state}, by {other} in its place"
CARD_SECOND_TRY = "{state}, at the second try"
CARD_TRIES = "{state}, after {tries} tries"

# What became of an answer, in cards and in the modal

ANSWER_STATES: Mapping[str, str] = MappingProxyType(
    {
        "used": "answered in {seconds}",
        "truncated": "answered in {seconds}, cut off at its length limit",
        "late": "came too late, after {seconds}",
        "failed": "did not answer: {why} (after {seconds})",
        "cut": "broke off after {seconds}: {why}",
    }
)
OTHERWISE_USED: Mapping[str, str] = MappingProxyType(
    {
        "rankings": "ranked the answers in {seconds}",
        "combination": "combined answers in {seconds}",
    }
)
NOT_ASKED = "not asked, since it failed too often just now"
NOT_NEEDED = "stopped after {seconds}, when it was no longer needed"
DECLINED = "declined to answer, after {seconds}"

WHY: Mapping[str, str] = MappingProxyType(
    {
        "auth": "its key is missing or was refused",
        "breaker_open": "it failed too often just now",
        "connection": "its server could not be reached",
        "cut": "its connection broke",
        "empty": "its answer was empty",
        "garbled": "its server sent something that is no answer",
        "only_thoughts": "it wrote down its thoughts and then no answer",
        "loading": "it is still being loaded",
        "moderation": "its server refused the question's content",
        "not_found": "its server knows no such model",
        "output_limit": "it used up its output limit before it wrote anything",
        "overflow": "the conversation is too long for it",
        "overloaded": "its server is overloaded",
        "quota": "its quota is used up",
        "rate_limited": "it takes no more requests for now",
        "refused": "it declined to go on",
        "rejected": "its server did not accept the request",
        "timeout": "it took too long",
        "unavailable": "its server failed",
        "unsupported": "its server does not take something in the question or its settings",
        "wrong_api": "it cannot be asked through this API",
        "wrong_path": "its server's address is wrong",
    }
)
WHY_UNKNOWN = "something went wrong"

# What a model is called

NAME_LABELLED = "{model} ({label})"
NAME_MODEL = "Model {letter}"
NAME_RANKER = "Judge {letter}"
NAME_COMBINED = "{model}, combined"
NAME_COMBINATION = "The combined answer"
NAME_ONE_AGGREGATOR = "the aggregator"
NAME_AGGREGATOR = "aggregator {number}"
NAME_ANOTHER = "another model"
NAME_ONE_MODEL = "one model"

# The reveal: its frame

REVEAL_TITLE = "Each model's answer"
REVEAL_CLOSE = "Close"
REVEAL_LOADING = "Fetching the answers…"
REVEAL_TOO_LATE = "That took too long. Click again."
REVEAL_FAILED = "The answers cannot be fetched just now. Try again in a minute."
REVEAL_GONE = "These answers are no longer stored."
REVEAL_FORBIDDEN = {
    "members": "Only people in this channel can open the answers.",
    "requester": "Only the person who asked can open the answers.",
    "nobody": "The answers are not shown here.",
}
REVEAL_OUTSIDE = (
    "This channel is shared with another organisation, so only the person who asked can open the "
    "answers."
)
REVEAL_UNSEEN = (
    "I can't check who is in this channel, so only the person who asked can open the answers."
)
REVEAL_UNKNOWN = "I could not check whether you may open the answers. Try again in a minute."
REVEAL_UNDER_WAY = "The models are still at work. {so_far} The answers open here once it is over."
REVEAL_SO_FAR = "{count} answers have come so far."
REVEAL_SO_FAR_ONE = "One answer has come so far."
REVEAL_SO_FAR_NONE = "No answer has come so far."
REVEAL_REFRESH = "Look again"
REVEAL_CHOOSE = "Choose an answer"
REVEAL_OVERVIEW = "Overview"
REVEAL_GROUP_RUN = "Whole run"
REVEAL_GROUP_LAYER = "Layer {layer}"
REVEAL_GROUP_RANKINGS = "Layer {layer}: rankings"
REVEAL_GROUP_DRAFTS = "Aggregators that broke off"
REVEAL_OPTION = "{name} · {state}"
REVEAL_PREVIOUS = "Previous answer"
REVEAL_NEXT = "Next answer"
REVEAL_PREVIOUS_PAGE = "Previous page"
REVEAL_NEXT_PAGE = "Next page"
REVEAL_PAGE = "Page {page} of {pages}"

SHORT_STATES: Mapping[str, str] = MappingProxyType(
    {
        "used": "read",
        "truncated": "read, cut off",
        "late": "too late",
        "failed": "no answer",
        "cut": "broke off",
    }
)
SHORT_NOT_ASKED = "not asked"
SHORT_STOPPED = "stopped"
SHORT_RANKING = "ranking"

# The reveal: one answer

REVEAL_BEST = "This one was best"
REVEAL_BEST_LABEL = "Say that this answer was the best"
REVEAL_BEST_CHOSEN = "Chosen as best (take back)"
REVEAL_BEST_CHOSEN_LABEL = "You said that this answer was the best. Take it back"
REVEAL_BEST_LINE = "You found this answer the best."
REVEAL_TOKENS = "{count} tokens"
REVEAL_EMPTY = "It brought no text."
ANSWER_TOLD: Mapping[str, str] = MappingProxyType(
    {
        "used": "Read {by} as answer {label}.",
        "truncated": "*Cut off at its length limit.* Read {by} as answer {label}.",
        "late": "*Too late.* It came after its layer had closed, so nobody read it for the reply.",
        "failed": "*No answer.* {why}",
        "cut": "*Broken off.* {why} What had come by then was not read for the reply.",
    }
)
TOLD_UNREAD = "Not marked as read, since the run did not come to its end."
TOLD_NOT_ASKED = "*Not asked.* It failed too often just now, so it is left alone for a while."
TOLD_NOT_NEEDED = "*Stopped.* Its layer had closed, and the reply was done before it was."
TOLD_DECLINED = "*Declined.* The model did not want to answer."
TOLD_RANKING = "A ranking, not an answer. Its letters are those of the answers in layer {layer}."
TOLD_DRAFT = "*Not the reply.* {why} Another aggregator or a draft took its place."
READ_FOR_REPLY = "for the reply"
READ_BY_LAYER = "by layer {layer}"

# The reveal: its overview

OVERVIEW_HEAD = "One reply from {count} answers"
OVERVIEW_HEAD_ONE = "One reply from one answer"
OVERVIEW_HEAD_ALONE = "One model alone"
OVERVIEW_HEAD_PARTIAL = "A reply that broke off"
OVERVIEW_HEAD_DRAFT = "Not synthesised"
OVERVIEW_HEAD_FAILED = "No reply"
OVERVIEW_WRITTEN = "The reply was written by {model}."
OVERVIEW_PARTIAL = "The reply was written by {model}, which broke off before its end."
OVERVIEW_TRUNCATED = "The reply was written by {model} and is cut off at its length limit."
OVERVIEW_ALONE = "The reply was written by {model}. This pipeline asks nobody else."
OVERVIEW_DRAFT = "No aggregator answered, so the reply is one model's own answer."
OVERVIEW_DRAFT_OF = "No aggregator answered, so the reply is what {model} wrote, unchanged."
OVERVIEW_UNAIDED = "No model of the layers answered, so the reply is {model}'s own answer."
OVERVIEW_FAILED = "This question got no reply. Below stands what the models brought."
OVERVIEW_READ = "{read} of {count} answers read"
OVERVIEW_BEST = "You found *{model}* the best (layer {layer})."
OVERVIEW_AGREE = "Where the answers agree"
OVERVIEW_DIFFER = "Where they differ"
OVERVIEW_NO_DIFFERENCE = "No difference that matters was found."
OVERVIEW_NO_AGREEMENT = "Nothing was found that all of them hold."
OVERVIEW_COMPARED = "Compared by a model. Agreement is no proof."
OVERVIEW_LAYER = "Layer {layer}: {read} of {count} answered in time"
OVERVIEW_LAYER_RANKINGS = "Layer {layer}: {read} of {count} rankings of the answers"
OVERVIEW_LAYER_COMBINED = "Layer {layer}: answers combined into one"
OVERVIEW_CLOSED = "It closed after {seconds}."
OVERVIEW_WENT_ON = "It closed after {seconds}, without {missing}."
OVERVIEW_WENT_ON_UNTIMED = "It closed without {missing}."
OVERVIEW_MANY = "{count} of them"
OVERVIEW_AND = "{most} and {last}"
OVERVIEW_POOLED = "All rankings together: {order}."
OVERVIEW_RANKED = "ranked {order} in {seconds}"
OVERVIEW_RANKED_UNCLEAR = "ranked in {seconds}, without a clear order"
OVERVIEW_REPLY = "The reply"
OVERVIEW_WROTE = "wrote it in {seconds}"
OVERVIEW_WROTE_TRUNCATED = "wrote it in {seconds}, cut off at its length limit"
OVERVIEW_WROTE_PARTIAL = "began it and broke off after {seconds}: {why}"
OVERVIEW_NOTES = "Worth knowing"
OVERVIEW_TRIES = "asked {count} times"
OVERVIEW_TWICE = "asked twice"
OVERVIEW_STOOD_IN = "stood in for {model}"
OVERVIEW_BACKED_UP = "{model} was asked too, and not needed"
OVERVIEW_LETTERS = "A letter is the name under which an answer was read: no model saw whose it was."
OVERVIEW_ANONYMOUS = (
    "This channel does not show the models' names. Letters are drawn anew in every layer."
)


# Files

FILE_REASONS = MappingProxyType(
    {
        "kind": "kind not supported",
        "large": "over {megabytes:g} MB",
        "large_image": "over {image_megabytes:g} MB or {pixels:,} pixels a side",
        "many": "only {files} files are read",
        "much": "over {all_megabytes:g} MB with the others",
        "deleted": "deleted",
        "hidden": "hidden by this workspace's plan",
        "external": "stored outside Slack",
        "no_access": "no access to it",
        "scope": "the permission files:read is missing",
        "page": "Slack sent a web page in its place",
        "elsewhere": "its address is not Slack's",
        "slow": "took too long",
        "failed": "Slack did not send it",
        "encrypted": "protected by a password",
        "no_text": "no text in it, perhaps a scan",
        "broken": "damaged, or not what its name says",
        "empty": "empty",
    }
)
"""Why a file was not read. The models are told in the same words."""

FILES_NOT_READ = "Not read: {files}."
FILES_IN_PART = "Read in part: {files}."
FILES_MORE = "{named}, and {more} more"

FILE_TEXT = '{author} attached the file "{name}"{partly}:'
FILE_IMAGE = '{author} attached the image "{name}".'
FILE_AGAIN = '{author} attached "{name}" again.'
FILE_UNREAD = "[attached and not read: {name}{why}]"
FILE_PAGES = "pages 1 to {read} of {pages}"
FILE_CHARACTERS = "the first {read:,} of {length:,} characters"

# Settings, budgets and the Home tab

SETTINGS_TITLE = "Settings here"
SETTINGS_TITLE_WORKSPACE = "Workspace settings"
SETTINGS_SAVE = "Save"
SETTINGS_CLOSE = "Close"
SETTINGS_CANCEL = "Cancel"
SETTINGS_LOADING = "Fetching the settings…"
SETTINGS_TOO_LATE = "Slack did not open the settings in time. Send the command again."
SETTINGS_FAILED = "Nothing was changed: something went wrong on my side. Try again in a minute."
SETTINGS_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "no": "Only people in this channel can change its settings.",
        "guest": "Guests and people of other organisations cannot change settings here.",
        "admins": "Only admins of this workspace can change these settings.",
        "unseen": "I am not in this channel. Invite me with `/invite`, then open its settings.",
        "unknown": "I could not check whether you may change this. Try again in a minute.",
    }
)
SETTINGS_ABOUT = "How I answer in {channel}. It holds for everybody here, at once."
SETTINGS_ABOUT_DIRECT = "How I answer in this conversation. It holds at once."
SETTINGS_ABOUT_WORKSPACE = (
    "What holds in every channel that has not chosen otherwise. In privacy a channel can only be "
    "stricter than this."
)
SETTINGS_PIPELINE = "Pipeline that is asked"
SETTINGS_REVEAL = "Who may open each model's own answer"
SETTINGS_NAMES = "Names of the models there"
SETTINGS_COST = "What a reply cost"
SETTINGS_LISTENING = "Answer without a mention"
SETTINGS_FOLLOW_UPS = "Threads where I was asked: go on there"
SETTINGS_FOLLOW_UPS_MORE = "Every message there, unless it begins with another's name"
SETTINGS_BRAINSTORM = "Brainstorming: every new message here"
SETTINGS_BRAINSTORM_MORE = "Each new message of a person in the channel is a question"
SETTINGS_INHERITED = "As in the workspace: {value}"
SETTINGS_FROM_OPERATOR = "As set up: {value}"
SETTINGS_PERSON_BUDGET = "Budget of one person a day, in US dollars"
SETTINGS_WORKSPACE_BUDGET = "Budget of all together a month, in US dollars"
SETTINGS_BUDGET_OPEN = "Empty for no limit. Days and months are those of UTC."
SETTINGS_BUDGET_CAPPED = "At most {most}, as set up; empty for that. Days and months are in UTC."
SETTINGS_BUDGET_WRONG = "Write an amount above 0, such as 2.50."
SETTINGS_BUDGET_TOO_HIGH = "Whoever runs me allows {most} at most."
SETTINGS_NOT_OFFERED = "That is no longer offered. Open the settings again."
SETTINGS_VALUES: Mapping[str, str] = MappingProxyType(
    {
        "members": "people in the channel",
        "requester": "only who asked",
        "nobody": "nobody",
        "names.shown": "shown",
        "names.anonymous": "anonymous: Model A, Model B",
        "cost.shown": "shown under each reply",
        "cost.hidden": "not shown",
    }
)

COMMAND_SETTINGS_SUMMARY = "how I answer in this channel: pipeline, who sees what, follow-ups."
COMMAND_BUDGET_SUMMARY = "what you have used, and what is left."

BUDGET_TITLE = "*Your use*"
BUDGET_USED = "This month: {questions}, {cost}"
BUDGET_USED_NO_COST = "This month: {questions}"
BUDGET_QUESTIONS = "{count} questions"
BUDGET_QUESTIONS_ONE = "one question"
BUDGET_QUESTIONS_NONE = "no questions"
BUDGET_NO_LIMIT = "No budget is set here."
BUDGET_PERSON = "You, today: {left}"
BUDGET_CHANNEL = "This channel, today: {left}"
BUDGET_WORKSPACE = "The workspace, this month: {left}"
BUDGET_RUN = "One question: {most} at most"
BUDGET_HOUR = "Questions within an hour: {left} of {most} left"
BUDGET_AT_ONCE = "Questions at once: {left} of {most} left"
BUDGET_LEFT = "{left} of {most} left"
BUDGET_LEFT_SHARE = "{percent}% left"
BUDGET_FREE_AGAIN = "free again {when}"
BUDGET_UNKNOWN_PRICES = (
    "Includes what questions under way are expected to cost. Models without a known price count "
    "as $0."
)

HOME_TITLE = "Many models, one answer"
HOME_WHAT = (
    "I put your question to several language models at the same time.\n"
    "From all of their answers I write one reply, and say how many it rests on.\n"
    "*Show answers* under a reply opens what each model said on its own."
)
HOME_HOW = "How to ask"
HOME_ASK_MENTION = "In a channel or a thread: mention {me} with your question. I read the thread."
HOME_ASK_DIRECT = "For yourself: write to me under *Messages*."
HOME_ASK_COMMAND = (
    "From any message box: `/moa QUESTION`. Only you see the reply, and may share it."
)
HOME_ASK_SHORTCUT = "About a message: its menu (⋮), *Ask about this message*."
HOME_RECENT = "Your recent questions"
HOME_RECENT_NONE = "None yet. Try one: mention me in a channel, or write to me under *Messages*."
HOME_RECENT_LINE = "{question}\n{facts}"
HOME_PRIVATELY = "asked with /moa"
HOME_NO_WORDS = "(no words)"
HOME_STATES: Mapping[str, str] = MappingProxyType(
    {
        "waiting": "waiting",
        "running": "at work",
        "answered": "answered",
        "failed": "no reply",
    }
)
HOME_YOURS = "*Your pipeline*\nWhat I ask when you ask, unless a channel has chosen its own."
HOME_YOURS_DEFAULT = "As in the workspace: {value}"
HOME_PIPELINES = "Pipelines"
HOME_PIPELINE_DEFAULT = " (the default)"
HOME_PIPELINE_LAYER = "Layer {layer}: {models}"
HOME_PIPELINE_WRITER = "One reply by {model}"
HOME_PIPELINE_ALONE = "{model} alone"
HOME_MEASURED = "Usually {figures}, by the last {runs} replies here"
HOME_MEASURED_ONE = "{figures}, by the one reply so far"
HOME_NOT_MEASURED = "Not measured yet"
HOME_MORE_PIPELINES = "And {count} more: `/moa pipelines` lists them all."
HOME_USE = "Your use"
HOME_ADMIN = "For admins"
HOME_ADMIN_RULES = (
    "*Where nothing else was chosen:* pipeline {pipeline} · answers open for {reveal} · names "
    "{names} · cost {cost} · follow-ups {follow_ups}"
)
HOME_ADMIN_BUDGETS = "*Budgets:* {person} a person a day · {workspace} a month for all"
HOME_ADMIN_USED = "*Used this month:* {cost} by everybody"
HOME_ADMIN_NO_BUDGET = "no limit"
HOME_ADMIN_ON = "on"
HOME_ADMIN_OFF = "off"
HOME_ADMIN_BUTTON = "Workspace settings"
HOME_ADMIN_CHANNELS = "*Channels that used most this month*"
HOME_ADMIN_CHANNEL = "{channel}: {questions}, {cost}"
HOME_ADMIN_DIRECT = "A direct message"
HOME_ADMIN_CHANNEL_HINT = "A channel's own settings open there with `/moa settings`."
HOME_OUTSIDE = (
    "This page is for people of the workspace that runs me. In a channel that you share with them "
    "you can mention me."
)
HOME_FAILED = "This page cannot be shown just now. Open it again in a minute."


def told(trouble: Trouble, error_id: str | None = None) -> str:
    """What the person who asked is told."""
    words = TROUBLES[trouble]
    return f"{words} {ERROR_ID.format(error_id=error_id)}" if error_id else words


# Under a reply: stop, ask again, say whether it helped

STOP = "Stop"
STOP_LABEL = "Stop answering this question"
STOP_OFFER = "I am asking the models. You can stop me."
STOP_FORBIDDEN = "Only the person who asked, or a workspace admin, can stop this."
STOP_TOO_LATE = "It has ended already."
COMMAND_STOP_SUMMARY = "stops what you asked here; for admins everything under way here."
COMMAND_STOPPED = "Stopping {count} questions."
COMMAND_STOPPED_ONE = "Stopping it."
COMMAND_STOPPED_NONE = "There is nothing under way here that you can stop."

MODELS_READ = "{read} of {count} models"
REGENERATE = "Regenerate"
REGENERATE_LABEL = "Ask the models the same once more"
ANOTHER_PIPELINE = "Ask again with…"
RETRY = "Try again"
RETRY_LABEL = "Ask the models this question once more"
AGAIN_ASKED = "Asking again with the pipeline *{pipeline}*. The answer comes here, for you alone."
AGAIN_GONE = "I no longer have this question. Ask it anew, in your own words."
AGAIN_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "no": "Only people in this channel can ask again.",
        "outside": "Only people of this workspace can ask again here. You can mention me instead.",
        "unknown": "I could not check whether you may ask again here. Try again in a minute.",
    }
)
AGAIN_UNDER_WAY = "The models are at work on it already. Their reply comes here."
AGAIN_NO_PIPELINE = "That pipeline is no longer set up. Choose another one."
AGAIN_OF = "asked again by {user}"
AGAIN_LINK = "earlier reply"

HELPFUL = "Helpful"
HELPFUL_LABEL = "Say that this reply helped"
NOT_HELPFUL = "Not helpful"
NOT_HELPFUL_LABEL = "Say that this reply did not help"
VERDICT_THANKS = "Thank you, noted."
VERDICT_GONE = "I no longer have this reply, so there was nothing to note it with."
VERDICT_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "no": "Only people in this channel can say how the reply was.",
        "outside": "Only people of this workspace can say here how the reply was.",
        "unknown": "I could not check whether you are in this channel. Try again in a minute.",
    }
)
VERDICT_TITLE = "What was missing?"
VERDICT_SUBMIT = "Send"
VERDICT_CLOSE = "Skip"
VERDICT_ASK = "What would have helped?"
VERDICT_HINT = "Whoever runs me can read it. The reply counts as not helpful either way."

QUEUED = "Many questions are being worked on. Yours is number {place} in line; it starts by itself."

# Shortcuts

ASK_TITLE = "Ask the models"
ASK_SUBMIT = "Ask"
ASK_CLOSE = "Cancel"
ASK_QUESTION = "What would you like to know?"
ASK_PLACEHOLDER = "What are the three largest risks here, and how would you limit each?"
ASK_PIPELINE = "Pipeline"
ASK_PIPELINE_USUAL = "The one that is usual there"
ASK_PLACE = "Where the question and its reply go"
ASK_PLACE_NONE = "Only to me, in a direct message"
ASK_IN_THREAD = "Question and reply go into the thread of this message, which the models read."
ASK_EMPTY = "Write a question first."
ASK_FORBIDDEN = "You can only ask in a channel that you are in."
ASK_OUTSIDE = "Only people of this workspace can ask by a shortcut. Mention me instead."
ASK_TOO_LATE = "Slack did not open the form in time. Use the shortcut again."
ASK_FAILED = "Slack did not take it, so nothing was asked. Try again in a minute."
ASK_UNSURE = (
    "Slack did not answer, so I do not know whether your question was posted. No model was asked: "
    "ask again in a minute."
)
ASKED_BY = "{user} asks:"
SUGGESTIONS_TITLE = "Try one of these"
SUGGESTIONS = (
    ("Compare options", "Compare a generalist and a specialist as the fifth hire of a small team."),
    ("Find the risks", "We move to a four-day week in spring. Find the five largest risks."),
    ("Draft", "Draft a friendly note to customers: an hour of downtime on Sunday morning."),
    ("Brainstorm", "Brainstorm ten quite different half-day team events on a small budget."),
)
"""What is offered where somebody opens a chat with us: titles, and what is asked. The manifest has
the same."""

SUMMARISE_QUESTION = (
    "Summarise this thread for somebody who has not read it: what it is about, what was decided, "
    "what is open, and who is to do what."
)

"""Every text that people read in Slack: short, friendly, and clear about what to do next.

An answer is one model's; the reply is what the aggregator writes from all answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.errors import Trouble

TROUBLES: Mapping[Trouble, str] = MappingProxyType(
    {
        "no_answer": (
            "None of the models answered, so there's no reply. Your question is still here: try "
            "again in a minute. If it keeps happening, ask the person who runs me to run "
            "`moa-bot check`."
        ),
        "too_long": (
            "This thread is too long for my models, even after I dropped parts of it. Ask in a "
            "new thread with just the messages that matter, or use a pipeline whose models can "
            "read more (`/moa pipelines`)."
        ),
        "output_limit": (
            "My models hit their output limit before writing anything, so there's no reply. Ask "
            "the person who runs me to raise `reasoning_tokens` or `max_output_tokens`, or to "
            "lower `reasoning_effort`. `moa-bot check` shows which model needs it."
        ),
        "declined": (
            "My models' providers won't answer this because of its content, so there's no reply. "
            "Asking the same again won't help: rephrase the question, or ask in a new thread "
            "without the part that may be the reason."
        ),
        "thread_gone": (
            "The thread you asked in is gone, or your question was deleted, so I didn't post a "
            "reply. You can ask again in another thread."
        ),
        "not_in_channel": (
            "I'm not in this channel, so I can't read or post here. Invite me with `/invite` and "
            "ask again, or send me a direct message."
        ),
        "archived": "This channel is archived, so I can't post here. Ask me somewhere else.",
        "not_allowed": (
            "I'm not allowed to post here. Ask me somewhere else, or send me a direct message."
        ),
        "missing_scope": (
            "I'm missing a permission that I need to read this thread. Ask the person who "
            "installed me to run `moa-bot check`, which names it."
        ),
        "empty": (
            "What would you like to ask? Mention me with a question, or in a thread that has one."
        ),
        "unreadable": (
            "I couldn't read your attachment, and there's no question with it. I can read text, "
            "code, Office documents, PDF, mail and images: attach one of those, or type your "
            "question."
        ),
        "pipeline_gone": (
            "The pipeline for this question is no longer available. Ask again to use the current "
            "one."
        ),
        "stopped": "_Stopped._",
        "person_budget": (
            "You've used today's budget, so I didn't run this. It resets at midnight UTC. A "
            "workspace admin or the person who runs me can raise it. `/moa budget` shows your "
            "usage."
        ),
        "channel_budget": (
            "This channel has used today's budget, so I didn't run this. It resets at midnight "
            "UTC. Until then, ask me in a direct message or in another channel. The person who "
            "runs me can raise it."
        ),
        "workspace_budget": (
            "This workspace has used this month's budget, so I didn't run this. It resets on the "
            "first of next month (UTC). A workspace admin or the person who runs me can raise it."
        ),
        "run_budget": (
            "This question could cost more than the limit per question, so I didn't run it. Ask "
            "in a shorter thread or with a smaller pipeline (`/moa pipelines`). The person who "
            "runs me can raise the limit."
        ),
        "hourly_limit": (
            "You've reached the hourly limit of questions, so I didn't run this. Try again in a "
            "few minutes; `/moa budget` shows when. The person who runs me can raise the limit."
        ),
        "too_many_at_once": (
            "You've hit the limit of questions in progress. Ask again when one finishes. The "
            "person who runs me can raise the limit."
        ),
        "refused": (
            "The reply is done, but Slack didn't accept it in any form, so it's missing or "
            "incomplete here. *Show answers* has each model's answer."
        ),
        "internal": "Something went wrong on my side, not with your question. Please ask again.",
    }
)

ERROR_ID = "If you report this, include error ID {error_id}."

WORKING = "is asking the models…"
ASKING_ONE = "Asking a model…"
SYNTHESISING = "Writing one reply from {count} answers"
SYNTHESISING_ONE = "Writing the reply from one answer"
WRITING = "Writing the reply"
WRITING_NEXT = "{title} with another aggregator"
DONE = "{count} answers, one reply"
DONE_FROM_ONE = "One answer, one reply"
DONE_NOT_SYNTHESISED = "Not synthesised: one model's own answer"
DONE_ONE = "Answered"
DONE_FAILED = "No reply"
DONE_UNFINISHED = "Unfinished reply"
DONE_STOPPED = "Stopped"

EMPTY_REPLY = "_The reply has nothing that I can show here. Please ask again._"
REPLY_FILED = "_This reply is too long for Slack. The full text is in the file in this thread._"
REPLY_FILE_TITLE = "Full reply"
REPLY_REFUSED_FILED = (
    "Slack didn't accept this reply as a message. The full text is in the file above."
)
BUTTONS_ABOVE = "More about the reply above"
BUTTONS_REFUSED = (
    "Slack didn't accept the buttons here. `/moa answers` opens each model's answer to the latest "
    "question in this channel."
)
REPLY_CUT = "_This reply is too long for Slack, so I cut it here. Ask for a shorter one._"
PARTIAL = "_The reply ends here: the model that wrote it stopped responding._"
CUT_AT_LIMIT = "_The reply ends here: the model that wrote it reached its length limit._"
INTERRUPTED = "_I was restarted while replying. A new reply follows._"

SHOW_ANSWERS = "Show answers"
SHOW_ANSWERS_LABEL = "Show answers: each model's own"
SHARE = "Share in channel"
SHARED_BY = "*{user}* asked: {question}"
SHARED_SHORTENED = "This reply is too long for one message. This is its beginning."
NOT_SHARED = "This reply can no longer be shared. Ask again with `/moa`."
SHARED_BEFORE = "This reply is already shared here."
SHARE_FAILED = "Slack rejected the message, so I didn't share the reply. Try again in a minute."
REST_DIRECTLY = "This reply is too long to show here. I sent you the rest in a direct message."
REST_LOST = (
    "This reply is too long to show here, and I couldn't send you the rest in a direct message."
)

COMMAND_HELP = (
    "*Ask many models, get one reply.*\n"
    "• `{command} QUESTION`: ask here. Only you see the reply, and you can share it.\n"
    "{commands}\n"
    "• Mention me in a channel or thread, or send me a direct message. I read the thread and reply "
    "in it. *Show answers* under a reply opens each model's own answer."
)
COMMAND_DID_YOU_MEAN = (
    "Did you mean `{command} {name}`? If this was a question, ask it in more than one word."
)
COMMAND_HELP_SUMMARY = "see what I do and how to ask me."
COMMAND_ANSWERS_SUMMARY = "open each model's answer to the latest question in this channel."
COMMAND_PIPELINES_SUMMARY = "list the pipelines and their models."
COMMAND_PIPELINES = "*Pipelines*"
COMMAND_DEFAULT = " (default)"
COMMAND_ASKED = "Asking with the *{pipeline}* pipeline. Only you will see the reply."


# Progress: layers and their task cards

LAYER_STEPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "answers": {
            "asking": "Layer {layer}: asking {count} models",
            "asking_one": "Layer {layer}: asking one model",
            "so_far": "Layer {layer}: {read} of {asked} answered so far",
            "closed": "Layer {layer}: {read} of {asked} answered",
            "went_on": "Layer {layer}: {read} of {asked} answered, continuing without {missing}",
        },
        "rankings": {
            "asking": "Layer {layer}: {count} models are ranking the answers",
            "asking_one": "Layer {layer}: one model is ranking the answers",
            "so_far": "Layer {layer}: {read} of {asked} rankings so far",
            "closed": "Layer {layer}: {read} of {asked} rankings",
            "went_on": "Layer {layer}: {read} of {asked} rankings, continuing without {missing}",
        },
        "combination": {
            "asking": "Layer {layer}: {count} models are combining the answers",
            "asking_one": "Layer {layer}: combining the answers into one",
            "so_far": "Layer {layer}: combining the answers into one",
            "closed": "Layer {layer}: combined the answers into one",
            "went_on": "Layer {layer}: continuing without a combined answer",
        },
    }
)
MISSING_MANY = "{count} models"
MISSING_ONE = "one model"

CARD = "Layer {layer} · {name}: {state}"
CARD_SUMMARY = "Layer {layer} · {asked} models: {state}"
CARD_DONE_COUNT = "{done} of {asked} done"
CARD_UNNAMED = "model {number}"
CARD_PENDING = "waiting for layer {before}"
CARD_WORKING: Mapping[str, str] = MappingProxyType(
    {
        "answers": "working",
        "rankings": "ranking the answers",
        "combination": "combining the answers",
    }
)
CARD_TOO_LATE = "still working, but too late for the reply"
CARD_SKIPPED = "skipped because it took too long"
CARD_RETRYING = "retrying: {why}"
CARD_NOT_NEEDED = "not needed"
CARD_NO_LONGER_NEEDED = "too late for the reply"
CARD_STOPPED = "stopped"
CARD_UNFINISHED = "didn't finish"
CARD_STOOD_IN = "{state} ({other} stood in)"
CARD_SECOND_TRY = "{state}, on the second try"
CARD_TRIES = "{state}, after {tries} tries"

# The status of an answer, in cards and in the answers modal

ANSWER_STATES: Mapping[str, str] = MappingProxyType(
    {
        "used": "answered in {seconds}",
        "truncated": "answered in {seconds}, cut off at its length limit",
        "late": "answered too late, after {seconds}",
        "failed": "didn't answer: {why} (after {seconds})",
        "cut": "stopped after {seconds}: {why}",
    }
)
OTHER_TASK_STATES: Mapping[str, str] = MappingProxyType(
    {
        "rankings": "ranked the answers in {seconds}",
        "combination": "combined the answers in {seconds}",
    }
)
NOT_ASKED = "not asked: it failed too often recently"
NOT_NEEDED = "stopped after {seconds}: no longer needed"
DECLINED = "declined to answer after {seconds}"

FAILURE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "auth": "its API key is missing or was rejected",
        "breaker_open": "it failed too often recently",
        "certificate": "its server's certificate isn't trusted",
        "connection": "its server couldn't be reached",
        "cut": "its connection broke",
        "empty": "its answer was empty",
        "garbled": "its server sent an unreadable response",
        "only_thoughts": "it wrote its reasoning but no answer",
        "loading": "it's still loading",
        "moderation": "its provider rejected the question's content",
        "not_found": "its server doesn't have this model",
        "output_limit": "it hit its output limit before writing anything",
        "overflow": "the conversation is too long for it",
        "overloaded": "its server is overloaded",
        "proxy": "the proxy to its server refused or is unreachable",
        "quota": "its quota is used up",
        "rate_limited": "it hit its rate limit",
        "redirected": "its server has moved",
        "refused": "it declined to continue",
        "rejected": "its server rejected the request",
        "timeout": "it took too long",
        "unavailable": "its server failed",
        "unsupported": "its server doesn't support part of the question or its settings",
        "wrong_api": "it doesn't work with this API",
        "wrong_path": "its server address is wrong",
    }
)
FAILURE_UNKNOWN = "something went wrong"
ABOUT_THE_NETWORK = frozenset({"certificate", "proxy", "redirected"})
"""Kinds of errors whose full text names addresses or settings of the network."""

# Names of models

NAME_LABELLED = "{model} ({label})"
NAME_MODEL = "Model {letter}"
NAME_RANKER = "Judge {letter}"
NAME_COMBINED = "{model}, combined"
NAME_COMBINATION = "The combined answer"
NAME_ONE_AGGREGATOR = "the aggregator"
NAME_AGGREGATOR = "aggregator {number}"
NAME_ANOTHER = "another model"
NAME_ONE_MODEL = "one model"

# The answers modal: frame and navigation

ANSWERS_TITLE = "Each model's answer"
ANSWERS_CLOSE = "Close"
ANSWERS_LOADING = "Loading the answers…"
ANSWERS_TOO_LATE = "That took too long. Click again."
ANSWERS_COMMAND_TOO_LATE = "Slack didn't open the answers in time. Send the command again."
ANSWERS_FAILED = "I can't load the answers right now. Try again in a minute."
ANSWERS_NONE = "Nobody has a reply from me in this channel yet."
ANSWERS_GONE = "These answers are no longer stored."
ANSWERS_FORBIDDEN: Mapping[str, str] = MappingProxyType(
    {
        "members": "Only people in this channel can open the answers.",
        "requester": "Only the person who asked can open the answers.",
        "nobody": "Individual answers aren't shown here.",
    }
)
ANSWERS_OUTSIDE = (
    "This channel is shared with another organisation, so only the person who asked can open the "
    "answers."
)
ANSWERS_UNSEEN = (
    "I can't check who is in this channel, so only the person who asked can open the answers."
)
ANSWERS_UNKNOWN = "I couldn't check whether you can open the answers. Try again in a minute."
ANSWERS_IN_PROGRESS = (
    "The models are still working. {so_far} You can open the answers when the reply is done."
)
ANSWERS_SO_FAR = "{count} answers so far."
ANSWERS_SO_FAR_ONE = "One answer so far."
ANSWERS_SO_FAR_NONE = "No answers yet."
ANSWERS_REFRESH = "Refresh"
ANSWERS_CHOOSE = "Choose an answer"
ANSWERS_OVERVIEW = "Overview"
ANSWERS_GROUP_RUN = "All models"
ANSWERS_GROUP_LAYER = "Layer {layer}"
ANSWERS_GROUP_RANKINGS = "Layer {layer}: rankings"
ANSWERS_GROUP_DRAFTS = "Unfinished replies"
ANSWERS_OPTION = "{name} · {state}"
ANSWERS_PREVIOUS = "Previous answer"
ANSWERS_NEXT = "Next answer"
ANSWERS_PREVIOUS_PAGE = "Previous page"
ANSWERS_NEXT_PAGE = "Next page"
ANSWERS_PAGE = "Page {page} of {pages}"

SHORT_STATES: Mapping[str, str] = MappingProxyType(
    {
        "used": "used",
        "truncated": "used, cut off",
        "late": "too late",
        "failed": "no answer",
        "cut": "unfinished",
    }
)
SHORT_NOT_ASKED = "not asked"
SHORT_STOPPED = "stopped"
SHORT_RANKING = "ranking"

# The answers modal: one answer

ANSWERS_BEST = "Mark as best"
ANSWERS_BEST_LABEL = "Mark as best: this answer"
ANSWERS_BEST_CHOSEN = "Marked as best (undo)"
ANSWERS_BEST_CHOSEN_LABEL = "Marked as best (undo): this answer"
ANSWERS_BEST_LINE = "You marked this answer as the best."
ANSWERS_TOKENS = "{count} tokens"
ANSWERS_EMPTY = "This model returned no text."
ANSWER_NOTES: Mapping[str, str] = MappingProxyType(
    {
        "used": "Used {by} as answer {label}.",
        "truncated": "*Cut off at its length limit.* Used {by} as answer {label}.",
        "late": "*Too late.* It arrived after its layer had closed, so it wasn't used.",
        "failed": "*No answer.* {why}",
        "cut": "*Unfinished.* {why} The text so far wasn't used.",
    }
)
NOTE_UNREAD = "The run stopped before this answer was used."
NOTE_NOT_ASKED = "*Not asked.* It failed too often recently, so I'm skipping it for a while."
NOTE_NOT_NEEDED = "*Stopped.* The reply was done before this answer was."
NOTE_DECLINED = "*Declined.* The model chose not to answer."
NOTE_RANKING = "A ranking, not an answer. Its letters refer to the answers in layer {layer}."
NOTE_DRAFT = "*Not the reply.* {why} Another model's text was used instead."
USED_FOR_REPLY = "for the reply"
USED_BY_LAYER = "by layer {layer}"

# The answers modal: overview

OVERVIEW_HEAD = "One reply from {count} answers"
OVERVIEW_HEAD_ONE = "One reply from one answer"
OVERVIEW_HEAD_ALONE = "One model on its own"
OVERVIEW_HEAD_PARTIAL = "Unfinished reply"
OVERVIEW_HEAD_DRAFT = "Not synthesised"
OVERVIEW_HEAD_FAILED = "No reply"
OVERVIEW_WRITTEN = "The reply was written by {model}."
OVERVIEW_PARTIAL = "The reply was written by {model}, which stopped before finishing it."
OVERVIEW_TRUNCATED = "The reply was written by {model} and cut off at its length limit."
OVERVIEW_ALONE = "The reply was written by {model}. This pipeline asks no other models."
OVERVIEW_DRAFT = "No aggregator responded, so the reply is one model's own answer."
OVERVIEW_DRAFT_OF = "No aggregator responded, so the reply is {model}'s answer, unchanged."
OVERVIEW_UNAIDED = "No other model answered, so the reply is {model}'s own answer."
OVERVIEW_FAILED = "This question got no reply. Here's what each model returned."
OVERVIEW_BEST = "You marked *{model}* as the best (layer {layer})."
OVERVIEW_AGREE = "Where the answers agree"
OVERVIEW_DIFFER = "Where they differ"
OVERVIEW_NO_DIFFERENCE = "The answers have no important differences."
OVERVIEW_NO_AGREEMENT = "The answers have no point in common."
OVERVIEW_COMPARED = "Compared by a model. Agreement doesn't prove that something is right."
OVERVIEW_LAYER = "Layer {layer}: {read} of {count} answered in time"
OVERVIEW_LAYER_RANKINGS = "Layer {layer}: {read} of {count} rankings of the answers"
OVERVIEW_LAYER_COMBINED = "Layer {layer}: combined the answers into one"
OVERVIEW_CLOSED = "Closed after {seconds}."
OVERVIEW_WENT_ON = "Closed after {seconds}, without {missing}."
OVERVIEW_WENT_ON_UNTIMED = "Closed without {missing}."
OVERVIEW_MANY = "{count} models"
OVERVIEW_AND = "{most} and {last}"
OVERVIEW_POOLED = "All rankings combined: {order}."
OVERVIEW_RANKED = "ranked {order} in {seconds}"
OVERVIEW_RANKED_UNCLEAR = "gave no clear ranking, in {seconds}"
OVERVIEW_REPLY = "The reply"
OVERVIEW_WROTE = "wrote it in {seconds}"
OVERVIEW_WROTE_TRUNCATED = "wrote it in {seconds}, cut off at its length limit"
OVERVIEW_WROTE_PARTIAL = "stopped before finishing it, after {seconds}: {why}"
OVERVIEW_NOTES = "Notes"
OVERVIEW_TRIES = "asked {count} times"
OVERVIEW_TWICE = "asked twice"
OVERVIEW_STOOD_IN = "stood in for {model}"
OVERVIEW_BACKED_UP = "{model} was also asked but not needed"
OVERVIEW_LETTERS = "Models saw answers labelled A, B, C, never who wrote them."
OVERVIEW_ANONYMOUS = "This channel hides model names. Letters change from layer to layer."


# Files

FILE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "kind": "file type not supported",
        "large": "over {megabytes:g} MB",
        "large_image": "over {image_megabytes:g} MB or {pixels:,} pixels a side",
        "many": "over the limit of {files} files",
        "much": "over {all_megabytes:g} MB together with the other files",
        "deleted": "deleted",
        "hidden": "hidden by this workspace's plan",
        "external": "stored outside Slack",
        "no_access": "no access",
        "scope": "missing permission files:read",
        "page": "Slack sent a web page instead",
        "elsewhere": "not hosted by Slack",
        "slow": "took too long",
        "failed": "Slack didn't send it",
        "encrypted": "password protected",
        "no_text": "contains no text, perhaps a scan",
        "no_transcript": "nothing is said in it",
        "clip": "a recording without a transcript",
        "list": "a Slack list, which apps can't read here",
        "broken": "damaged, or not what its name says",
        "empty": "empty",
    }
)
"""Why a file was not read. The prompt uses the same texts."""

FILES_NOT_READ = "Not read: {files}."
FILES_IN_PART = "Partly read: {files}."
FILES_MORE = "{named}, and {more} more"

FILE_TEXT = '{author} attached the file "{name}"{partly}:'
FILE_IMAGE = '{author} attached the image "{name}".'
FILE_AGAIN = '{author} attached "{name}" again.'
FILE_UNREAD = "[attached and not read: {name}{why}]"
FILE_PAGES = "{unit} 1 to {read} of {pages}"
FILE_CHARACTERS = "the first {read:,} of {length:,} characters"

# Settings, budgets and the Home tab

SETTINGS_TITLE = "Settings"
SETTINGS_TITLE_WORKSPACE = "Workspace settings"
SETTINGS_SAVE = "Save"
SETTINGS_CLOSE = "Close"
SETTINGS_CANCEL = "Cancel"
SETTINGS_LOADING = "Loading the settings…"
SETTINGS_TOO_LATE = "Slack didn't open the settings in time. Send the command again."
SETTINGS_FAILED = "Something went wrong on my side, so nothing changed. Try again in a minute."
SETTINGS_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "no": "Only people in this channel can change its settings.",
        "guest": "Guests and people from other organisations can't change settings here.",
        "admins": "Only workspace admins can change these settings.",
        "unseen": "I'm not in this channel. Invite me with `/invite`, then open its settings.",
        "unknown": "I couldn't check whether you can change this. Try again in a minute.",
    }
)
SETTINGS_ABOUT = "How I answer in {channel}. Changes apply to everyone right away."
SETTINGS_ABOUT_DIRECT = "How I answer in this conversation. Changes apply right away."
SETTINGS_ABOUT_WORKSPACE = (
    "Defaults for every channel. A channel can choose its own pipeline and follow-ups; its privacy "
    "settings can only be stricter."
)
SETTINGS_PIPELINE = "Pipeline"
SETTINGS_REVEAL = "Who can open each model's answer"
SETTINGS_NAMES = "Model names"
SETTINGS_COST = "Cost of a reply"
SETTINGS_LISTENING = "Without a mention"
SETTINGS_FOLLOW_UPS = "Keep replying in threads I'm in"
SETTINGS_FOLLOW_UPS_MORE = "Answer every message there, unless it starts with someone else's name"
SETTINGS_OFFER = "Offer a brainstorm on new topics"
SETTINGS_OFFER_MORE = "Brainstorming: only the author of a message sees the offer"
SETTINGS_WITH = "Who takes part in brainstorms"
SETTINGS_INHERITED = "Same as workspace: {value}"
SETTINGS_FROM_OPERATOR = "Default: {value}"
SETTINGS_PERSON_BUDGET = "Daily budget per person, in US dollars"
SETTINGS_WORKSPACE_BUDGET = "Monthly budget for everyone, in US dollars"
SETTINGS_BUDGET_OPEN = "Leave empty for no limit. Days and months are in UTC."
SETTINGS_BUDGET_CAPPED = (
    "At most {most}, which also applies if you leave this empty. Days and months are in UTC."
)
SETTINGS_BUDGET_WRONG = "Enter an amount above 0, such as 2.50."
SETTINGS_BUDGET_TOO_HIGH = "The person who runs me allows at most {most}."
SETTINGS_NOT_OFFERED = "That choice is no longer available. Open the settings again."
SETTINGS_VALUES: Mapping[str, str] = MappingProxyType(
    {
        "members": "people in the channel",
        "requester": "only the person who asked",
        "nobody": "nobody",
        "names.shown": "shown",
        "names.anonymous": "anonymous (Model A, Model B)",
        "cost.shown": "shown under each reply",
        "cost.hidden": "hidden",
        "brainstorm_with.full_members": "people in the channel, without guests",
        "brainstorm_with.workspace": "people in the channel, guests too",
        "brainstorm_with.everyone": "everyone in the channel, other organisations too",
    }
)

COMMAND_SETTINGS_SUMMARY = "choose the pipeline, follow-ups and privacy for this channel."
COMMAND_BUDGET_SUMMARY = "see what you've used and what's left."

BUDGET_TITLE = "*Your usage*"
BUDGET_USED = "This month: {questions}, {cost}"
BUDGET_USED_NO_COST = "This month: {questions}"
BUDGET_QUESTIONS = "{count} questions"
BUDGET_QUESTIONS_ONE = "one question"
BUDGET_QUESTIONS_NONE = "no questions"
BUDGET_NO_LIMIT = "No budget is set here."
BUDGET_PERSON = "You, today: {left}"
BUDGET_CHANNEL = "This channel, today: {left}"
BUDGET_WORKSPACE = "The workspace, this month: {left}"
BUDGET_RUN = "Each question: at most {most}"
BUDGET_HOUR = "Questions this hour: {left} of {most} left"
BUDGET_AT_ONCE = "Questions at once: {left} of {most} left"
BUDGET_LEFT = "{left} of {most} left"
BUDGET_LEFT_SHARE = "{percent}% left"
BUDGET_FREE_AGAIN = "resets {when}"
BUDGET_UNKNOWN_PRICES = (
    "Includes the expected cost of questions in progress. Models without a known price count as $0."
)

HOME_TITLE = "Many models, one reply"
HOME_ABOUT = (
    "I send your question to several language models at once and write one reply from their "
    "answers.\n"
    "Each reply shows how many answers it's based on.\n"
    "*Show answers* under a reply opens each model's own answer.\n"
    "_Replies are AI-generated and may be wrong._"
)
HOME_HOW_TO_ASK = "How to ask"
HOME_ASK_MENTION = "In a channel or thread: mention {me} with your question. I read the thread."
HOME_ASK_DIRECT = "Privately: write to me under *Messages*."
HOME_ASK_COMMAND = (
    "From any message box: `/moa QUESTION`. Only you see the reply, and you can share it."
)
HOME_ASK_SHORTCUT = "About a message: open its menu (⋮) and choose *Ask about this message*."
HOME_ASK_BRAINSTORM = (
    "With your team: `/moa brainstorm TOPIC`. People and models have ideas, apart at first."
)
HOME_RECENT = "Your recent questions"
HOME_RECENT_NONE = "None yet. Mention me in a channel, or write to me under *Messages*."
HOME_RECENT_LINE = "{question}\n{facts}"
HOME_PRIVATELY = "asked with /moa"
HOME_NO_TEXT = "(no text)"
HOME_STATES: Mapping[str, str] = MappingProxyType(
    {
        "waiting": "waiting",
        "running": "in progress",
        "answered": "answered",
        "failed": "no reply",
    }
)
HOME_YOURS = "*Your pipeline*\nI use it for your questions unless a channel has its own."
HOME_YOURS_DEFAULT = "Same as workspace: {value}"
HOME_PIPELINES = "Pipelines"
HOME_PIPELINE_DEFAULT = " (default)"
HOME_PIPELINE_LAYER = "Layer {layer}: {models}"
HOME_PIPELINE_WRITER = "Reply by {model}"
HOME_PIPELINE_ALONE = "{model} only"
HOME_MEASURED = "Typically {figures} (last {runs} replies)"
HOME_MEASURED_ONE = "{figures} (one reply so far)"
HOME_NOT_MEASURED = "No replies yet"
HOME_MORE_PIPELINES = "And {count} more: `/moa pipelines` lists them all."
HOME_USAGE = "Your usage"
HOME_ADMIN = "For admins"
HOME_ADMIN_RULES = (
    "*Workspace defaults:* pipeline {pipeline} · answers open to {reveal} · model names {names} · "
    "cost {cost} · follow-ups {follow_ups}"
)
HOME_ADMIN_BUDGETS = "*Budgets:* {person} per person a day · {workspace} for everyone a month"
HOME_ADMIN_USED = "*Used this month:* {cost} by everyone"
HOME_ADMIN_NO_BUDGET = "no limit"
HOME_ADMIN_ON = "on"
HOME_ADMIN_OFF = "off"
HOME_ADMIN_BUTTON = "Workspace settings"
HOME_ADMIN_CHANNELS = "*Channels with the highest usage this month*"
HOME_ADMIN_CHANNEL = "{channel}: {questions}, {cost}"
HOME_ADMIN_DIRECT = "A direct message"
HOME_ADMIN_CHANNEL_HINT = "To change a channel's settings, send `/moa settings` there."
HOME_OUTSIDE = (
    "This page is for people in the workspace that runs me. You can mention me in channels that "
    "you share with them."
)
HOME_FAILED = "I can't show this page right now. Open it again in a minute."


def trouble_text(trouble: Trouble, error_id: str | None = None) -> str:
    """Return what to tell the asker about a problem, with the error ID if there is one."""
    text = TROUBLES[trouble]
    return f"{text} {ERROR_ID.format(error_id=error_id)}" if error_id else text


# Under a reply: stop, ask again, give feedback

STOP = "Stop"
STOP_LABEL = "Stop answering this question"
STOP_OFFER = "I'm asking the models. You can stop me."
STOP_FORBIDDEN = "Only the person who asked or a workspace admin can stop this."
STOP_REFUSED = f"{STOP_FORBIDDEN} The reply goes on."
STOP_TOO_LATE = "This has already finished."
COMMAND_STOP_SUMMARY = "stop your questions here; admins stop everyone's."
COMMAND_STOPPED = "Stopping {count} questions."
COMMAND_STOPPED_ONE = "Stopping it."
COMMAND_STOPPED_NONE = "Nothing to stop here."

AI_NOTICE = "AI-generated, may be wrong"
FOOTER_MODELS = "{used} of {count} models"
FOOTER_ANSWERS = "{used} of {count} answers used"
"""The answers modal has this one too."""
REGENERATE = "Regenerate"
REGENERATE_LABEL = "Regenerate: ask the models the same question again"
ANOTHER_PIPELINE = "Ask again with…"
RETRY = "Try again"
RETRY_LABEL = "Try again: ask the models this question again"
AGAIN_ASKED = "Asking again with the *{pipeline}* pipeline. Only you will see the reply."
AGAIN_GONE = "I no longer have this question. Please ask it again."
AGAIN_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "no": "Only people in this channel can ask again.",
        "outside": "Only people in this workspace can ask again here. You can mention me instead.",
        "unknown": "I couldn't check whether you can ask again here. Try again in a minute.",
    }
)
AGAIN_IN_PROGRESS = "The models are already working on this. The reply will appear here."
AGAIN_NO_PIPELINE = "That pipeline is no longer available. Choose another one."
AGAIN_OF = "asked again by {user}"
AGAIN_LINK = "earlier reply"

HELPFUL = "Helpful"
HELPFUL_LABEL = "Mark this reply as helpful"
NOT_HELPFUL = "Not helpful"
NOT_HELPFUL_LABEL = "Mark this reply as not helpful"
FEEDBACK_THANKS = "Thanks for your feedback."
FEEDBACK_GONE = "I no longer have that reply, so I couldn't save your feedback."
FEEDBACK_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "no": "Only people in this channel can rate the reply.",
        "outside": "Only people in this workspace can rate replies here.",
        "unknown": "I couldn't check whether you're in this channel. Try again in a minute.",
    }
)
FEEDBACK_TITLE = "What was missing?"
FEEDBACK_SUBMIT = "Send"
FEEDBACK_CLOSE = "Skip"
FEEDBACK_ASK = "What would have helped?"
FEEDBACK_HINT = "The person who runs me can read this. The reply counts as not helpful either way."

QUEUED = "I'm busy right now. Your question is number {place} in line and starts automatically."

# Shortcuts

ASK_TITLE = "Ask the models"
ASK_SUBMIT = "Ask"
ASK_CLOSE = "Cancel"
ASK_QUESTION = "What would you like to know?"
ASK_PLACEHOLDER = "What are the three biggest risks here, and how would you limit each?"
ASK_PIPELINE = "Pipeline"
ASK_PIPELINE_USUAL = "Channel default"
ASK_PLACE = "Where to post the question and the reply"
ASK_PLACE_NONE = "Just to me, in a direct message"
ASK_IN_THREAD = "The models read this message's thread. The question and the reply go there too."
ASK_EMPTY = "Write a question first."
ASK_FORBIDDEN = "You can only ask in channels you're in."
ASK_OUTSIDE = "Only people in this workspace can use shortcuts. Mention me instead."
ASK_TOO_LATE = "Slack didn't open the form in time. Use the shortcut again."
ASK_FAILED = "Slack rejected the message, so I didn't ask. Try again in a minute."
ASK_UNSURE = (
    "Slack didn't respond, so I don't know if your question was posted. I didn't ask the models. "
    "Try again in a minute."
)
ASKED_BY = "{user} asks:"
SUGGESTIONS_TITLE = "Try one of these"
SUGGESTIONS = (
    ("Compare options", "Compare a generalist and a specialist as the fifth hire of a small team."),
    ("Find the risks", "We're moving to a four-day week in spring. Find the five biggest risks."),
    ("Draft", "Draft a friendly note to customers: an hour of downtime on Sunday morning."),
    ("Brainstorm", "Brainstorm ten very different half-day team events on a small budget."),
)
"""Suggested prompts for a new chat, as (title, question). manifest.yml has the same ones."""

SUMMARISE_QUESTION = (
    "Summarise this thread for someone who hasn't read it: what it's about, what was decided, "
    "what is still open, and who does what."
)

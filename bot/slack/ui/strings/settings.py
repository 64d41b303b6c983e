"""The settings modals."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SETTINGS_TITLE = "Settings"
SETTINGS_TITLE_WORKSPACE = "Workspace settings"
SETTINGS_SAVE = "Save"
SETTINGS_CLOSE = "Close"
SETTINGS_CANCEL = "Cancel"
SETTINGS_LOADING = "Loading the settings…"
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
SETTINGS_OFFER_MORE = "Only the author of the message sees the offer"
SETTINGS_WITH = "Who can take part in brainstorms"
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
        "brainstorm_with.full_members": "people in the channel, except guests",
        "brainstorm_with.workspace": "people in the channel, including guests",
        "brainstorm_with.everyone": "everyone in the channel, including other organisations",
    }
)

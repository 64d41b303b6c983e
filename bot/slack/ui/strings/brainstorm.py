"""Brainstorms."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.brainstorm.session import Closing, Phase

TITLE = "Brainstorm"
BOARD_TITLE = "Brainstorm: {topic}"
BOARD_LEADERS = "*Most dots*"
BOARD_THEMES = "*Themes*"
BOARD_FALLBACK = "Brainstorm: {topic} ({phase})"

PHASES: Mapping[Phase, str] = MappingProxyType(
    {
        "silence": "1 of 4 · Silence",
        "themes": "2 of 4 · Themes",
        "dots": "3 of 4 · Dots",
        "result": "4 of 4 · Result",
        "closed": "Closed",
    }
)
HINTS: Mapping[Phase, str] = MappingProxyType(
    {
        "silence": (
            "Write down your own ideas first. Nobody sees other people's or the models' ideas "
            "until this phase ends."
        ),
        "themes": "All ideas are here, grouped by theme. Read them before you vote.",
        "dots": (
            "Give your {dots} to the ideas you like best, split any way you like. You can change "
            "them until this phase ends. Nobody sees who chose what."
        ),
        "result": "The result is in the thread. Open an idea's menu there to take it further.",
        "closed": "This brainstorm is closed. Everything is kept.",
    }
)
GROUPING = "I'm grouping the ideas by theme. This takes a moment."
CLOSED_WITHOUT_IDEAS = (
    "Nobody handed in an idea, so there's nothing to group. Reopen it to try again."
)
PHASE_LINE = "*{phase}*"
PHASE_UNTIL = "*{phase}* · until {time}"
MINUTES_LEFT = " · {minutes} left"
MINUTE, MINUTES = "1 minute", "{count} minutes"
DOT, DOTS = "1 dot", "{count} dots"
IDEA, IDEAS = "1 idea", "{count} ideas"
PERSON, PEOPLE = "1 person", "{count} people"
MODEL, MODELS = "1 model", "{count} models"
HANDED_IN = "{ideas} from {authors}"
NO_IDEAS = "No ideas yet"
MODELS_AT_WORK = "models at work"
VOTED = "{people} voted"
NOBODY_VOTED = "nobody has voted yet"
STARTED_BY = "Started by {user}"
DOTS_EACH = "{dots} each"
COST_ABOUT = "about {cost}"
BUDGET_USED_UP = "The budget is used up, so the models stopped early. People can go on."
COST_SO_FAR = "{cost}"

ADD = "Add ideas"
MINE = "Your ideas"
SEE = "See ideas"
VOTE = "Give dots"
EXTEND = "+5 minutes"
END = "End phase"
END_CONFIRM_TITLE = "End this phase?"
END_CONFIRM = "Everyone moves on to the next phase right away."
CONFIRM_YES, CONFIRM_NO = "End it", "Not yet"
CLOSE = "Close"
REOPEN = "Reopen"
EXPORT_MD, EXPORT_CSV = "Export Markdown", "Export CSV"

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "no": "Only people in this channel can take part in this brainstorm.",
        "outside": "Only people in this workspace can take part in brainstorms here.",
        "guest": "Guests can't take part in brainstorms here.",
        "unseen": "I'm not in that channel. Invite me with `/invite`, then try again.",
        "unknown": "I couldn't check whether you can take part here. Try again in a minute.",
    }
)
GONE = "This brainstorm is no longer stored."
FAILED = "Something went wrong on my side, so nothing changed. Try again in a minute."
TOO_LATE = "Slack didn't open the form in time. Please try again."
NOT_STARTER = "Only {user}, who started this brainstorm, can do that."
PHASE_OVER = "That phase is over. The board shows the current one."
EXTENDED_BEFORE = "This phase has been extended already, and it can be extended only once."
STILL_GROUPING = "I'm still grouping the ideas. Try again in a moment."
IDEAS_HIDDEN = "Ideas stay hidden until the silence ends."
NO_RESULT_YET = "There's no result yet. The board shows the current phase."

START_TITLE = "Start a brainstorm"
START_SUBMIT, START_CANCEL = "Start", "Cancel"
START_TOPIC = "What's it about?"
START_TOPIC_PLACEHOLDER = "How can we get more people to walk to work?"
START_MINUTES = "Minutes of silence"
START_DOTS = "Dots for each person"
START_PLACE = "Where"
START_PLACE_NONE = "A channel that I'm in"
START_PIPELINE = "Whose models take part"
START_MATERIAL = "The models also read the messages in this thread."
START_COST = "It costs at most {cost}."
START_COST_USUAL = (
    "Usually it's about {cost}. If a budget is used up before, the models stop early."
)
START_COST_NOTHING = "It costs nothing."
START_COST_UNKNOWN = "The cost is unknown because a model has no known price."
START_COST_OPTION = "about {cost}"
START_HOW = (
    "First, people and models write down ideas separately. Then you read them by theme and give "
    "dots to the best ones."
)
EMPTY_TOPIC = "What's it about? Write a topic."
WRONG_MINUTES = "Enter a whole number from 1 to {most}."
WRONG_DOTS = "Enter a whole number from 1 to {most}."
NO_PLACE = "Choose a channel that we're both in."
NOT_A_MEMBER = "You can only start a brainstorm in a channel you're in."
COMMAND_EMPTY = "What's it about? For example: `{command} brainstorm How can we ship faster?`"
COMMAND_SUMMARY = (
    "start a brainstorm on a topic, or manage one with `status`, `results`, `close` or `reopen`."
)
COMMAND_NONE = "There's no brainstorm in this channel. Start one: `{command} brainstorm TOPIC`"
STATUS_LINE = "• *{topic}*: {phase}{link}"
STATUS_LINK = " (<{link}|open>)"
STATUS_TITLE = "*Brainstorms here*"
CLOSED_NOW = "I closed the brainstorm “{topic}”. `{command} brainstorm reopen` opens it again."
REOPENED_NOW = "The brainstorm “{topic}” is open again."
NOTHING_OPEN = "There's no open brainstorm in this channel."
NOTHING_CLOSED = "There's no closed brainstorm in this channel."

OFFER = "Would you like ideas on this from your team and several models?"
OFFER_BUTTON = "Start a brainstorm on this"
CALLED = "Let's brainstorm. The next step shows the settings and what it costs."
CONFIRM_BUTTON = "Start a brainstorm"

ADD_TITLE = "Add ideas"
ADD_LABEL = "Your ideas, one per line"
ADD_PLACEHOLDER = "A free coffee for everyone who walks"
ADD_SUBMIT, ADD_CANCEL = "Hand in", "Cancel"
ADD_SILENT = "Nobody sees them until the silence ends. Come back as often as you like."
ADD_LATE = "The ideas are already grouped, so yours will be marked as late."
ADD_NAME = "Show my name with these ideas"
ADD_NAME_LABEL = "Your name"
ADD_EMPTY = "Write at least one idea."
ADD_OVER = "You can't add ideas any more: this brainstorm has moved on."
ADD_FULL = "This brainstorm can't hold more ideas, so I didn't add any of these."
MINE_TITLE = "Your ideas"
MINE_NONE = "You haven't handed in any ideas yet."
MINE_FIXED = "The silence is over, so you can't change these."
CLOSE_MODAL = "Close"
CHANGE, WITHDRAW = "Change", "Withdraw"
CHANGE_TITLE = "Change your idea"
CHANGE_LABEL = "Your idea"
CHANGE_SUBMIT = "Save"
CHANGE_TOO_LATE = "The silence is over, so you can't change this idea."
ONE_LINE = "Write one idea on one line. Use *Add ideas* for more."

PAGE = "Ideas {from_} to {to} of {count}"
PREVIOUS, NEXT_PAGE = "Previous page", "Next page"
THEME_OPTION = "{title} ({count})"
LATE_THEME = "Late ideas"
LATE = "late"
JOINED = "{count} wordings"
WORDING_FROM = "from {source}"
SOURCE_PERSON = "a person"
WORDINGS = "See all wordings"
WORDINGS_TITLE = "All wordings"
SEE_TITLE = "Ideas by theme"
SEE_NONE = "There are no ideas."
THEMES_TITLE = "The ideas by theme"
THEMES_PLAIN = "No model could group them, so I grouped them by the words they share."
THEMES_MORE = "and {count} more"
THEMES_ALL = "*See ideas* here or on the board shows all of them in full."

VOTE_TITLE = "Give dots"
VOTE_SUBMIT, VOTE_CANCEL = "Save", "Cancel"
VOTE_INTRO = "You have {dots} to split any way you like. Nobody sees your choice."
VOTE_GIVEN = "Given so far: {given} of {dots}."
VOTE_TOO_MANY = "You have {dots}. Take some back first."
VOTE_OVER = "You can't give dots any more: this phase is over."
VOTE_NONE = "There are no ideas to give dots to."
NO_DOT = "No dots"

RESULT_TITLE = "Result: {topic}"
RESULT_COUNT = "{people} gave {dots}."
RESULT_NOBODY = "Nobody gave any dots, so no idea is ahead."
RESULT_MORE = "*See ideas* opens {ideas}."
RESULT_REST = "*Without dots*"
OTHER_IDEA, OTHER_IDEAS = "the other idea", "the other {count} ideas"
RESULT_WRITING = "The models' summary follows in the next message."
PLACE_LINE, TIED_PLACE_LINE = "{place}. {idea}", "={place}. {idea}"
TIED = "tied"
WITHOUT_DOTS = "no dots"

DEVELOP, CHALLENGE = "Develop", "Challenge"
MORE_LIKE_THIS, COMBINE = "More like this", "Combine with…"
QUESTIONS: Mapping[str, str] = MappingProxyType(
    {
        "result": "What is the result of the brainstorm “{topic}”?",
        "develop": "Develop this idea: {idea}",
        "challenge": "Challenge this idea: {idea}",
        "more": "More ideas like this one: {idea}",
        "combine": "Combine these ideas: {idea} + {other}",
    }
)
COMBINE_TITLE = "Combine ideas"
COMBINE_LABEL = "With which idea?"
COMBINE_SUBMIT = "Combine"
COMBINE_ONE = "There's no other idea to combine it with."

ASKED = "I asked the models. Their reply appears in the thread."

EXPORT_TITLE = "Brainstorm: {topic}"
EXPORT_FAILED = "Slack didn't accept the export. Try again in a minute."

CLOSED_BY_ITSELF: Mapping[Closing, str] = MappingProxyType(
    {
        "no_ideas": (
            "Your brainstorm “{topic}” ended without any ideas, so I closed it. "
            "Send `/moa brainstorm reopen` in its channel to start it again."
        ),
        "archived": (
            "The channel of your brainstorm “{topic}” was archived, so I closed it. Everything is "
            "kept. Once the channel is back, send `/moa brainstorm reopen` there to continue."
        ),
        "not_in_channel": (
            "I'm no longer in the channel of your brainstorm “{topic}”, so I closed it. Everything "
            "is kept. Invite me again, then send `/moa brainstorm reopen` there to continue."
        ),
        "not_allowed": (
            "I can't post in the channel of your brainstorm “{topic}”, so I closed it. Everything "
            "is kept. Once I can post, send `/moa brainstorm reopen` there to continue."
        ),
        "deleted": (
            "The board of your brainstorm “{topic}” was deleted twice, so I closed it. Everything "
            "is kept. Send `/moa brainstorm reopen` in its channel to get a new board."
        ),
    }
)


def count(number: int, one: str, many: str) -> str:
    """Return "1 idea" or "3 ideas"."""
    return one if number == 1 else many.format(count=f"{number:,}")

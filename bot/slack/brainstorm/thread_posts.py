"""The messages in a brainstorm's thread: the themes, and the result."""

from __future__ import annotations

from collections.abc import Sequence

from bot.brainstorm.session import BrainstormSession, RankedGroup, Tally
from bot.slack.brainstorm import ids
from bot.slack.brainstorm.board_view import theme_label
from bot.slack.brainstorm.text import (
    Readable,
    dots_count,
    one_line_topic,
    people_count,
)
from bot.slack.markdown.sanitize import inert_mrkdwn
from bot.slack.ui.blocks import Block, actions, button, context, header, plain_text, section
from bot.slack.ui.forms import option
from bot.slack.ui.strings import brainstorm as strings
from moa.brainstorm import Grouping, Theme

IDEAS_IN_THREAD = 40
"""Ideas in the themes message. The rest are in the modal, since more would be hard to read."""

THEMES_IN_THREAD = 20
CHARS_IN_THREAD = 150
RANKED_IN_THREAD = 15
LEADERS = 3
MOST_LEADERS = 5
"""With ties. More would hide the board's buttons on a phone."""

CHARS_IN_RESULT = 300
CHARS_IN_TEXT = 80

ABOUT_ONE: Sequence[tuple[str, str]] = (
    (strings.DEVELOP, "develop"),
    (strings.CHALLENGE, "challenge"),
    (strings.MORE_LIKE_THIS, "more"),
    (strings.COMBINE, "combine"),
)
"""The entries of an idea's menu."""


def themes_blocks(session: BrainstormSession, grouping: Grouping, shown: Readable) -> list[Block]:
    """Return the message with the ideas by theme."""
    shares = share_out([len(theme.groups) for theme in grouping.themes], IDEAS_IN_THREAD)
    themes = [*zip(grouping.themes, shares, strict=True)][:THEMES_IN_THREAD]
    lists = [_theme_list(theme, shown, share) for theme, share in themes]
    note = [context(strings.THEMES_PLAIN)] if grouping.by == "words" else []
    see = button(strings.SEE, ids.SEE, ids.join_parts(session.id, session.step))
    return [
        header(strings.THEMES_TITLE),
        *lists,
        *note,
        context(strings.THEMES_ALL),
        actions(f"{ids.BOARD_ACTIONS}:themes:{session.id}", [see]),
    ]


def themes_text(grouping: Grouping) -> str:
    """Return the themes in one line."""
    titles = [theme_label(theme.title, len(theme.groups)) for theme in grouping.themes]
    return inert_mrkdwn(f"{strings.THEMES_TITLE}: {', '.join(titles[:THEMES_IN_THREAD])}")


def share_out(sizes: Sequence[int], limit: int) -> Sequence[int]:
    """Return how many of each to show, so that the total is at most `limit`.

    Small ones are shown whole, and large ones share the rest.
    """
    shares, left = [0] * len(sizes), limit
    order = sorted(range(len(sizes)), key=lambda index: sizes[index])
    for done, index in enumerate(order):
        shares[index] = min(sizes[index], left // (len(order) - done))
        left -= shares[index]
    return shares


def _theme_list(theme: Theme, shown: Readable, share: int) -> Block:
    """Return a theme as rich text, which Slack shows literally."""
    title = {"type": "text", "text": theme_label(theme.title, len(theme.groups))}
    lines = [_line(shown.words(g, CHARS_IN_THREAD), shown.about(g)) for g in theme.groups[:share]]
    if len(theme.groups) > share:
        more = strings.THEMES_MORE.format(count=len(theme.groups) - share)
        lines.append(_line("", more))
    heading = {"type": "rich_text_section", "elements": [title | {"style": {"bold": True}}]}
    listed = {"type": "rich_text_list", "style": "bullet", "elements": lines}
    return {"type": "rich_text", "elements": [heading, listed]}


def _line(words: str, about: str) -> Block:
    parts: list[Block] = [{"type": "text", "text": words}] if words else []
    if about:
        text = f" ({about})" if words else about
        parts.append({"type": "text", "text": text, "style": {"italic": True}})
    return {"type": "rich_text_section", "elements": parts}


def result_blocks(session: BrainstormSession, tally: Tally, shown: Readable) -> list[Block]:
    """Return the message with the ideas by dots, each with its menu."""
    first = tally.ranked[:RANKED_IN_THREAD]
    chosen = [each for each in first if each.dots]
    rest = [idea for each in first[len(chosen) :] for idea in _unranked(session, each, shown)]
    more = [context(others)] if (others := _others(len(tally.ranked) - len(first))) else []
    see = button(strings.SEE, ids.SEE, ids.join_parts(session.id, session.step))
    return [
        header(strings.RESULT_TITLE.format(topic=session.topic)),
        section(_votes(tally)),
        *(b for each in chosen for b in _ranked(session, each, shown)),
        *([section(strings.RESULT_REST)] if chosen and rest else []),
        *rest,
        *more,
        actions(f"{ids.BOARD_ACTIONS}:result:{session.id}", [see]),
        context(strings.RESULT_WRITING),
    ]


def result_text(session: BrainstormSession, tally: Tally, shown: Readable) -> str:
    """Return the result as text: for notifications, and for models that read the thread."""
    return "\n".join(result_lines(session, tally, shown))


def result_lines(session: BrainstormSession, tally: Tally, shown: Readable) -> list[str]:
    """Return the result in lines of mrkdwn."""
    title = strings.RESULT_TITLE.format(topic=one_line_topic(session, 200))
    lines = [_ranked_line(each, shown) for each in tally.ranked[:RANKED_IN_THREAD]]
    return [inert_mrkdwn(title), _votes(tally), *lines]


def leading_lines(tally: Tally, shown: Readable) -> list[str]:
    """Return the ideas in the first places in lines of mrkdwn; none if nobody voted."""
    leading = [each for each in tally.ranked if each.dots and each.place <= LEADERS]
    return [_ranked_line(each, shown) for each in leading[:MOST_LEADERS]]


def _ranked_line(each: RankedGroup, shown: Readable) -> str:
    words = _placed(each, shown.words(each.group, CHARS_IN_TEXT))
    return inert_mrkdwn(f"{words} ({_dots(each)})")


def _others(count: int) -> str:
    """Return where the ideas are that are not shown; "" if all are."""
    if count <= 0:
        return ""
    ideas = strings.count(count, strings.OTHER_IDEA, strings.OTHER_IDEAS)
    return strings.RESULT_MORE.format(ideas=ideas)


def _votes(tally: Tally) -> str:
    if not tally.voters:
        return strings.RESULT_NOBODY
    return strings.RESULT_COUNT.format(
        people=people_count(tally.voters), dots=dots_count(tally.dots)
    )


def _placed(each: RankedGroup, words: str) -> str:
    """Return an idea with its place. An idea without dots has none."""
    if not each.dots:
        return words
    line = strings.TIED_PLACE_LINE if each.tied else strings.PLACE_LINE
    return line.format(place=each.place, idea=words)


def _dots(each: RankedGroup) -> str:
    if not each.dots:
        return strings.WITHOUT_DOTS
    dots = dots_count(each.dots)
    return f"{dots}, {strings.TIED}" if each.tied else dots


def _ranked(session: BrainstormSession, each: RankedGroup, shown: Readable) -> list[Block]:
    words = _placed(each, shown.words(each.group, CHARS_IN_RESULT))
    about = " · ".join(part for part in (_dots(each), shown.about(each.group)) if part)
    return idea_blocks(words, about, idea_menu(session, each.group.representative, wordings=False))


def _unranked(session: BrainstormSession, each: RankedGroup, shown: Readable) -> list[Block]:
    """Return an idea without dots in one line: many of them would bury those with dots."""
    words = shown.words(each.group, CHARS_IN_RESULT)
    return idea_blocks(words, "", idea_menu(session, each.group.representative, wordings=False))


def idea_blocks(words: str, about: str, menu: Block | None) -> list[Block]:
    """Return an idea with its menu, and facts about it in small type, shown literally."""
    small: Block = {"type": "context", "elements": [plain_text(about)]}
    return [idea_section(words or "…", menu), *([small] if about else [])]


def idea_section(text: str, menu: Block | None) -> Block:
    """Return an idea as literal text with a menu."""
    block: Block = {"type": "section", "text": plain_text(text)}
    return block | {"accessory": menu} if menu else block


def idea_menu(session: BrainstormSession, idea_id: str, *, wordings: bool) -> Block | None:
    """Return an idea's menu, or None if it would be empty."""
    has_result = session.result_ts is not None or session.phase == "result"
    entries = [*ABOUT_ONE] if has_result else []
    entries = [*([(strings.WORDINGS, "wordings")] if wordings else []), *entries]
    if not entries:
        return None
    options = [option(label, ids.join_parts(session.id, idea_id, do)) for label, do in entries]
    return {"type": "overflow", "action_id": f"{ids.IDEA_MENU}:{idea_id}", "options": options}

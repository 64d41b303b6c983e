"""Where the answers agree and differ, and who holds which view, as a model told it."""

from __future__ import annotations

from bot.slack import words
from bot.slack.reveal.rich import bullets, line, said, title
from bot.slack.reveal.shown import Shown
from bot.slack.richinline import Json, run
from moa import Difference, View


def comparison(shown: Shown) -> list[list[Json]]:
    """Groups of rich_text elements; none where no comparison was made."""
    found = shown.run.disagreement
    if found is None:
        return []
    differ: list[Json] = [title(words.OVERVIEW_DIFFER)]
    for difference in found.differences:
        differ += _difference(shown, difference)
    if not found.differences:
        differ.append(line(words.OVERVIEW_NO_DIFFERENCE))
    agree: list[Json] = [title(words.OVERVIEW_AGREE)]
    if found.agreements:
        agree.append(bullets([said(statement) for statement in found.agreements]))
    else:
        agree.append(line(words.OVERVIEW_NO_AGREEMENT))
    note = {
        "type": "rich_text_section",
        "elements": [run(words.OVERVIEW_COMPARED, {"italic": True})],
    }
    return [differ, [*agree, note]]


def _difference(shown: Shown, difference: Difference) -> list[Json]:
    return [
        bullets([said(difference.topic)]),
        bullets([_view(shown, view) for view in difference.views], indent=1),
    ]


def _view(shown: Shown, view: View) -> list[Json]:
    pairs = zip(view.labels, view.models, strict=True)
    who = ", ".join(shown.naming.of_label(label, model) for label, model in pairs)
    # Bold first, so that a long view does not hide whose it is.
    return [run(who, {"bold": True}), *said(f": {view.text}")]

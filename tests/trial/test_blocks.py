"""The page draws every block and element that the local Slack accepts, as Slack would."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.playground.checks.elements import IN_ACTIONS, IN_CONTEXT_ACTIONS, IN_INPUT, IN_SECTION
from bot.playground.checks.payloads import parse_view
from bot.playground.render.text import Names
from bot.playground.state.models import SlackView
from bot.trial.draw.markdown import draw_markdown
from bot.trial.draw.mrkdwn import draw_mrkdwn
from bot.trial.draw.page import draw
from bot.trial.draw.rich_text import draw_rich_text
from bot.trial.form_values import element_problem, typed_value
from tests.playground.apps import plain_text
from tests.playground.catalogue import GOOD

Json = dict[str, Any]
NAMES = Names({"U1": "Ana <b>", "C1": "team"})
OPTIONS = [{"text": plain_text(f"Option {n}"), "value": f"v{n}"} for n in range(3)]
CONFIRM = {
    "title": plain_text("Sure?"),
    "text": plain_text("It's final."),
    "confirm": plain_text("Yes"),
    "deny": plain_text("No"),
}


def element(kind: str) -> Json:
    """Return a valid element of any kind."""
    item: Json = {"type": kind, "action_id": "act"}
    if kind in {"button", "workflow_button", "icon_button"}:
        item |= {"text": plain_text("Press"), "icon": "trash"}
    elif kind == "feedback_buttons":
        for side in ("positive_button", "negative_button"):
            item[side] = {"text": plain_text(f"Say {side}"), "value": side}
    elif kind == "image":
        item = {"type": "image", "alt_text": "Press", "image_url": "https://example.org/x.png"}
    elif "static_select" in kind or kind in {"overflow", "radio_buttons", "checkboxes"}:
        item |= {"options": OPTIONS}
    elif kind == "number_input":
        item |= {"is_decimal_allowed": False, "min_value": "1", "max_value": "9"}
    return item


def drawn_blocks(blocks: list[Json], state: Json | None = None) -> str:
    """Return the blocks as drawn in a Home tab, which is how messages and modals draw them."""
    for number, block in enumerate(blocks):
        block.setdefault("block_id", f"b{number}")
    content = {"type": "home", "blocks": blocks}
    view = SlackView("V1", "home", "U1", "T1", content, "h", "V1", state=state or {})
    return draw("home.html", view=view, names=NAMES)


@pytest.mark.parametrize("name", GOOD)
def test_every_accepted_block_is_drawn(name: str) -> None:
    """No accepted block breaks the page or falls back to its bare type."""
    html = drawn_blocks([dict(block) for block in GOOD[name]])
    assert not re.search(r">\(\w+\)<", html)


@pytest.mark.parametrize("kind", sorted(IN_ACTIONS | IN_CONTEXT_ACTIONS | IN_SECTION))
def test_every_element_outside_forms_can_be_used(kind: str) -> None:
    """Buttons, menus, choices and pickers are drawn with what a click needs."""
    item = element(kind) | ({"confirm": CONFIRM} if kind in {"button", "static_select"} else {})
    html = drawn_blocks([{"type": "actions", "block_id": "place", "elements": [item]}])
    if kind == "image":
        assert "Press" in html
        assert "example.org" not in html
        return
    assert 'data-block="place"' in html
    assert 'data-action="act"' in html
    assert f'data-kind="{kind}"' in html
    assert "data-press" in html or "data-acts" in html
    assert ("It&#39;s final." in html or "final" in html) == ("confirm" in item)


@pytest.mark.parametrize("kind", sorted(IN_INPUT))
def test_every_input_has_a_label_and_can_be_filled_in(kind: str) -> None:
    """A form's fields have labels, hints and a place for errors; none acts before it is sent."""
    block = {
        "type": "input",
        "block_id": "place",
        "label": plain_text("Your <choice>"),
        "hint": plain_text("A hint"),
        "optional": True,
        "element": element(kind),
    }
    html = drawn_blocks([block])
    assert "Your &lt;choice&gt;" in html
    assert "A hint" in html
    assert "(optional)" in html
    assert f'data-kind="{kind}"' in html
    assert "data-reads" in html
    assert "data-acts" not in html
    assert 'role="alert"' in html
    acting = drawn_blocks([{**block, "dispatch_action": True}])
    assert "data-acts" in acting or kind == "file_input"


def test_chosen_values_are_shown_again() -> None:
    """After a reload, a field shows what the person chose, or else the app's preset."""
    preset = element("static_select") | {"initial_option": OPTIONS[1]}
    row = {"type": "actions", "block_id": "place", "elements": [preset]}
    assert re.search(r'value="v1" selected', drawn_blocks([row]))
    state = {"place": {"act": {"type": "static_select", "selected_option": OPTIONS[2]}}}
    assert re.search(r'value="v2" selected', drawn_blocks([row], state))
    boxes = element("checkboxes") | {"initial_options": OPTIONS[:2]}
    html = drawn_blocks([{"type": "actions", "block_id": "place", "elements": [boxes]}])
    assert len(re.findall(r"\bchecked\b", html)) == 2


def test_a_full_form_is_drawn() -> None:
    """A modal with a hundred blocks, the most that Slack accepts, is drawn with every field."""
    kinds = sorted(IN_INPUT - {"file_input", "rich_text_input"})
    blocks = [
        {
            "type": "input",
            "label": plain_text(f"Field {number}"),
            "element": element(kinds[number % len(kinds)]) | {"action_id": f"a{number}"},
        }
        for number in range(100)
    ]
    view = {"type": "modal", "title": plain_text("Form"), "blocks": blocks}
    content = parse_view(view | {"submit": plain_text("Go")})
    shown = SlackView("V1", "modal", "U1", "T1", content, "h", "V1")
    html = draw("modal.html", view=shown, names=NAMES, depth=1)
    assert len(re.findall(r"data-reads", html)) == 100
    assert len(re.findall(r"\bid=\"[^\"]+--a\d+\"", html)) >= 60


MRKDWN = {
    "*bold* _it_ ~no~": "<strong>bold</strong> <em>it</em> <s>no</s>",
    "2*3*4 snake_case_name": "2*3*4 snake_case_name",
    "`*code* <b>`": "<code>*code* &lt;b&gt;</code>",
    "```\na < b\n```": "<pre><code>a &lt; b</code></pre>",
    "<@U1> in <#C1>": '<span class="mention">@Ana &lt;b&gt;</span> in '
    '<span class="mention">#team</span>',
    "<!here> <!date^1^{date}|today>": '<span class="mention">@here</span> today',
    "&lt;script&gt;": "&lt;script&gt;",
    "<script>x</script>": "&lt;script&gt;x&lt;/script&gt;",
    "<javascript:alert(1)|x>": "&lt;javascript:alert(1)|x&gt;",
    "&gt; a\n&gt; b\nc": "<blockquote>a<br>b</blockquote>c",
    "*<https://e.org|site>*": '<strong><a href="https://e.org" target="_blank" '
    'rel="noopener noreferrer nofollow">site</a></strong>',
    "\ue0000\ue001": "0",
}


@pytest.mark.parametrize("text", MRKDWN)
def test_mrkdwn(text: str) -> None:
    """Slack's own format is drawn, and nothing else becomes markup."""
    assert draw_mrkdwn(text, NAMES) == MRKDWN[text]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("![cat](https://e.org/c.png)", "(image: cat)"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("[x](data:text/html,1)", "[x](data:text/html,1)"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("<div>\n<script>1</script>", "&lt;script&gt;"),
        ("hi <@U1>", "@Ana &lt;b&gt;"),
        ("<https://e.org|site>", ">site</a>"),
        ("a\nb", "a<br />\nb"),
        ("~~no~~", "<s>no</s>"),
        ('[x](https://e.org "onload")', '<a href="https://e.org" target="_blank"'),
    ],
)
def test_markdown(text: str, wanted: str) -> None:
    """Markdown is drawn without raw HTML, images or links that run code."""
    html = str(draw_markdown(text, NAMES))
    assert wanted in html
    assert not re.search(r"<(img|script|div|iframe)(?! class=\"table\")|href=\"(?!https://)", html)


def test_rich_text() -> None:
    """Styles, lists, quotes and code are drawn; links that run code stay text."""
    text = {"type": "text", "text": "a<b", "style": {"bold": True, "code": True}}
    bad = {"type": "link", "url": "javascript:alert(1)", "text": "x"}
    section = {"type": "rich_text_section", "elements": [text, bad]}
    numbered = {"type": "rich_text_list", "style": "ordered", "offset": 2, "elements": [section]}
    quote = {"type": "rich_text_quote", "elements": [{"type": "user", "user_id": "U1"}]}
    html = str(draw_rich_text({"elements": [section, numbered, quote]}, NAMES))
    assert "<code><strong>a&lt;b</strong></code>x (javascript:alert(1))" in html
    assert '<ol class="in0" start="3">' in html
    assert '<blockquote><span class="mention">@Ana &lt;b&gt;</span></blockquote>' in html


@pytest.mark.parametrize(
    ("item", "value", "problem"),
    [
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "whole number"),
        ({"type": "number_input", "is_decimal_allowed": True}, "1.5", ""),
        ({"type": "number_input", "min_value": "2"}, "1", "2 or more"),
        ({"type": "number_input", "max_value": "2"}, "3", "2 or less"),
        ({"type": "email_text_input"}, "nobody", "email"),
        ({"type": "url_text_input"}, "example", "URL"),
        ({"type": "plain_text_input", "min_length": 3}, "ab", "3 characters"),
        ({"type": "plain_text_input"}, "", "required"),
        ({"type": "multi_static_select", "options": OPTIONS}, [], "required"),
    ],
)
def test_a_form_shows_the_errors_that_slack_would(item: Json, value: Any, problem: str) -> None:
    """Slack's own form refuses such a value before it sends anything to the app."""
    found = element_problem(item, typed_value(item, value), optional=False)
    assert problem in found
    assert bool(found) == bool(problem)

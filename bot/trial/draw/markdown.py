"""Draws markdown as the `markdown` block shows it: CommonMark with tables, without raw HTML."""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape

from bot.playground.render.text import Names
from bot.trial.draw.mentions import is_safe_link, token, with_emoji

_TOKEN: Final = re.compile(r"<([@#!][^<>\n]+|https?://[^<>|\s]+\|[^<>\n]+)>")
_NAMES: Final = "names"
Environment = MutableMapping[str, Any]
"""The data that the parser passes on: the names of people and channels."""


class _Renderer(RendererHTML):
    """Draws images as their text, links for a new window, and tables that scroll."""

    def image(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Environment
    ) -> str:
        """Draw an image as its text: nothing is loaded."""
        text = self.renderInlineAsText(tokens[idx].children, options, env)
        return str(escape(f"(image: {text})"))

    def text(
        self,
        tokens: Sequence[Token],
        idx: int,
        options: OptionsDict,  # noqa: ARG002 - the parser's interface
        env: Environment,  # noqa: ARG002
    ) -> str:
        """Draw plain text."""
        return str(escape(with_emoji(tokens[idx].content)))

    def link_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Environment
    ) -> str:
        """Open a link to a new window that learns nothing about this one."""
        tokens[idx].attrs = {
            "href": tokens[idx].attrs.get("href", ""),
            "target": "_blank",
            "rel": "noopener noreferrer nofollow",
        }
        return self.renderToken(tokens, idx, options, env)

    def table_open(self, *_: object) -> str:
        """Wrap a table in a frame that scrolls, also with the keyboard."""
        return '<div class="table" role="region" aria-label="Table" tabindex="0"><table>\n'

    def table_close(self, *_: object) -> str:
        """Close the frame."""
        return "</table></div>\n"

    def slack_token(
        self, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: Environment
    ) -> str:
        """Draw a mention, a channel or a link with a label."""
        return str(token(tokens[idx].content, env[_NAMES]))


def _slack_token(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 - the parser's interface
    match = _TOKEN.match(state.src, state.pos)
    if not match:
        return False
    if not silent:
        state.push("slack_token", "", 0).content = match[1]
    state.pos = match.end()
    return True


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}, renderer_cls=_Renderer)
    parser.enable(["table", "strikethrough"])
    parser.validateLink = is_safe_link
    parser.inline.ruler.before("autolink", "slack_token", _slack_token)
    return parser


_PARSER: Final = _parser()


def draw_markdown(text: str, names: Names) -> Markup:
    """Draw a text in markdown."""
    return Markup(_PARSER.render(text, {_NAMES: names}))  # noqa: S704 - the parser escapes

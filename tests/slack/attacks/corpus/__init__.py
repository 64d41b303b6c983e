"""The corpus: every hostile text, by kind. To add one, add a row to the file of its kind."""

from __future__ import annotations

from tests.slack.attacks.attack import Attack
from tests.slack.attacks.corpus.fences import FENCES
from tests.slack.attacks.corpus.hidden import HIDDEN
from tests.slack.attacks.corpus.interface import INTERFACE
from tests.slack.attacks.corpus.links import LINKS
from tests.slack.attacks.corpus.markup import MARKUP
from tests.slack.attacks.corpus.mentions import MENTIONS
from tests.slack.attacks.corpus.prompts import PROMPTS
from tests.slack.attacks.corpus.scripts import SCRIPTS
from tests.slack.attacks.corpus.sizes import SIZES

CORPUS: tuple[Attack, ...] = (
    *MENTIONS,
    *HIDDEN,
    *LINKS,
    *MARKUP,
    *INTERFACE,
    *PROMPTS,
    *FENCES,
    *SIZES,
    *SCRIPTS,
)

__all__ = ["CORPUS"]

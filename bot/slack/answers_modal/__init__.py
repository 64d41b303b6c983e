"""The room of the reveal: one modal with a run's overview and every model's own answer.

Start reading at `opening.Reveal`; `views.reveal_view` is what it shows.
"""

from __future__ import annotations

from bot.slack.answers_modal.handlers import AnswersModal
from bot.slack.answers_modal.views import CLICKS
from bot.slack.ui.clicks import is_complete

__all__ = ["CLICKS", "AnswersModal", "is_complete"]

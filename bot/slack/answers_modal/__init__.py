"""The answers modal: an overview of a run and every model's own answer.

Start reading at `handlers.AnswersModal`; `views.answers_view` builds its content.
"""

from __future__ import annotations

from bot.slack.answers_modal.handlers import AnswersModal
from bot.slack.answers_modal.views import CLICKS
from bot.slack.ui.clicks import is_complete

__all__ = ["CLICKS", "AnswersModal", "is_complete"]

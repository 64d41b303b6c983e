"""The room of the reveal: one modal with a run's overview and every model's own answer.

Start reading at `opening.Reveal`; `views.reveal_view` is what it shows.
"""

from __future__ import annotations

from bot.slack.reveal.opening import Reveal, is_complete
from bot.slack.reveal.views import CLICKS

__all__ = ["CLICKS", "Reveal", "is_complete"]

"""How often growing replies are shown: what Slack bears a minute is shared by those that grow."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

APPENDS_A_MINUTE = 100
"""Calls of chat.appendStream that one workspace bears: it is of tier 4.

Source: https://docs.slack.dev/apis/web-api/rate-limits
"""


FIRST_S, FIRST_OF_MORE_S = 0.1, 0.005
"""Seconds from a question to the first sign of work, and so many more for each other reply."""


LONGEST_S = 120.0
"""Seconds after which a reply is shown all the same: a stream lives 300 s."""


class Beat:
    """The replies of this process that grow now, and when each is shown.

    Who calls more often than Slack bears is told to wait, and then the end of a reply waits too.
    """

    def __init__(self) -> None:
        self._growing = 0

    @contextmanager
    def growing(self) -> Generator[None, None, None]:
        """One more reply grows, for as long as this is entered."""
        self._growing += 1
        try:
            yield
        finally:
            self._growing -= 1

    @property
    def first_after_s(self) -> float:
        """Seconds until a reply is first shown: the models of all are asked before Slack is."""
        return FIRST_S + FIRST_OF_MORE_S * self._growing

    def pause_s(self, least: float) -> float:
        """Seconds between two showings of a reply; `least` is what one by itself takes."""
        return max(least, min(self._growing * 60 / APPENDS_A_MINUTE, LONGEST_S))

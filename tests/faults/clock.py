"""Sets the process's clock back by an hour on SIGUSR1."""

from __future__ import annotations

import datetime as dt
import signal
import sys
import time
from typing import Any, Self

HOUR_S = 3_600.0


class Clock:
    """The wall clock of this process. The monotonic clock is unchanged."""

    def __init__(self) -> None:
        self._behind = 0.0
        self._right = time.time

    def set_back(self, *_: object) -> None:
        """Set the clock back by another hour."""
        self._behind += HOUR_S

    def time(self) -> float:
        """Return the time like `time.time`."""
        return self._right() - self._behind

    def install(self) -> None:
        """Make every module imported from now on use this clock."""
        clock = self

        class Datetime(dt.datetime):
            @classmethod
            def now(cls, tz: dt.tzinfo | None = None) -> Self:
                return cls.fromtimestamp(clock.time(), tz)

        shown: Any = dt
        shown.datetime = Datetime
        time.time = self.time
        signal.signal(signal.SIGUSR1, self.set_back)


if __name__ == "__main__":
    Clock().install()
    from bot.cli import main

    sys.exit(main())

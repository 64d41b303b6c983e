"""The bot with a clock that is set back by an hour when the process gets SIGUSR1."""

from __future__ import annotations

import datetime as dt
import signal
import sys
import time
from typing import Any, Self

HOUR_S = 3_600.0


class Clock:
    """The wall's clock, as this process reads it. The monotonic one goes on."""

    def __init__(self) -> None:
        self._behind = 0.0
        self._right = time.time

    def set_back(self, *_: object) -> None:
        """An hour earlier from now on; again with each call."""
        self._behind += HOUR_S

    def time(self) -> float:
        """As `time.time`."""
        return self._right() - self._behind

    def install(self) -> None:
        """Have everything that is imported from now on read this clock."""
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

"""Several observers as one, so that those who report need to know of a single one."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager

from bot.ports import Ended, Observer, Run, RunSpan, Surface
from moa import Event


class CompositeObserver:
    """`bot.ports.Observer`: whatever is reported goes to each of them, in their order."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def claimed(self, surface: Surface, *, new: bool) -> None:
        """A question has reached us, for the first time or once more."""
        for observer in self._observers:
            observer.claimed(surface, new=new)

    @contextmanager
    def work(self, run: Run) -> Generator[RunSpan, None, None]:
        """A run is worked on for as long as this is entered."""
        with ExitStack() as stack:
            yield _CompositeSpan([stack.enter_context(each.work(run)) for each in self._observers])


class _CompositeSpan:
    def __init__(self, watches: Sequence[RunSpan]) -> None:
        self._watches = watches

    def saw(self, event: Event) -> None:
        for watch in self._watches:
            watch.saw(event)

    def ended(self, how: Ended) -> None:
        for watch in self._watches:
            watch.ended(how)

"""Combines several observers into one."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager

from bot.ports import Ended, Observer, Run, RunSpan, Surface
from moa import Event


class CompositeObserver:
    """A `bot.ports.Observer` that forwards everything to several observers, in order."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def claimed(self, surface: Surface, *, new: bool) -> None:
        """Record that a question arrived, for the first time or as a duplicate."""
        for observer in self._observers:
            observer.claimed(surface, new=new)

    @contextmanager
    def work(self, run: Run) -> Generator[RunSpan, None, None]:
        """Observe work on a run."""
        with ExitStack() as stack:
            yield _CompositeSpan([stack.enter_context(each.work(run)) for each in self._observers])


class _CompositeSpan:
    def __init__(self, spans: Sequence[RunSpan]) -> None:
        self._watches = spans

    def on_event(self, event: Event) -> None:
        for span in self._watches:
            span.on_event(event)

    def ended(self, how: Ended) -> None:
        for span in self._watches:
            span.ended(how)

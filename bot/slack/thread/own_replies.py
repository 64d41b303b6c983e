"""Returns our earlier replies in a thread as we wrote them.

Slack returns posted Markdown as rich text and cuts a long reply into messages, so the run store has
the better text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.ports import RunStore
from bot.slack.api.metadata import run_id_of
from bot.slack.thread.message_text import MessagePayload


class OwnReplies:
    """The stored replies of a thread, each returned once."""

    def __init__(self, by_run: Mapping[str, str]) -> None:
        self._by_run = by_run
        self._returned: set[str] = set()

    @classmethod
    async def load(cls, runs: RunStore | None, ours: Iterable[MessagePayload]) -> OwnReplies:
        """Load the stored replies that these messages of ours belong to."""
        if runs is None:
            return cls({})
        ids = dict.fromkeys(run_id for message in ours if (run_id := run_id_of(message)))
        found = [await runs.get(run_id) for run_id in ids]
        return cls({run.id: run.reply for run in found if run and run.reply.strip()})

    def text(self, message: MessagePayload) -> str | None:
        """Return the whole reply for its first message, and "" for its other messages.

        Returns None for a message whose reply isn't stored.
        """
        run_id = run_id_of(message) or ""
        if run_id not in self._by_run:
            return None
        first = run_id not in self._returned
        self._returned.add(run_id)
        return self._by_run[run_id].strip() if first else ""

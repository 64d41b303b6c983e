"""The reveal's policies (`bot.slack.access.Policies`), as channels have chosen them."""

from __future__ import annotations

from bot.ports import Run
from bot.preferences import Preferences
from bot.slack.access import RevealPolicy


class ChosenPolicies:
    """What holds for a run's answers, read anew at each click."""

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences

    async def of(self, run: Run) -> RevealPolicy:
        """What the run's channel has chosen by now."""
        rules = await self._preferences.rules(run.question.team, run.question.channel)
        return RevealPolicy(rules.reveal, rules.names, rules.cost == "shown")

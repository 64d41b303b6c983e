"""The page shows times in the time zone of the visitor."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.trial.scene import on_trial


async def test_times_are_those_of_the_visitor(tmp_path: Path) -> None:
    """The browser reports its time zone, and messages, dates and prompts use it from then on."""
    async with on_trial(tmp_path) as visitor:
        slack, room = visitor.trial.slack, visitor.room("team")
        ts = await slack.post("Ana", "team", "Until <!date^1795517880^{date} {time}|10:58 UTC>.")
        slack.message("team", ts).blocks = []
        await visitor.act("ana", "zone", name="Europe/Berlin")
        _, text, _ = await visitor.get(f"/as/ben/{room}")
        assert "Until November 24th, 2026 11:58." in text
        assert 'data-zone="Europe/Berlin"' in text
        posted = datetime.fromtimestamp(float(ts), ZoneInfo("Europe/Berlin"))
        assert f">{posted:%H:%M}</time>" in text
        for wrong in ("Nowhere/Else", "../../etc/passwd", ""):
            await visitor.act("ana", "zone", name=wrong)
        _, text, _ = await visitor.get(f"/as/ana/{room}")
        assert 'data-zone="Europe/Berlin"' in text

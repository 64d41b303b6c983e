"""The old channel setting becomes the brainstorm offer, on both databases."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy import insert, select

from bot.preferences import ChannelChoice, read_choice
from bot.storage.tables import preferences
from tests.bot.test_migrations import plain, upgraded

BEFORE, AFTER = "0005", "0006"


async def test_the_old_setting_becomes_the_offer(empty_database: str) -> None:
    """Channels where every message was a question get offers; all other choices stay."""
    stored = {
        ("channel", "C1"): {"brainstorm": True, "names": "anonymous"},
        ("channel", "C2"): {"brainstorm": False},
        ("channel", "C3"): {"follow_ups": True},
        ("workspace", "T1"): {"pipeline": "brainstorm"},
    }
    common = {"team": "T1", "changed_by": "U1", "changed_at": datetime.now(UTC)}
    rows = [
        {"scope": scope, "id": name, "chosen": json.dumps(chosen), **common}
        for (scope, name), chosen in stored.items()
    ]
    rows.append({"scope": "channel", "id": "C4", "chosen": "no JSON", **common})
    async with plain(empty_database) as engine:
        await upgraded(engine, BEFORE)
        async with engine.begin() as connection:
            await connection.execute(insert(preferences), rows)
        await upgraded(engine, AFTER)
        async with engine.connect() as connection:
            query = select(preferences.c.id, preferences.c.chosen)
            found = {row.id: row.chosen for row in await connection.execute(query)}
    first, second = (read_choice(ChannelChoice, found[name]) for name in ("C1", "C2"))
    assert (first.offer_brainstorms, first.names) == (True, "anonymous")
    assert second.offer_brainstorms is False
    assert json.loads(found["C3"]) == {"follow_ups": True}
    assert json.loads(found["T1"]) == {"pipeline": "brainstorm"}
    assert found["C4"] == "no JSON"

"""`docs/operations.md` and the metrics name the same series."""

from __future__ import annotations

import re
from pathlib import Path

from bot.ports import QueueStats
from bot.telemetry.metrics import Metrics

OPERATIONS = Path(__file__).parent.parent.parent / "docs" / "operations.md"


def test_every_metric_is_documented_and_no_other() -> None:
    """Operators find each series in the table, and each alert uses an existing series."""
    text = Metrics(["balanced"], ["red"]).render(QueueStats(0, 0, 0.0, 0.0), connected=True)
    types = set(re.findall(r"^# TYPE (moa_bot_\w+)", text.decode(), re.MULTILINE))
    document = OPERATIONS.read_text(encoding="utf-8")
    in_table = set(re.findall(r"^\| `(moa_bot_\w+)`", document, re.MULTILINE))
    assert in_table == types
    looked_at = {name.removesuffix("_bucket") for name in re.findall(r"moa_bot_\w+", document)}
    assert {name for name in looked_at if not name.startswith("moa_bot_run")} <= types

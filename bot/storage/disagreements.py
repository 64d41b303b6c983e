"""Converts a disagreement to a column's text and back."""

from __future__ import annotations

import json
from dataclasses import asdict

from moa import Difference, Disagreement, View


def disagreement_text(found: Disagreement | None) -> str | None:
    """Return ASCII JSON, which every database can store no matter what a model wrote."""
    return None if found is None else json.dumps(asdict(found))


def read_disagreement(text: str | None) -> Disagreement | None:
    """Parse that JSON, or return None if there is no disagreement."""
    if text is None:
        return None
    stored = json.loads(text)
    return Disagreement(
        tuple(stored["agreements"]),
        tuple(
            Difference(
                found["topic"],
                tuple(
                    View(view["text"], tuple(view["labels"]), tuple(view["models"]))
                    for view in found["views"]
                ),
            )
            for found in stored["differences"]
        ),
    )

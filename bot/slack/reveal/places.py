"""Where in the modal a person is, as it is kept in Slack's private_metadata between two clicks."""

from __future__ import annotations

import json
from dataclasses import dataclass

OVERVIEW = "overview"


@dataclass(frozen=True, slots=True)
class Place:
    """A run, what of it is looked at (`entries.Entry.key`, or the overview), and which page."""

    run_id: str
    key: str = OVERVIEW
    page: int = 0

    def packed(self) -> str:
        """As private_metadata, of which Slack takes 3,000 characters."""
        return json.dumps([self.run_id, self.key, self.page])

    @classmethod
    def unpacked(cls, packed: object) -> Place | None:
        """From private_metadata; None when it is not ours."""
        try:
            run_id, key, page = json.loads(str(packed))
            return cls(str(run_id), str(key), int(page))
        except (ValueError, TypeError, OverflowError):
            return None

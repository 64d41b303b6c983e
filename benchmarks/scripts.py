"""Behaviour of the benchmark server's models, encoded in their names: both sides parse it here.

| name                | what the model does                                                      |
|---------------------|--------------------------------------------------------------------------|
| `f200-d500-n20`     | first token after 200 ms, the last after 500 ms, 20 tokens in all        |
| `f1-d2000-n2000-s8` | the same in slices of 8 events                                           |
| `dead-f50-d50-n0`   | status 500 after 50 ms                                                   |
| `cut-f100-d200-n5`  | five tokens, and after 200 ms the connection breaks                      |
| `hang-f0-d0-n0`     | nothing, not even headers                                                |
| `f5-d5-n1@2`        | the part after @ only distinguishes two models with the same script      |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Fault = Literal["", "dead", "cut", "hang"]

_NAME: Final = re.compile(r"(?:(dead|cut|hang)-)?f(\d+)-d(\d+)-n(\d+)(?:-s(\d+))?(?:@\w+)?")


@dataclass(frozen=True, slots=True)
class Script:
    """One model's behaviour. Times are milliseconds from the arrival of the request."""

    first_ms: int
    last_ms: int
    tokens: int
    per_slice: int = 1
    fault: Fault = ""
    mark: str = ""

    @classmethod
    def read(cls, model: str) -> Script:
        """Parse a model's name.

        Raises:
            ValueError: the name has another form.
        """
        found = _NAME.fullmatch(model)
        if found is None:
            raise ValueError(f"not a model of the benchmark: {model!r}")
        fault, first, last, tokens, per_slice = found.groups()
        return cls(int(first), int(last), int(tokens), int(per_slice or 1), fault or "")

    def __str__(self) -> str:
        head = f"{self.fault}-" if self.fault else ""
        tail = f"-s{self.per_slice}" if self.per_slice > 1 else ""
        mark = f"@{self.mark}" if self.mark else ""
        return f"{head}f{self.first_ms}-d{self.last_ms}-n{self.tokens}{tail}{mark}"

    def times_ms(self) -> list[float]:
        """Return when each slice is sent: evenly from the first to the last."""
        slices = -(-self.tokens // self.per_slice)
        if slices < 2:
            return [float(self.last_ms)] * slices
        step = (self.last_ms - self.first_ms) / (slices - 1)
        return [self.first_ms + step * n for n in range(slices)]

"""The workloads of all candidates: pipelines over the benchmark's models, and their ideal times.

They are small on purpose: a question of A has forty tokens, so calls and tokens both matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.scripts import Script

PROPOSER_TOKENS = 8
AGGREGATOR_TOKENS = 16
LONG_TOKENS = 2_000
SLICE = 8
FLOOR_DEADLINE_S = 5.0
"""The deadline of a layer in the floor: every hand-written pipeline has at least one."""


@dataclass(frozen=True, slots=True)
class Work:
    """A pipeline by its models' names: layers of proposers, then an aggregator."""

    layers: tuple[tuple[str, ...], ...]
    aggregator: str

    @classmethod
    def read(cls, data: dict[str, Any]) -> Work:
        """Parse what `asdict` returned, after serialisation as JSON."""
        return cls(tuple(tuple(layer) for layer in data["layers"]), data["aggregator"])

    @property
    def path_s(self) -> float:
        """Return the critical path: the sum of each layer's slowest healthy model."""
        return sum(max(map(_ends, layer)) for layer in self.layers) + _ends(self.aggregator)

    @property
    def first_token_s(self) -> float:
        """Return the earliest possible time of the reply's first token."""
        script = Script.read(self.aggregator)
        return self.path_s - (script.last_ms - script.first_ms) / 1000


def _ends(model: str) -> float:
    script = Script.read(model)
    return 0.0 if script.fault else script.last_ms / 1000


def proposer(last_ms: int, mark: str = "") -> str:
    """Return a healthy proposer that completes its answer after this many milliseconds."""
    return str(Script(last_ms * 2 // 3, last_ms, PROPOSER_TOKENS, mark=mark))


def aggregator(last_ms: int) -> str:
    """Return an aggregator whose reply begins at two fifths of its time."""
    return str(Script(last_ms * 2 // 5, last_ms, AGGREGATOR_TOKENS))


def broken(fault: str, mark: str) -> str:
    """Return a model that hangs, is dead (status 500 after 50 ms), or breaks off after 200 ms."""
    scripts = {
        "hang": Script(0, 0, 0, fault="hang", mark=mark),
        "dead": Script(50, 50, 0, fault="dead", mark=mark),
        "cut": Script(100, 200, 5, fault="cut", mark=mark),
    }
    return str(scripts[fault])


_LAYER = (proposer(300), proposer(600), proposer(900))

WARM = Work(((proposer(15), proposer(20), proposer(25)),), aggregator(20))
A = Work((_LAYER,), aggregator(500))
B = Work((_LAYER, tuple(proposer(ms, "second") for ms in (300, 600, 900))), aggregator(500))
STREAM = Work((), str(Script(1, LONG_TOKENS, LONG_TOKENS)))
SLICES = Work((), str(Script(1, LONG_TOKENS, LONG_TOKENS, per_slice=SLICE)))
WAITING = Work((tuple(broken("hang", f"w{n}") for n in range(3)),), aggregator(500))
HANGS = Work(((proposer(300), proposer(600), broken("hang", "one")),), aggregator(500))


def with_broken(fault: str, mark: str) -> Work:
    """Return A with a broken model instead of the second proposer."""
    return Work(((proposer(300), broken(fault, mark), proposer(900)),), aggregator(500))


def quick_with_dead(mark: str) -> Work:
    """Return a workload with models faster than any retry, to show the cost of a dead one."""
    return Work(((proposer(150), broken("dead", mark), proposer(300)),), aggregator(200))

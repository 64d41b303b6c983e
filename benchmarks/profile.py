"""Profile one measurement: `python -m benchmarks.profile ours at-once`.

Runs the same measurement as the table under cProfile. The profiler slows everything down,
especially calls: compare the shares, not the times.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
from typing import Final

from benchmarks import work
from benchmarks.candidate import CANDIDATES, create_candidate
from benchmarks.measures import MEASURES
from benchmarks.processes import running_bench
from benchmarks.prompts import QUESTION
from benchmarks.rows import AT_ONCE
from benchmarks.work import Work

WORKLOADS: Final[dict[str, tuple[str, Work, int]]] = {
    "alone": ("alone", work.A, 1),
    "at-once": ("at_once", work.A, AT_ONCE),
    "streamed": ("streamed", work.STREAM, work.LONG_TOKENS),
    "slices": ("streamed", work.SLICES, work.LONG_TOKENS),
}


def main() -> None:
    """Measure once under the profiler and print the most expensive functions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("candidate", choices=CANDIDATES)
    parser.add_argument("work", choices=WORKLOADS)
    parser.add_argument("--sort", choices=("tottime", "cumtime"), default="tottime")
    parser.add_argument("--lines", type=int, default=40)
    options = parser.parse_args()
    with running_bench("asyncio", {}) as bench:
        profile = cProfile.Profile()
        address = bench.server.address
        asyncio.run(_profile(profile, options.candidate, options.work, address))
    pstats.Stats(profile).sort_stats(options.sort).print_stats(options.lines)


async def _profile(profile: cProfile.Profile, name: str, key: str, address: str) -> None:
    measure, workload, count = WORKLOADS[key]
    async with create_candidate(name, address) as candidate:
        await candidate.ask(work.WARM, QUESTION)
        profile.enable()
        await MEASURES[measure](candidate, workload, count, address)
        profile.disable()


if __name__ == "__main__":
    main()

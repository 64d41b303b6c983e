"""The long random-kill run: `python -m benchmarks.bot.kills --runs 300 --database sqlite`.

Bot processes are killed (SIGKILL) at random moments while questions arrive. On Postgres two run at
a time, or as many as `--processes` says. In the end every thread must have exactly one finished
answer, and nothing may be left open. Otherwise an AssertionError shows the thread.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from tests.databases import Server
from tests.faults.bot_processes import fork_server
from tests.faults.random_kills import Tally, kill_at_random
from tests.faults.scene import scene
from tests.postgres import Postgres


async def measure(database: str, *, runs: int, processes: int, seed: int) -> Tally:
    """Ask a bot this many questions on a database, while killing its processes."""
    with tempfile.TemporaryDirectory() as folder:
        url = database or f"sqlite:///{Path(folder) / 'bot.db'}"
        with fork_server() as launcher:
            async with scene(Path(folder), launcher, url) as kill_scene:
                return await kill_at_random(
                    kill_scene, questions=runs, processes=processes, seed=seed, say=_say
                )


def main() -> None:
    """Run the benchmark and print the result."""
    parser = argparse.ArgumentParser(description="Kill the bot at random moments.")
    parser.add_argument("--runs", type=int, default=300, help="questions (%(default)s)")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--processes", type=int, default=2, help="on Postgres only (%(default)s)")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="random seed")
    options = parser.parse_args()
    _say(f"seed {options.seed}")
    if options.database == "sqlite":
        tally = asyncio.run(measure("", runs=options.runs, processes=1, seed=options.seed))
    else:
        postgres = Postgres()
        try:
            url = Server(postgres.url).fresh(empty=False)
            tally = asyncio.run(
                measure(url, runs=options.runs, processes=options.processes, seed=options.seed)
            )
        finally:
            postgres.close()
    _say(_summary(options.database, tally))


def _summary(database: str, tally: Tally) -> str:
    return (
        f"{database}: {tally.questions} questions, {tally.kills} kills in {tally.seconds:.0f} s; "
        f"each answered exactly once, nothing left open. Repeated model calls: {tally.again} that "
        f"a kill cut off, {tally.twice} that had finished but were not stored."
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

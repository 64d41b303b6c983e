"""One candidate in a process: reads one order per line from its input, and prints answers.

An order is `{"measure": …, "work": {…}, "count": …}`, an answer the figures or `{"error": …}`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout

from benchmarks.candidate import Candidate, create_candidate
from benchmarks.cores import pin_to_core
from benchmarks.measures import MEASURES
from benchmarks.work import Work

LOOPS = ("asyncio", "uvloop")


def main() -> None:
    """Execute orders until the input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("candidate")
    parser.add_argument("address", help="the server's address, up to /v1")
    parser.add_argument("--core", type=int, help="pin the process to this core")
    parser.add_argument("--loop", choices=LOOPS, default="asyncio")
    options = parser.parse_args()
    pin_to_core(options.core)
    answers = sys.stdout
    # A candidate's own output must not mix with the answers.
    with (
        redirect_stdout(sys.stderr),
        asyncio.Runner(loop_factory=loop_factory(options.loop)) as runner,
    ):
        candidate = runner.run(_open(options.candidate, options.address))
        print(json.dumps({}), file=answers, flush=True)
        for line in sys.stdin:
            figures = runner.run(_execute(candidate, line, options.address))
            print(json.dumps(figures), file=answers, flush=True)
        runner.run(candidate.__aexit__(None, None, None))


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return the factory of the candidate's event loop."""
    if name == "uvloop":
        import uvloop  # noqa: PLC0415 - a peer's environment may lack it

        return uvloop.new_event_loop
    return asyncio.new_event_loop


async def _open(name: str, address: str) -> Candidate:
    return await create_candidate(name, address).__aenter__()


async def _execute(candidate: Candidate, line: str, address: str) -> dict[str, float]:
    order = json.loads(line)
    work = Work.read(order["work"])
    return await MEASURES[order["measure"]](candidate, work, order["count"], address)


if __name__ == "__main__":
    main()

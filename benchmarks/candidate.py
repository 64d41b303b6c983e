"""What is measured: something that can be asked, and what is noted of its reply."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol, Self

from benchmarks.work import Work

CANDIDATES: Final = ("floor", "plain_sdk", "ours")
"""Modules of this package, each with a `Candidate` of that name: `opened(address)` makes it."""

PEERS: Final = ("mixture_llm", "llama_index_pack", "optillm_moa", "swarms_moa")
"""Modules of `benchmarks.peers`, which need an environment of their own."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A reply as it was heard: seconds to its first token and to its end, and its length."""

    first_token_s: float
    seconds: float
    characters: int


class Candidate(Protocol):
    """A way to put a question through a pipeline. Opened once, asked many times."""

    async def __aenter__(self) -> Self:
        """Open what all questions share."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        ...

    async def ask(self, work: Work, question: str) -> Heard:
        """One question, streamed to its end."""
        ...


def made(name: str, address: str) -> Candidate:
    """The candidate of that name, for the server at this address (up to `/v1`)."""
    package = "benchmarks.peers" if name in PEERS else "benchmarks"
    candidate: Candidate = import_module(f"{package}.{name}").Candidate(address)
    return candidate

"""Candidates: the measured implementations, and the timing of a reply."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol, Self

from benchmarks.work import Work

CANDIDATES: Final = ("floor", "plain_sdk", "ours")
"""Modules of this package, each with a class `Candidate`."""

PEERS: Final = ("mixture_llm", "llama_index_pack", "optillm_moa", "swarms_moa")
"""Modules of `benchmarks.peers`, each of which needs its own environment."""


@dataclass(frozen=True, slots=True)
class TimedReply:
    """A reply that was received: seconds to its first token and to its end, and its length."""

    first_token_s: float
    seconds: float
    characters: int


class Candidate(Protocol):
    """A way to answer a question through a pipeline. Opened once, asked many times."""

    async def __aenter__(self) -> Self:
        """Open shared resources."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        ...

    async def ask(self, work: Work, question: str) -> TimedReply:
        """Ask one question and read its stream to the end."""
        ...


def create_candidate(name: str, address: str) -> Candidate:
    """Return the candidate with this name for the server at this address (up to `/v1`)."""
    package = "benchmarks.peers" if name in PEERS else "benchmarks"
    candidate: Candidate = import_module(f"{package}.{name}").Candidate(address)
    return candidate

"""Finds model servers on this machine and lists their models.

Ollama, LM Studio, vLLM and llama.cpp are looked for only on their usual ports of 127.0.0.1. Other
addresses are tried only if a variable names them: OPENAI_BASE_URL, OLLAMA_HOST (also a bare host or
port, as Ollama accepts it) and MOA_LOCAL_SERVERS (addresses instead of the usual ports, or "off").
Anything that doesn't respond with a list of models is ignored.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final, cast
from urllib.request import HTTPRedirectHandler, ProxyHandler, build_opener

from moa.access import OLLAMA_PORT, ollama_address
from moa.addresses import is_loopback

USUAL_PORTS: Final = {"Ollama": OLLAMA_PORT, "LM Studio": 1234, "vLLM": 8000, "llama.cpp": 8080}

PROBE_S: Final = 1.0
NAMED_PROBE_S: Final = 3.0
"""Seconds to wait for all responses of a usual port, and of an address that a variable names."""

MAX_BYTES: Final = 2_000_000

_OWNERS: Final = {"vllm": "vLLM", "llamacpp": "llama.cpp", "library": "Ollama"}
"""Owners that servers report for their models, where the owner identifies the server."""

_NO_CHAT: Final = re.compile(
    r"embed|rerank|(^|[/_-])(bge|gte|e5|minilm|colbert|clip|siglip|splade)([._-]|$)|whisper"
    r"|(^|[^a-z])(tts|stt|asr|ocr)([^a-z]|$)|kokoro|parakeet|moderation|guard|stable-diffusion|sdxl"
    r"|(^|[^a-z])flux|dall-e|text-to-|jina-(embed|clip|rerank)|(^|[/_-])(mm)?proj([._-]|$)",
    re.IGNORECASE,
)
"""Names of models that can't answer questions: embeddings, rerankers, speech, images,
moderation."""

_NO_CHAT_FAMILIES: Final = frozenset({"bert", "nomic-bert", "xlm-roberta", "clip", "t5"})
_CHAT_TYPES: Final = frozenset({"", "llm", "vlm", "model", "chat", "language"})


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that a server offers.

    Attributes:
        id: the server's name for the model.
        family: if the server reports it.
        size: in bytes; 0 if unknown.
        context_window: the context window it is served with, in tokens; None if unknown.
    """

    id: str
    family: str = ""
    size: int = 0
    context_window: int | None = None


@dataclass(frozen=True, slots=True)
class FoundServer:
    """A server that answered.

    Attributes:
        name: the program, such as "Ollama", if known.
        base_url: the address of its Chat Completions API, up to and including `/v1`.
        models: the ones that can answer questions, in the server's order.
    """

    name: str
    base_url: str
    models: tuple[ServedModel, ...]

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine."""
        return is_loopback(self.base_url)


@dataclass(frozen=True, slots=True)
class _Candidate:
    name: str
    url: str
    seconds: float


def find_servers(variables: Mapping[str, str]) -> list[FoundServer]:
    """Ask all candidates at the same time, and return those that are model servers.

    Takes at most one second, or three if a variable names an address.
    """
    candidates = list(_candidates(variables))
    found: dict[int, FoundServer] = {}

    def ask(index: int, candidate: _Candidate) -> None:
        if server := _ask(candidate):
            found[index] = server

    threads = [
        threading.Thread(target=ask, args=each, daemon=True) for each in enumerate(candidates)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + max((each.seconds for each in candidates), default=0.0)
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0.0))
    servers = {server.base_url: server for _, server in sorted(found.copy().items())}
    return list(servers.values())


def _candidates(variables: Mapping[str, str]) -> Iterator[_Candidate]:
    listed = variables.get("MOA_LOCAL_SERVERS", "").strip()
    if address := variables.get("OPENAI_BASE_URL", "").strip():
        yield _Candidate("OPENAI_BASE_URL", address, NAMED_PROBE_S)
        return
    if listed.lower() in {"off", "none", "false", "no", "0"}:
        return
    if listed:
        for each in re.split(r"[\s,]+", listed):
            yield _Candidate("", _with_scheme(each), NAMED_PROBE_S)
        return
    named = variables.get("OLLAMA_HOST", "").strip()
    for name, port in USUAL_PORTS.items():
        if name == "Ollama" and named:
            yield _Candidate(name, ollama_address(named), NAMED_PROBE_S)
        else:
            yield _Candidate(name, f"http://127.0.0.1:{port}", PROBE_S)


def _with_scheme(address: str) -> str:
    return address if address.startswith(("http://", "https://")) else f"http://{address}"


def _ask(candidate: _Candidate) -> FoundServer | None:
    """Return the server at an address, or None if there is none."""
    client = _Client(candidate)
    url = candidate.url.rstrip("/")
    bases = [url] if url.endswith("/v1") else [f"{url}/v1", url]
    if candidate.name == "OPENAI_BASE_URL":
        bases = [url, f"{url}/v1"]
    for base in bases:
        listed = _items(client.get(f"{base}/models"), "data")
        if listed is not None:
            return _server(candidate, base, listed, client)
    root = url.removesuffix("/v1")
    tagged = _items(client.get(f"{root}/api/tags"), "models")  # an Ollama without `/v1/models`
    if tagged is None:
        return None
    listed = [{**each, "id": each["name"]} for each in tagged if isinstance(each.get("name"), str)]
    return _server(candidate, f"{root}/v1", listed, client)


def _server(
    candidate: _Candidate, base: str, listed: Sequence[Mapping[str, Any]], client: _Client
) -> FoundServer:
    root = base.removesuffix("/v1")
    details = {str(each["id"]): dict(each) for each in listed}
    owners = {str(each.get("owned_by", "")).lower() for each in listed}
    name = next((_OWNERS[owner] for owner in owners if owner in _OWNERS), candidate.name)
    for program, path, key in (
        ("Ollama", "/api/tags", "models"),
        ("LM Studio", "/api/v0/models", "data"),
    ):
        more = _items(client.get(f"{root}{path}"), key)
        if more:
            name = name or program
        for each in more or ():
            details.get(str(each.get("id") or each.get("name")), {}).update(each)
    models = (_model(id_, each) for id_, each in details.items() if can_answer(id_, each))
    return FoundServer(name or "a model server", base, tuple(models))


def can_answer(name: str, details: Mapping[str, Any] | None = None) -> bool:
    """Return whether a model can answer questions, judging by its name and the server's details."""
    details = details or {}
    families = {_family(details), str(details.get("arch", "")).lower()}
    return (
        not _NO_CHAT.search(name)
        and not families & _NO_CHAT_FAMILIES
        and str(details.get("type") or "").lower() in _CHAT_TYPES
    )


def _model(name: str, details: Mapping[str, Any]) -> ServedModel:
    meta = details.get("meta")
    n_ctx = _number(cast("dict[str, Any]", meta).get("n_ctx")) if isinstance(meta, dict) else 0
    loaded = _number(details.get("loaded_context_length"))
    window = loaded or n_ctx or _number(details.get("max_model_len"))
    family = _family(details) or _family_in(name)
    return ServedModel(name, family, _number(details.get("size")), window or None)


def _family(details: Mapping[str, Any]) -> str:
    found = details.get("details")
    family = cast("dict[str, Any]", found).get("family") if isinstance(found, dict) else None
    return str(family or "").lower()


def _family_in(name: str) -> str:
    """Return the leading letters of a model's name: "qwen" of "Qwen/Qwen3-8B"."""
    found = re.match(r"[a-z]+", name.rpartition("/")[2].lower())
    return found[0] if found else name


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _items(body: object, key: str) -> list[Mapping[str, Any]] | None:
    """Return the objects in a list of models, or None if the body isn't such a list."""
    if not isinstance(body, dict):
        return None
    content = cast("dict[str, Any]", body)
    if key not in content:
        return None
    listed = cast("list[object]", content[key] or [])
    if not isinstance(content[key], list | None):
        return None
    items = [cast("Mapping[str, Any]", each) for each in listed if isinstance(each, dict)]
    if key == "data" and any(not isinstance(each.get("id"), str) for each in items):
        return None
    return items


class _NoRedirects(HTTPRedirectHandler):
    """Refuses redirects: a program that redirects is not a model server."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class _Client:
    """Gets JSON from one address, within the candidate's time limit."""

    def __init__(self, candidate: _Candidate) -> None:
        self._deadline = time.monotonic() + candidate.seconds
        handler = ProxyHandler({} if is_loopback(candidate.url) else None)
        self._opener = build_opener(_NoRedirects, handler)

    def get(self, url: str) -> object:
        """Return a response's JSON, or None if it doesn't arrive in time."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            return None
        try:
            with self._opener.open(url, timeout=left) as response:
                return json.loads(response.read(MAX_BYTES))
        except (OSError, HTTPException, ValueError):
            return None

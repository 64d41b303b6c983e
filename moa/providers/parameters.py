"""Adapts request parameters to a model's server, from settings and from its error messages."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from moa.errors import Overflow
from moa.providers.error_details import Details, parse_details
from moa.providers.error_table import UNSUPPORTED_CODES, is_context_overflow
from moa.providers.sdk_client import SdkCallError, SdkClient

if TYPE_CHECKING:
    import httpx2

log = logging.getLogger(__name__)

REASONING_TOKENS: Final = 8_192
"""The default allowance for reasoning tokens, added to the output limit."""

_WINDOW_SHARE: Final = 4
"""The default allowance is at most this fraction (1/4) of the context window, to leave room for the
question."""

MAX_FORMS: Final = 8
"""The most request variants tried for one answer."""

_CAPS: Final = ("max_tokens", "max_completion_tokens")
_ADAPTABLE: Final = ("temperature", "stream_options", *_CAPS)
_BAD_REQUEST: Final = frozenset({400, 404, 422, 500})

_NO_SYSTEM: Final = re.compile(
    r"system (role|message|prompt|instruction)s?\b.{0,40}\b(not|un)|(not|un)\w*.{0,40}"
    r"\b(system|developer) (role|message|prompt|instruction)|developer instruction is not enabled"
    r"|does(n't| not) support ['\"`]?system\b|only (the )?user and assistant roles"
    r"|roles must alternate|\broles? ['\"`]?system['\"`]? (is|are) (not|un)"
    r"|(unexpected|invalid|unsupported|unknown) role:? ['\"`]?system",
    re.IGNORECASE | re.DOTALL,
)
_DEFAULT_ONLY: Final = re.compile(
    r"only (the )?default|only (temperature ?=? ?)?1(\.0)? (is|are)\b|can only be 1\b"
    r"|only be set to 1\b|must be (exactly )?1(\.0)?(?![\d,. ]*(,|and|or|to)\b)",
    re.IGNORECASE,
)
_VALUE: Final = re.compile(
    r"too (large|high|big|small|low|long)|at (most|least)|(less|greater|more|fewer|lower|higher"
    r"|smaller|larger) than|(must|should|needs? to) be|\brange\b|between|exceed|maximum|minimum"
    r"|[<>]=?|invalid value|not a valid|expected an? (int|num|float)|up to \d",
    re.IGNORECASE,
)
_VALUE_CODES: Final = re.compile(
    r"(above_max|below_min)_value|invalid_(value|type)|_than(_equal)?$"
)
_UNSUPPORTED: Final = (
    r"(unsupported|unknown|unrecogni[sz]ed|unexpected|additional|extra) (request )?"
    r"(parameter|argument|field|keyword|propert|key|name|input)"
    r"|{name}.{{0,40}}(is|are) (not|no longer|currently not) (supported|accepted|allowed|available"
    r"|permitted|recogni[sz]ed|implemented)"
    r"|(does(n't| not)|cannot) (currently )?(support|accept|allow|use)[^.]{{0,30}}{name}"
    r"|unsupported[^.]{{0,30}}{name}|{name}.{{0,40}}(deprecated|unsupported|UnsupportedParams)"
)
_INSTEAD: Final = re.compile(r"instead|\bus(e|ed|ing)\b|(not |un)supported", re.IGNORECASE)
_OUTPUT_LIMIT: Final = re.compile(r"max_(\w+_)?tokens|completion|output|afford", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?<![\w.\-])\d{2,7}(?![\w\-])")


def reasoning_allowance(configured: int | None, window: int, *, thinks: bool) -> int:
    """Return how many reasoning tokens to allow on top of the answer.

    Args:
        configured: the configured number, if any.
        window: the model's context window; the default takes at most a quarter.
        thinks: whether the model may reason at all, as far as we know.
    """
    if configured is not None:
        return configured
    return min(REASONING_TOKENS, window // _WINDOW_SHARE) if thinks else 0


@dataclass(slots=True)
class SentBody:
    """The last request body sent for one answer."""

    body: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Parameters:
    """The parameters one model accepts, shared by all questions so each rejection happens once.

    A parameter is dropped or renamed only if the server rejects the parameter itself. If it rejects
    a value, the parameter stays: otherwise one long question would remove the output limit for all
    later ones.

    Args:
        omit: parameters never to send.
        system_role: False to put the system text into the first user turn.

    Attributes:
        system_role: as configured, or False once the server has rejected a system message.
    """

    def __init__(self, omit: Collection[str] = (), *, system_role: bool = True) -> None:
        self.system_role = system_role
        self._omitted = set(omit)
        self._cap: str | None = None
        self._max_output: int | None = None

    def apply(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body as this server accepts it, as far as we know."""
        body = dict[str, Any]()
        for name, value in asked.items():
            known = (self._cap or name) if name in _CAPS else name
            if known not in self._omitted:
                body[known] = self._capped(value) if name in _CAPS else value
        return body

    def learn(self, details: Details, status: int, sent: Mapping[str, Any]) -> bool:
        """Learn from a rejection; return whether a changed request is worth sending."""
        if self.apply(sent) != sent or (has_system(sent) and not self.system_role):
            return True  # another question has learned it already
        if status not in _BAD_REQUEST:
            return False
        if has_system(sent) and _refuses_system(details):
            self.system_role = False
            return True
        name = "" if is_context_overflow(0, details.text) else _rejected_parameter(details, sent)
        return bool(name) and self._adapt(name, details, sent)

    def learn_from_body(self, sent: SentBody, error_body: object) -> bool:
        """Learn from an error that came in place of an answer, with status 200; see `learn`."""
        if error_body is None:
            return False
        details = parse_details(error_body)
        return self.learn(details, details.status or min(_BAD_REQUEST), sent.body)

    def _adapt(self, name: str, details: Details, sent: Mapping[str, Any]) -> bool:
        if _refuses_value(name, details):
            maximum = _allowed_maximum(details.text, sent[name]) if name in _CAPS else None
            if maximum is None:
                return False
            self._max_output = maximum
            return True
        other = next((cap for cap in _CAPS if cap != name), "")
        if name in _CAPS and self._cap is None:
            self._cap = other
        elif name in _CAPS and not _refuses_parameter(name, details):
            return False
        else:
            self._omitted.add(name)
        return True

    def _capped(self, value: Any) -> Any:
        if self._max_output is None or not isinstance(value, int):
            return value
        return min(value, self._max_output)


def has_system(body: Mapping[str, Any]) -> bool:
    """Return whether a Chat Completions body has a system message."""
    return any(turn.get("role") == "system" for turn in body.get("messages", ()))


async def post(
    client: SdkClient,
    path: str,
    body: Callable[[int], Mapping[str, Any]],
    parameters: Parameters,
    *,
    allowance: int,
    timeout_s: float,
    sent_body: SentBody,
) -> httpx2.Response:
    """Send a request, adapting its parameters to what the server accepts.

    If the context window, the account or the server's limit leaves no room for answer and
    reasoning, drop the reasoning allowance for this question.

    Args:
        client: the server's client.
        path: the API path.
        body: builds the request with a given reasoning allowance.
        parameters: what the server accepts.
        allowance: reasoning tokens to allow.
        timeout_s: read timeout.
        sent_body: keeps the body of the request that was accepted.

    Raises:
        ModelError: the server rejected the request for another reason.
    """
    for left in reversed(range(MAX_FORMS)):
        sent = sent_body.body = parameters.apply(body(allowance))
        try:
            return await client.post(path, sent, timeout_s)
        except SdkCallError as refused:
            details, error = refused.details, refused.error
            if left and parameters.learn(details, error.status or 0, sent):
                log.info("%s: retried with changed parameters: %s", sent.get("model"), error.reason)
            elif left and allowance and _needs_less_output(refused, sent):
                allowance = 0
            else:
                raise error from None
    raise AssertionError("the last attempt raises")


def _needs_less_output(refused: SdkCallError, sent: Mapping[str, Any]) -> bool:
    """Return whether the server may accept the request with a lower output limit."""
    caps = [cap for cap in _CAPS if cap in sent]
    details = refused.details
    if not caps or not _OUTPUT_LIMIT.search(details.text):
        return False
    about_cap = _rejected_parameter(details, sent) in caps and _refuses_value(caps[0], details)
    return isinstance(refused.error, Overflow) or about_cap or "afford" in details.text


def _refuses_system(details: Details) -> bool:
    if _NO_SYSTEM.search(details.text):
        return True
    about_turns = any(path.startswith("messages") for path in details.params)
    about_role = any(path.rpartition(".")[2] == "role" for path in details.params)
    return about_turns and (about_role or bool(re.search(r"\bsystem\b", details.text)))


def _rejected_parameter(details: Details, sent: Mapping[str, Any]) -> str:
    """Return the droppable parameter that a rejection names, or ""."""
    names = [name for name in _ADAPTABLE if name in sent]
    for path in details.params:
        parts = re.split(r"[.\[\]]", path)
        if found := next((name for name in names if name in parts), ""):
            return found
    if any(path not in {"messages", "param"} for path in details.params):
        return ""  # it names another parameter
    return min(_mentions(names, details.text), default=(0, ""))[1]


def _mentions(names: Iterable[str], text: str) -> Iterable[tuple[int, str]]:
    for name in names:
        if found := re.search(rf"(?<!\w){name}(?!\w)", text):
            yield found.start(), name


def _refuses_value(name: str, details: Details) -> bool:
    """Return whether the parameter is supported but not with this value."""
    if name == "temperature" and _DEFAULT_ONLY.search(details.text):
        return False  # only omitting it yields the accepted value
    other = [cap for cap in _CAPS if cap != name] if name in _CAPS else []
    renamed = any(cap in details.text for cap in other) and _INSTEAD.search(details.text)
    if details.codes & UNSUPPORTED_CODES or renamed:
        return False
    if any(_VALUE_CODES.search(word) for word in details.codes) or _VALUE.search(details.text):
        return True
    # An unspecific message that doesn't name the parameter either.
    return not details.params and not _refuses_parameter(name, details)


def _refuses_parameter(name: str, details: Details) -> bool:
    if details.codes & UNSUPPORTED_CODES:
        return True
    words = _UNSUPPORTED.format(name=name)
    return bool(re.search(words, details.text, re.IGNORECASE | re.DOTALL))


def _allowed_maximum(text: str, sent: object) -> int | None:
    """Return the highest token limit that a rejection of `sent` names as allowed."""
    if not isinstance(sent, int):
        return None
    allowed = (int(number) for number in _NUMBER.findall(text.replace(",", "")))
    return max((number for number in allowed if number < sent), default=None)

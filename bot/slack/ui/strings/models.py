"""What became of a model's answer, and how models are named."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# The status of an answer

ANSWER_STATES: Mapping[str, str] = MappingProxyType(
    {
        "used": "answered in {seconds}",
        "truncated": "answered in {seconds}, cut off at its length limit",
        "late": "answered too late, after {seconds}",
        "failed": "didn't answer: {why} (after {seconds})",
        "cut": "stopped after {seconds}: {why}",
    }
)
OTHER_TASK_STATES: Mapping[str, str] = MappingProxyType(
    {
        "rankings": "ranked the answers in {seconds}",
        "combination": "combined the answers in {seconds}",
    }
)
NOT_ASKED = "not asked: it failed too often recently"
NOT_NEEDED = "stopped after {seconds}: no longer needed"
DECLINED = "declined to answer after {seconds}"

FAILURE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "auth": "its API key is missing or was rejected",
        "breaker_open": "it failed too often recently",
        "certificate": "its server's certificate isn't trusted",
        "connection": "its server couldn't be reached",
        "cut": "its connection broke",
        "empty": "its answer was empty",
        "garbled": "its server sent an unreadable response",
        "only_thoughts": "it wrote its reasoning but no answer",
        "loading": "it's still loading",
        "moderation": "its provider rejected the question's content",
        "not_found": "its server doesn't have this model",
        "output_limit": "it hit its output limit before writing anything",
        "overflow": "the conversation is too long for it",
        "overloaded": "its server is overloaded",
        "proxy": "the proxy to its server refused or is unreachable",
        "quota": "its quota is used up",
        "rate_limited": "it hit its rate limit",
        "redirected": "its server has moved",
        "refused": "it declined to continue",
        "rejected": "its server rejected the request",
        "timeout": "it took too long",
        "unavailable": "its server failed",
        "unsupported": "its server doesn't support part of the question or its settings",
        "wrong_api": "it doesn't work with this API",
        "wrong_path": "its server address is wrong",
    }
)
FAILURE_UNKNOWN = "something went wrong"
ABOUT_THE_NETWORK = frozenset({"certificate", "proxy", "redirected"})
"""Kinds of errors whose full text names addresses or settings of the network."""

# Names

NAME_LABELLED = "{model} ({label})"
NAME_MODEL = "Model {letter}"
NAME_RANKER = "Judge {letter}"
NAME_COMBINED = "{model}, combined"
NAME_COMBINATION = "The combined answer"
NAME_ONE_AGGREGATOR = "the aggregator"
NAME_AGGREGATOR = "aggregator {number}"
NAME_ANOTHER = "another model"
NAME_ONE_MODEL = "one model"
MISSING_MANY = "{count} models"
MISSING_ONE = "one model"

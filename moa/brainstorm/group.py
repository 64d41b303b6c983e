"""Groups ideas by theme and joins duplicates: a model proposes, and code checks."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from moa.arguments import require_list, require_models, require_text
from moa.brainstorm.batches import Batch, batches_of, grouping_prompt, merging_prompt
from moa.brainstorm.grouping_reply import CheckedReply, check_reply
from moa.brainstorm.lexical import similarity, words_of
from moa.brainstorm.merge import merged_by_model, merged_by_title
from moa.brainstorm.values import Grouping, Idea, IdeaGroup, Theme
from moa.brainstorm.word_themes import (
    OTHER_IDEAS,
    DraftTheme,
    join_same_wording,
    place,
    word_themes,
)
from moa.engine.separate_calls import CallTask, one_call
from moa.pipeline.prompts import boundary_nonce
from moa.ports import Model
from moa.types import Call, Prompt

GROUPING_LAYER: Final = 3
"""The layer number of calls for grouping in the call log."""

MAX_MODELS: Final = 3
"""The most models to try for one batch."""

MIN_COVERED: Final = 0.5
"""A reply that covers less than this share of the batch's ideas is not used."""

MAX_JOINED: Final = 5
MAX_JOINED_SHARE: Final = 0.2
"""If a model joins more of a batch's ideas than this, it may have misread its task: then only ideas
that also share words stay joined. Ideas in the same words have been joined before."""

MIN_ALIKE: Final = 0.5

OUTPUT_TOKENS_PER_IDEA: Final = 12
OUTPUT_TOKENS: Final = 600

JOINED_TOO_MUCH: Final = "A model joined {count} different ideas; they were kept apart."
LEFT_OUT: Final = "{count} ideas that a model left out were placed by the words they share."
NOT_THERE: Final = "{count} repeated or unknown entries in a model's reply were dropped."
BY_WORDS: Final = "{count} ideas were grouped by common words, because no model grouped them."


async def group_ideas(
    topic: str,
    ideas: Sequence[Idea],
    *,
    models: Sequence[Model] = (),
    seed: int | None = None,
    deadline_s: float = 120.0,
    on_call: Callable[[Call], object] | None = None,
) -> Grouping:
    """Group ideas by theme. Never fails: if a model makes mistakes, common words repair them.

    Args:
        topic: untrusted text.
        ideas: any number, in any length; their ids must be unique.
        models: tried in this order until one gives a usable grouping; empty to group by common
            words only.
        seed: decides boundaries; None for a random one.
        deadline_s: seconds for everything.
        on_call: gets every call for the call log, even if this is cancelled.

    Raises:
        ValueError: two ideas have the same id.
        PipelineError: an argument is of a wrong type.
    """
    require_text("topic", topic)
    require_list("ideas", ideas, Idea, "an Idea")
    require_models("models", models)
    texts = {idea.id: idea.text for idea in ideas}
    if len(texts) < len(ideas):
        raise ValueError("Two ideas have the same id.")
    groups = join_same_wording(texts)
    if not models or len(groups) <= 1:
        return _grouping(word_themes(groups, texts, topic), texts, by_model=False, repairs=[])
    chosen = secrets.randbits(63) if seed is None else seed
    calls = _GroupingCalls(topic, models[:MAX_MODELS], chosen, deadline_s, on_call)
    batches = batches_of(groups, texts, topic, models[0].profile)
    drafts = await asyncio.gather(*(calls.sort(batch) for batch in batches))
    repairs: list[str] = []
    themes = await calls.merge([_checked(draft, texts, repairs) for draft in drafts])
    by_words = [draft.batch for draft in drafts if draft.reply is None]
    if by_words:
        count = sum(len(group) for batch in by_words for group in batch.groups)
        repairs.append(BY_WORDS.format(count=count))
        themes = _with_words(themes, by_words, texts, topic)
    by_model = len(by_words) < len(batches)
    return _grouping(themes, texts, by_model=by_model, repairs=repairs)


@dataclass(frozen=True, slots=True)
class _SortedBatch:
    """A batch and the checked reply to it; None if no model gave a usable one."""

    batch: Batch
    reply: CheckedReply | None


class _GroupingCalls:
    """Makes the calls of one grouping."""

    def __init__(
        self,
        topic: str,
        models: Sequence[Model],
        seed: int,
        deadline_s: float,
        on_call: Callable[[Call], object] | None,
    ) -> None:
        self._topic = topic
        self._models = models
        self._seed = seed
        self._ends_at = asyncio.get_running_loop().time() + deadline_s
        self._on_call = on_call
        self._calls = 0

    async def sort(self, batch: Batch) -> _SortedBatch:
        """Ask the models in turn until one sorts most of the batch."""
        for model in self._models:
            nonce = boundary_nonce(self._seed, batch.number)
            prompt = grouping_prompt(self._topic, batch, nonce)
            text = await self._text(model, prompt, len(batch.groups))
            reply = check_reply(text, len(batch.groups))
            if len(reply.missing) <= len(batch.groups) * (1 - MIN_COVERED):
                return _SortedBatch(batch, reply)
        return _SortedBatch(batch, None)

    async def merge(self, drafts: Sequence[list[DraftTheme]]) -> list[DraftTheme]:
        """Return the themes of all batches as one list, with related themes merged."""
        filled = [draft for draft in drafts if draft]
        themes = merged_by_title([theme for draft in filled for theme in draft])
        if len(filled) <= 1:
            return themes
        nonce = boundary_nonce(self._seed, 0)
        titles = [theme.title for theme in themes]
        prompt = merging_prompt(self._topic, titles, nonce)
        text = await self._text(self._models[0], prompt, len(titles))
        return merged_by_model(themes, check_reply(text, len(titles)))

    async def _text(self, model: Model, prompt: Prompt, count: int) -> str:
        """Return a model's reply, or "" if it failed or the time is up."""
        left = self._ends_at - asyncio.get_running_loop().time()
        if left <= 0:
            return ""
        self._calls += 1
        task = CallTask(
            model,
            prompt,
            GROUPING_LAYER,
            self._calls,
            role="analyst",
            output_tokens=OUTPUT_TOKENS + OUTPUT_TOKENS_PER_IDEA * count,
        )
        answer = await one_call(task, deadline_s=left, on_call=self._on_call)
        return answer.text if answer else ""


def _checked(draft: _SortedBatch, texts: dict[str, str], repairs: list[str]) -> list[DraftTheme]:
    """Return a batch's themes with every idea in one place; empty if there is no reply."""
    if draft.reply is None:
        return []
    groups = draft.batch.groups
    themes = [
        DraftTheme(theme.title or OTHER_IDEAS, _joined(theme.lists, groups, texts, repairs))
        for theme in draft.reply.themes
    ]
    for number in draft.reply.missing:
        place(groups[number - 1], themes, texts)
    if missing := sum(len(groups[number - 1]) for number in draft.reply.missing):
        repairs.append(LEFT_OUT.format(count=missing))
    if draft.reply.dropped:
        repairs.append(NOT_THERE.format(count=draft.reply.dropped))
    return themes


def _joined(
    lists: Sequence[tuple[int, ...]],
    groups: Sequence[list[str]],
    texts: dict[str, str],
    repairs: list[str],
) -> list[list[str]]:
    """Return a theme's groups of ids, in the order in which ideas were handed in."""
    order = {idea_id: number for number, idea_id in enumerate(texts)}
    most = max(MAX_JOINED, int(len(groups) * MAX_JOINED_SHARE))
    joined: list[list[str]] = []
    for numbers in lists:
        members = [groups[number - 1] for number in numbers]
        if len(members) > most:
            members, apart = _alike(members, texts)
            joined += apart
            if apart:
                repairs.append(JOINED_TOO_MUCH.format(count=len(apart) + 1))
        joined.append(sorted((i for group in members for i in group), key=order.__getitem__))
    return joined


def _alike(
    members: Sequence[list[str]], texts: dict[str, str]
) -> tuple[list[list[str]], list[list[str]]]:
    """Return the groups that share half of their words with the first one, and the others."""
    first = words_of(texts[members[0][0]])
    alike = [m for m in members if similarity(first, words_of(texts[m[0]])) >= MIN_ALIKE]
    return alike, [m for m in members if m not in alike]


def _with_words(
    themes: list[DraftTheme], batches: Sequence[Batch], texts: dict[str, str], topic: str
) -> list[DraftTheme]:
    """Return the themes, including those of batches that no model sorted."""
    groups = [group for batch in batches for group in batch.groups]
    if not themes:
        return word_themes(groups, texts, topic)
    for group in groups:
        place(group, themes, texts)
    return themes


def _grouping(
    themes: Sequence[DraftTheme], texts: dict[str, str], *, by_model: bool, repairs: Sequence[str]
) -> Grouping:
    """Return the finished grouping, the largest theme first and the others last."""
    placed = [idea_id for theme in themes for group in theme.groups for idea_id in group]
    assert sorted(placed) == sorted(texts), "every idea is in exactly one place"
    ordered = sorted(
        merged_by_title(themes), key=lambda theme: (theme.title == OTHER_IDEAS, -len(theme.groups))
    )
    return Grouping(
        tuple(
            Theme(theme.title, tuple(IdeaGroup(tuple(group)) for group in theme.groups))
            for theme in ordered
        ),
        "model" if by_model else "words",
        tuple(dict.fromkeys(repairs)),
    )

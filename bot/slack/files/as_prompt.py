"""Renders a thread's files as text: for the prompt, and as notes for the asker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.slack.files.decode import IMAGE_BYTES, IMAGE_SIDE
from bot.slack.files.reader import FileLimits
from bot.slack.files.slack_file import (
    FileResult,
    FileText,
    Reason,
    SlackFile,
    Unread,
    display_name,
    mrkdwn_name,
)
from bot.slack.ui.strings import reply as strings
from moa import Image
from moa.pipeline.prompts import neutralise

NAMED_FILES = 10
"""Files that a note names. It only counts the rest."""

MILLION = 1_000_000

# What the models read; notes for the asker are in `bot.slack.ui.strings.reply`.
FILE_TEXT = '{author} attached the file "{name}"{partly}:'
FILE_IMAGE = '{author} attached the image "{name}".'
FILE_AGAIN = '{author} attached "{name}" again.'
FILE_UNREAD = "[attached and not read: {name}{why}]"


class Attachments:
    """The files of a thread, described message by message.

    Args:
        results: the result for each file, by its id.
        limits: the limits that applied.
    """

    def __init__(self, results: Mapping[str, FileResult], limits: FileLimits) -> None:
        self._results = results
        self._limits = limits
        self._described: set[str] = set()
        self._unread: list[str] = []
        self._truncated: list[str] = []
        self._images: list[Image] = []

    def describe(self, files: Sequence[Mapping[str, Any]], author: str) -> list[str]:
        """Return a paragraph for each file of a message, with its text quoted line by line.

        Args:
            files: the message's `files`.
            author: the author's name in the prompt.
        """
        return [self._paragraph(self._result(file), author) for file in files]

    def pop_images(self) -> tuple[Image, ...]:
        """Return the images of the files described since the last call."""
        images, self._images = tuple(self._images), []
        return images

    def any_readable(self, files: Sequence[Mapping[str, Any]]) -> bool:
        """Return whether any of these files was read."""
        return any(isinstance(self._result(file).read, FileText | Image) for file in files)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the asker: which files were not read, and which only in part."""
        return tuple(
            sentence.format(files=_join_names(names))
            for sentence, names in (
                (strings.FILES_NOT_READ, self._unread),
                (strings.FILES_IN_PART, self._truncated),
            )
            if names
        )

    def _result(self, file: Mapping[str, Any]) -> FileResult:
        return self._results[SlackFile.from_payload(file).id]

    def _paragraph(self, result: FileResult, author: str) -> str:
        name = display_name(result.file.name)
        if result.file.id in self._described:
            return FILE_AGAIN.format(author=author, name=name)
        self._described.add(result.file.id)
        match result.read:
            case FileText() as text:
                partly = self._add_note(self._truncated, result, _part_read(text))
                head = FILE_TEXT.format(author=author, name=name, partly=partly)
                return f"{head}\n{quote_lines(neutralise(text.text, ''))}"
            case Image() as image:
                self._images.append(image)
                return FILE_IMAGE.format(author=author, name=name)
            case Unread(reason):
                why = self._add_note(self._unread, result, _reason_text(reason, self._limits))
                return FILE_UNREAD.format(name=name, why=why)

    @staticmethod
    def _add_note(notes: list[str], result: FileResult, remark: str) -> str:
        """Add a note on a file, and return the remark in brackets; "" if there is none."""
        if not remark:
            return ""
        notes.append(f"{mrkdwn_name(result.file.name)} ({remark})")
        return f" ({remark})"


def quote_lines(text: str) -> str:
    """Quote each line, so that none can be mistaken for a line of the prompt."""
    return "\n".join(f"> {line}" for line in text.splitlines())


def _part_read(text: FileText) -> str:
    """Return which part of a file was read; "" if all of it was."""
    if text.pages_read < text.pages:
        return strings.FILE_PAGES.format(unit=text.unit, read=text.pages_read, pages=text.pages)
    if len(text.text) < text.length:
        return strings.FILE_CHARACTERS.format(read=len(text.text), length=text.length)
    return ""


def _reason_text(reason: Reason, limits: FileLimits) -> str:
    return strings.FILE_REASONS[reason].format(
        files=limits.files,
        megabytes=limits.file_bytes / MILLION,
        all_megabytes=limits.all_bytes / MILLION,
        image_megabytes=IMAGE_BYTES / MILLION,
        pixels=IMAGE_SIDE,
    )


def _join_names(names: Sequence[str]) -> str:
    named = ", ".join(names[:NAMED_FILES])
    more = len(names) - NAMED_FILES
    return strings.FILES_MORE.format(named=named, more=more) if more > 0 else named

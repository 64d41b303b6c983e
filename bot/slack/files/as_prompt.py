"""The files of a thread in words: for the models, beside what was said, and for the person."""

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
    inert_name,
    shown_name,
)
from bot.slack.ui import strings
from moa import Image
from moa.pipeline.prompts import neutralise

NAMED = 10
"""Files that a note names; of more it gives the number."""

MILLION = 1_000_000


class Attachments:
    """The files of one thread as they are told of, message by message.

    Args:
        found: what came of each file, by its id.
        limits: under which they were read.
    """

    def __init__(self, found: Mapping[str, FileResult], limits: FileLimits) -> None:
        self._found = found
        self._limits = limits
        self._told: set[str] = set()
        self._unread: list[str] = []
        self._partly: list[str] = []
        self._images: list[Image] = []

    def told(self, listed: Sequence[Mapping[str, Any]], author: str) -> list[str]:
        """A paragraph for each file of a message. Its contents are quoted, line by line.

        Args:
            listed: the message's `files`.
            author: who wrote the message, as the models are told.
        """
        return [self._paragraph(self._found[SlackFile.of(each).id], author) for each in listed]

    def take_images(self) -> tuple[Image, ...]:
        """The images among the files that were told of since this was called last."""
        taken, self._images = tuple(self._images), []
        return taken

    def any_read(self, listed: Sequence[Mapping[str, Any]]) -> bool:
        """Whether anything is known of what these files hold."""
        found = (self._found[SlackFile.of(each).id] for each in listed)
        return any(isinstance(each.read, FileText | Image) for each in found)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the person is to know: what was not read, and what only in part."""
        return tuple(
            sentence.format(files=_listed(files))
            for sentence, files in (
                (strings.FILES_NOT_READ, self._unread),
                (strings.FILES_IN_PART, self._partly),
            )
            if files
        )

    def _paragraph(self, found: FileResult, author: str) -> str:
        name = shown_name(found.file.name)
        if found.file.id in self._told:
            return strings.FILE_AGAIN.format(author=author, name=name)
        self._told.add(found.file.id)
        match found.read:
            case FileText() as text:
                partly = self._noted(self._partly, found, _partly(text))
                head = strings.FILE_TEXT.format(author=author, name=name, partly=partly)
                return f"{head}\n{quoted(neutralise(text.text, ''))}"
            case Image() as image:
                self._images.append(image)
                return strings.FILE_IMAGE.format(author=author, name=name)
            case Unread(reason):
                why = self._noted(self._unread, found, _why(reason, self._limits))
                return strings.FILE_UNREAD.format(name=name, why=why)

    @staticmethod
    def _noted(notes: list[str], found: FileResult, remark: str) -> str:
        """The remark in brackets behind a name, noted for the person; empty where there is none."""
        if not remark:
            return ""
        notes.append(f"{inert_name(found.file.name)} ({remark})")
        return f" ({remark})"


def quoted(text: str) -> str:
    """A text of which no line can pass for a line of ours."""
    return "\n".join(f"> {line}" for line in text.splitlines())


def _partly(text: FileText) -> str:
    """What of a file is shown; empty where it is all."""
    if text.pages_read < text.pages:
        return strings.FILE_PAGES.format(read=text.pages_read, pages=text.pages)
    if len(text.text) < text.length:
        return strings.FILE_CHARACTERS.format(read=len(text.text), length=text.length)
    return ""


def _why(reason: Reason, limits: FileLimits) -> str:
    return strings.FILE_REASONS[reason].format(
        files=limits.files,
        megabytes=limits.file_bytes / MILLION,
        all_megabytes=limits.all_bytes / MILLION,
        image_megabytes=IMAGE_BYTES / MILLION,
        pixels=IMAGE_SIDE,
    )


def _listed(files: Sequence[str]) -> str:
    named = ", ".join(files[:NAMED])
    more = len(files) - NAMED
    return strings.FILES_MORE.format(named=named, more=more) if more > 0 else named

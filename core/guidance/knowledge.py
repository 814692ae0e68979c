"""The handbook: a folder of Markdown, CSV and JSON files. `knowledge/README.md` describes the formats."""

import csv
import json
import logging
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from core.guidance.entry import Entry, split_aliases
from core.guidance.lexicon import Group, in_line, read_groups
from core.guidance.markdown import read_markdown
from core.model.call import Language
from core.model.errors import GuidanceError, KnowledgeFileInvalid, KnowledgeMissing
from core.model.folder import FileStamp, file_stamps, unreadable_reason
from core.model.message import Message

logger = logging.getLogger(__name__)

SYNONYMS_FILE = "synonyms.csv"
NOT_INDEXED = frozenset({"readme.md", SYNONYMS_FILE})
SUFFIXES = frozenset({".md", ".csv", ".json"})
LARGEST_BYTES = 4_000_000
"""A handbook of ten thousand entries; beyond it is something else that was put there by mistake."""
_TOO_LARGE = Message("it is larger than {limit} MB", {"limit": LARGEST_BYTES // 1_000_000})


@dataclass(frozen=True, slots=True)
class KnowledgeFile:
    """One file of the handbook, as it was read."""

    path: str
    """Below the handbook's folder."""
    entries: int
    """How many it gave; for the synonyms, how many groups of words."""
    languages: tuple[Language, ...]
    """Of its entries, Korean first; none for the synonyms."""
    problems: tuple[KnowledgeFileInvalid, ...]
    """Why it was left out; of the synonyms, which lines were."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A handbook as it was read."""

    entries: tuple[Entry, ...]
    synonyms: tuple[Group, ...]
    """Words that mean one thing in this handbook."""
    files: tuple[KnowledgeFile, ...]

    @property
    def left_out(self) -> tuple[KnowledgeFileInvalid, ...]:
        """The files, and lines of the synonyms, that could not be read."""
        return tuple(problem for file in self.files for problem in file.problems)

    def missing(self, directory: Path) -> GuidanceError:
        """Why there is no entry: the first file's problem, or that there is no file."""
        return next(iter(self.left_out), None) or KnowledgeMissing(path=str(directory))


def read_knowledge(directory: Path) -> Knowledge:
    """Read every file of a folder and its subfolders; a broken one is named and left out whole.

    A folder that is not there holds no entry. Any thread; blocking.
    """
    entries: list[Entry] = []
    synonyms: tuple[Group, ...] = ()
    files: list[KnowledgeFile] = []
    for stamp in file_stamps(directory, SUFFIXES):
        if stamp.path == directory:
            continue
        name = name_below(stamp.path, directory)
        if is_synonyms(name):
            synonyms, wrong = _read_synonyms(stamp, name)
            files.append(KnowledgeFile(name, len(synonyms), (), wrong))
        elif stamp.path.name.lower() not in NOT_INDEXED:
            found, problem = _read_entries(stamp, name)
            entries.extend(found)
            spoken = {entry.language for entry in found}
            languages = tuple(sorted(spoken, key=lambda language: language != "ko"))
            files.append(KnowledgeFile(name, len(found), languages, problem))
    knowledge = Knowledge(tuple(entries), synonyms, tuple(files))
    for each in knowledge.left_out:
        logger.warning("%s", each)
    return knowledge


def entries_of(text: str, name: str) -> tuple[Entry, ...]:
    """The entries of a file's text; its name (`name.md`) tells the format. Raises KnowledgeFileInvalid."""
    return tuple(_READERS[Path(name).suffix.lower()](text, name))


def is_synonyms(name: str) -> bool:
    """Whether a file, named as below the handbook's folder, is that of the synonyms."""
    return name == SYNONYMS_FILE


def decoded(data: bytes, name: str) -> str:
    """A file's text. Raises KnowledgeFileInvalid."""
    if len(data) > LARGEST_BYTES:
        raise KnowledgeFileInvalid(path=name, reason=_TOO_LARGE)
    try:
        text = unicodedata.normalize("NFC", data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        reason = Message("byte {number} is not UTF-8, in which it must be saved", {"number": error.start})
        raise KnowledgeFileInvalid(path=name, reason=reason) from error
    if "\0" in text:
        raise KnowledgeFileInvalid(path=name, reason=Message("it is not text"))
    return text


def name_below(path: Path, directory: Path) -> str:
    """A file's name below the handbook's folder, as entries and pages have it."""
    return unicodedata.normalize("NFC", path.relative_to(directory).as_posix())


def _read_entries(stamp: FileStamp, name: str) -> tuple[tuple[Entry, ...], tuple[KnowledgeFileInvalid, ...]]:
    try:
        return entries_of(_text_of(stamp, name), name), ()
    except KnowledgeFileInvalid as error:
        return (), (error,)


def _text_of(stamp: FileStamp, name: str) -> str:
    if not stamp.is_readable_file:
        raise KnowledgeFileInvalid(path=name, reason=unreadable_reason(stamp.path))
    if stamp.size > LARGEST_BYTES:
        raise KnowledgeFileInvalid(path=name, reason=_TOO_LARGE)
    try:
        return decoded(stamp.path.read_bytes(), name)
    except OSError as error:
        raise KnowledgeFileInvalid(path=name, reason=error.strerror or str(error)) from error


def _read_csv(text: str, name: str) -> Iterator[Entry]:
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        columns = [column.strip().lower() for column in next(reader, [])]
        if not {"title", "body"} <= set(columns):
            raise KnowledgeFileInvalid(path=name, reason=Message("line 1 does not name the columns title and body"))
        line = reader.line_num + 1
        for row in reader:
            cells = dict(zip(columns, (cell.strip() for cell in row), strict=False))
            if len(row) > len(columns):
                reason = Message(
                    "line {line} has {cells} cells for {columns} columns; put texts with commas in quotes",
                    {"line": line, "cells": len(row), "columns": len(columns)},
                )
                raise KnowledgeFileInvalid(path=name, reason=reason)
            if any(cells.values()):
                title, body = cells.get("title", ""), cells.get("body", "")
                if not title or not body:
                    reason = Message("line {line} has no title or no body", {"line": line})
                    raise KnowledgeFileInvalid(path=name, reason=reason)
                yield Entry(title, body, split_aliases(cells.get("aliases", "")), f"{name}:{line}")
            line = reader.line_num + 1
    except csv.Error as error:
        raise KnowledgeFileInvalid(path=name, reason=in_line(reader.line_num, str(error))) from error


def _read_json(text: str, name: str) -> Iterator[Entry]:
    try:
        items = json.loads(text)
    except json.JSONDecodeError as error:
        raise KnowledgeFileInvalid(path=name, reason=in_line(error.lineno, error.msg)) from error
    except RecursionError as error:
        raise KnowledgeFileInvalid(path=name, reason=Message("it is nested too deeply")) from error
    except ValueError as error:
        raise KnowledgeFileInvalid(path=name, reason=Message("it holds a number of too many digits")) from error
    if not isinstance(items, list):
        raise KnowledgeFileInvalid(path=name, reason=Message("it is not a list of question and answer"))
    for number, item in enumerate(items, start=1):
        question, answer = (item.get(key) if isinstance(item, dict) else None for key in ("question", "answer"))
        if not isinstance(question, str) or not isinstance(answer, str) or not question.strip() or not answer.strip():
            reason = Message("item {number} has no question or no answer", {"number": number})
            raise KnowledgeFileInvalid(path=name, reason=reason)
        aliases = item.get("aliases", [])
        if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
            reason = Message("item {number}: aliases are not a list of words", {"number": number})
            raise KnowledgeFileInvalid(path=name, reason=reason)
        spoken = tuple(alias.strip() for alias in aliases if alias.strip())
        yield Entry(question.strip(), answer.strip(), spoken, f"{name}#{number}")


_READERS: Mapping[str, Callable[[str, str], Iterator[Entry]]] = {
    ".md": read_markdown,
    ".csv": _read_csv,
    ".json": _read_json,
}


def _read_synonyms(stamp: FileStamp, name: str) -> tuple[tuple[Group, ...], tuple[KnowledgeFileInvalid, ...]]:
    try:
        return read_groups(_text_of(stamp, name), name)
    except KnowledgeFileInvalid as error:
        return (), (error,)

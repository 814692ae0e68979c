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
from core.guidance.lexicon import Group, read_groups
from core.guidance.markdown import read_markdown
from core.model.call import Language
from core.model.errors import GuidanceError, KnowledgeFileInvalid, KnowledgeMissing
from core.model.folder import FileStamp, file_stamps, unreadable_reason

logger = logging.getLogger(__name__)

SYNONYMS_FILE = "synonyms.csv"
NOT_INDEXED = frozenset({"readme.md", SYNONYMS_FILE})
SUFFIXES = frozenset({".md", ".csv", ".json"})
LARGEST_BYTES = 4_000_000
"""A handbook of ten thousand entries; beyond it is something else that was put there by mistake."""


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
        name = _name(stamp.path, directory)
        if name == SYNONYMS_FILE:
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


def _read_entries(stamp: FileStamp, name: str) -> tuple[tuple[Entry, ...], tuple[KnowledgeFileInvalid, ...]]:
    try:
        text = _text_of(stamp, name)
        return tuple(_READERS[stamp.path.suffix.lower()](text, name)), ()
    except KnowledgeFileInvalid as error:
        return (), (error,)


def _name(path: Path, directory: Path) -> str:
    return unicodedata.normalize("NFC", path.relative_to(directory).as_posix())


def _text_of(stamp: FileStamp, name: str) -> str:
    if not stamp.is_readable_file:
        raise KnowledgeFileInvalid(path=name, reason=unreadable_reason(stamp.path))
    if stamp.size > LARGEST_BYTES:
        raise KnowledgeFileInvalid(path=name, reason=f"it is larger than {LARGEST_BYTES // 1_000_000} MB")
    try:
        text = unicodedata.normalize("NFC", stamp.path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not UTF-8, in which it must be saved"
        raise KnowledgeFileInvalid(path=name, reason=reason) from error
    except OSError as error:
        raise KnowledgeFileInvalid(path=name, reason=error.strerror or str(error)) from error
    if "\0" in text:
        raise KnowledgeFileInvalid(path=name, reason="it is not text")
    return text


def _read_csv(text: str, name: str) -> Iterator[Entry]:
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        columns = [column.strip().lower() for column in next(reader, [])]
        if not {"title", "body"} <= set(columns):
            raise KnowledgeFileInvalid(path=name, reason="line 1 does not name the columns title and body")
        line = reader.line_num + 1
        for row in reader:
            cells = dict(zip(columns, (cell.strip() for cell in row), strict=False))
            if len(row) > len(columns):
                reason = f"line {line} has {len(row)} cells for {len(columns)} columns; put texts with commas in quotes"
                raise KnowledgeFileInvalid(path=name, reason=reason)
            if any(cells.values()):
                title, body = cells.get("title", ""), cells.get("body", "")
                if not title or not body:
                    raise KnowledgeFileInvalid(path=name, reason=f"line {line} has no title or no body")
                yield Entry(title, body, split_aliases(cells.get("aliases", "")), f"{name}:{line}")
            line = reader.line_num + 1
    except csv.Error as error:
        raise KnowledgeFileInvalid(path=name, reason=f"line {reader.line_num}: {error}") from error


def _read_json(text: str, name: str) -> Iterator[Entry]:
    try:
        items = json.loads(text)
    except json.JSONDecodeError as error:
        raise KnowledgeFileInvalid(path=name, reason=f"line {error.lineno}: {error.msg}") from error
    except RecursionError as error:
        raise KnowledgeFileInvalid(path=name, reason="it is nested too deeply") from error
    except ValueError as error:
        raise KnowledgeFileInvalid(path=name, reason="it holds a number of too many digits") from error
    if not isinstance(items, list):
        raise KnowledgeFileInvalid(path=name, reason="it is not a list of question and answer")
    for number, item in enumerate(items, start=1):
        question, answer = (item.get(key) if isinstance(item, dict) else None for key in ("question", "answer"))
        if not isinstance(question, str) or not isinstance(answer, str) or not question.strip() or not answer.strip():
            raise KnowledgeFileInvalid(path=name, reason=f"item {number} has no question or no answer")
        aliases = item.get("aliases", [])
        if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
            raise KnowledgeFileInvalid(path=name, reason=f"item {number}: aliases are not a list of words")
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

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
from core.model.errors import KnowledgeFileInvalid, KnowledgeMissing

logger = logging.getLogger(__name__)

SYNONYMS_FILE = "synonyms.csv"
NOT_INDEXED = frozenset({"readme.md", SYNONYMS_FILE})


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A handbook as it was read."""

    entries: tuple[Entry, ...]
    synonyms: tuple[Group, ...]
    """Words that mean one thing in this handbook."""
    left_out: tuple[KnowledgeFileInvalid, ...]
    """The files, and lines of the synonyms, that could not be read."""


def read_knowledge(directory: Path) -> Knowledge:
    """Read every file of a folder and its subfolders; a broken one is named and left out whole.

    Raises:
        KnowledgeMissing: the folder is not there, or holds no entry.
    """
    entries: list[Entry] = []
    left_out: list[KnowledgeFileInvalid] = []
    for path in _files(directory):
        name = _name(path, directory)
        try:
            entries.extend(tuple(_READERS[path.suffix.lower()](_text_of(path, name), name)))
        except KnowledgeFileInvalid as error:
            left_out.append(error)
    synonyms = _read_synonyms(directory, left_out)
    for each in left_out:
        logger.warning("%s", each)
    if not entries:
        raise KnowledgeMissing(path=str(directory))
    return Knowledge(tuple(entries), synonyms, tuple(left_out))


def _files(directory: Path) -> list[Path]:
    """The files that hold entries, in the order of their names; hidden files and folders are not looked at."""
    return sorted(
        path
        for path in directory.rglob("*")
        if path.suffix.lower() in _READERS
        and path.name.lower() not in NOT_INDEXED
        and not any(part.startswith(".") for part in path.relative_to(directory).parts)
        and path.is_file()
    )


def _name(path: Path, directory: Path) -> str:
    return unicodedata.normalize("NFC", path.relative_to(directory).as_posix())


def _text_of(path: Path, name: str) -> str:
    try:
        return unicodedata.normalize("NFC", path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        reason = f"byte {error.start} is not UTF-8, in which it must be saved"
        raise KnowledgeFileInvalid(path=name, reason=reason) from error
    except OSError as error:
        raise KnowledgeFileInvalid(path=name, reason=error.strerror or str(error)) from error


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


def _read_synonyms(directory: Path, left_out: list[KnowledgeFileInvalid]) -> tuple[Group, ...]:
    path = directory / SYNONYMS_FILE
    if not path.exists():
        return ()
    try:
        groups, wrong_lines = read_groups(_text_of(path, SYNONYMS_FILE), SYNONYMS_FILE)
    except KnowledgeFileInvalid as error:
        left_out.append(error)
        return ()
    left_out.extend(wrong_lines)
    return groups

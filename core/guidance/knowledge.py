"""The handbook's files: Markdown, CSV and JSON, read into entries. `knowledge/README.md` describes the formats."""

import csv
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.model.call import Language
from core.model.errors import KnowledgeFileInvalid, KnowledgeMissing

logger = logging.getLogger(__name__)

SYNONYMS_FILE = "synonyms.csv"
NOT_INDEXED = frozenset({"readme.md", SYNONYMS_FILE})
_ALIASES = re.compile(r"^\s*(?:aliases|별칭)\s*:\s*(.+)$", re.IGNORECASE)
_HANGUL = re.compile(r"[가-힣]")
_LATIN = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of the handbook."""

    title: str
    body: str
    aliases: tuple[str, ...]
    """Other words for its subject, as callers say them."""
    source: str
    """The file, and where in it."""

    @property
    def language(self) -> Language:
        """The language that most of its letters are of."""
        return language_of(f"{self.title} {self.body}")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A handbook as it was read."""

    entries: tuple[Entry, ...]
    synonyms: Mapping[str, str]
    """From a word as callers say it to the one that the handbook uses, in lower case."""
    left_out: tuple[KnowledgeFileInvalid, ...]


def language_of(text: str) -> Language:
    """Korean where there is more than a word of Hangul for every four Latin letters, English otherwise."""
    return "ko" if len(_HANGUL.findall(text)) * 4 > len(_LATIN.findall(text)) else "en"


def read_knowledge(directory: Path) -> Knowledge:
    """Read every file of a folder and its subfolders; a broken one is named and left out.

    Raises:
        KnowledgeMissing: the folder is not there, or holds no entry.
    """
    entries: list[Entry] = []
    left_out: list[KnowledgeFileInvalid] = []
    for path in sorted(p for p in directory.rglob("*") if p.suffix in _READERS and p.name.lower() not in NOT_INDEXED):
        name = path.relative_to(directory).as_posix()
        try:
            entries.extend(_READERS[path.suffix](_text_of(path, name), name))
        except KnowledgeFileInvalid as error:
            logger.warning("%s", error)
            left_out.append(error)
    if not entries:
        raise KnowledgeMissing(path=str(directory))
    return Knowledge(tuple(entries), _read_synonyms(directory, left_out), tuple(left_out))


def _text_of(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise KnowledgeFileInvalid(path=name, reason=f"byte {error.start} is not UTF-8") from error
    except OSError as error:
        raise KnowledgeFileInvalid(path=name, reason=error.strerror or str(error)) from error


def _read_markdown(text: str, name: str) -> Iterator[Entry]:
    sections = re.split(r"^##[ \t]+", text, flags=re.MULTILINE)[1:]
    if not sections:
        raise KnowledgeFileInvalid(path=name, reason="it has no `## entry`")
    for section in sections:
        title, _, rest = section.partition("\n")
        lines = rest.splitlines()
        aliases = [match.group(1) for line in lines if (match := _ALIASES.match(line))]
        body = " ".join(line.strip() for line in lines if line.strip() and not _ALIASES.match(line))
        if not title.strip() or not body:
            raise KnowledgeFileInvalid(path=name, reason=f"the entry `{title.strip()}` has no text")
        yield Entry(title.strip(), body, _split_aliases(",".join(aliases)), f"{name}#{_slug(title)}")


def _read_csv(text: str, name: str) -> Iterator[Entry]:
    reader = csv.DictReader(text.splitlines(), strict=True)
    if not {"title", "body"} <= set(reader.fieldnames or ()):
        raise KnowledgeFileInvalid(path=name, reason="line 1 does not name the columns title and body")
    try:
        for row in reader:
            title, body = (row["title"] or "").strip(), (row["body"] or "").strip()
            if not title or not body:
                raise KnowledgeFileInvalid(path=name, reason=f"line {reader.line_num} has no title or no body")
            yield Entry(title, body, _split_aliases(row.get("aliases") or ""), f"{name}:{reader.line_num}")
    except csv.Error as error:
        raise KnowledgeFileInvalid(path=name, reason=f"line {reader.line_num}: {error}") from error


def _read_json(text: str, name: str) -> Iterator[Entry]:
    try:
        items = json.loads(text)
    except json.JSONDecodeError as error:
        raise KnowledgeFileInvalid(path=name, reason=f"line {error.lineno}: {error.msg}") from error
    if not isinstance(items, list):
        raise KnowledgeFileInvalid(path=name, reason="it is not a list of question and answer")
    for number, item in enumerate(items, start=1):
        question, answer = (item.get(key) if isinstance(item, dict) else None for key in ("question", "answer"))
        if not isinstance(question, str) or not isinstance(answer, str) or not question.strip() or not answer.strip():
            raise KnowledgeFileInvalid(path=name, reason=f"item {number} has no question or no answer")
        aliases = item.get("aliases", [])
        if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
            raise KnowledgeFileInvalid(path=name, reason=f"item {number}: aliases are not a list of words")
        yield Entry(question.strip(), answer.strip(), tuple(aliases), f"{name}#{number}")


_READERS: Mapping[str, Callable[[str, str], Iterator[Entry]]] = {
    ".md": _read_markdown,
    ".csv": _read_csv,
    ".json": _read_json,
}


def _read_synonyms(directory: Path, left_out: list[KnowledgeFileInvalid]) -> Mapping[str, str]:
    path = directory / SYNONYMS_FILE
    if not path.exists():
        return {}
    try:
        rows = list(csv.reader(_text_of(path, SYNONYMS_FILE).splitlines()))[1:]
    except KnowledgeFileInvalid as error:
        left_out.append(error)
        return {}
    synonyms: dict[str, str] = {}
    for number, row in enumerate(rows, start=2):
        words = [word.strip().lower() for word in row if word.strip()]
        if len(words) < 2:
            left_out.append(KnowledgeFileInvalid(path=SYNONYMS_FILE, reason=f"line {number} has fewer than two words"))
            continue
        synonyms.update(dict.fromkeys(words[1:], words[0]))
    return synonyms


def _split_aliases(text: str) -> tuple[str, ...]:
    return tuple(alias.strip() for alias in re.split(r"[,;|]", text) if alias.strip())


def _slug(title: str) -> str:
    return re.sub(r"[^\w]+", "-", title.strip().lower()).strip("-")

"""Entries as somebody edits them: taken out of a file's text and put back, so that nothing else of the file changes."""

import csv
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import PurePath
from typing import Any

from core.guidance.entry import language_of, split_aliases
from core.guidance.knowledge import entries_of
from core.guidance.markdown import Section, is_aliases, sections
from core.model.errors import KnowledgeFileInvalid, KnowledgeFileNotFound, KnowledgeTextInvalid
from core.model.message import Message

COLUMNS = ("title", "body", "aliases")
NEW_TEXTS: Mapping[str, str] = {".md": "", ".csv": ",".join(COLUMNS) + "\n", ".json": "[]\n"}
"""What a file of each format begins with, before its first entry."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry as it is edited."""

    title: str
    body: str
    """As it stands in the file: in Markdown with its marks."""
    aliases: tuple[str, ...] = ()

    @property
    def on_one_line(self) -> str:
        """The title; whatever parts lines in it is a space."""
        return " ".join(self.title.split())


def draft_of(text: str, name: str, number: int) -> Draft:
    """The entry number `number` (from 0) of a file's text. Raises KnowledgeFileInvalid, KnowledgeFileNotFound."""
    _require(entries_of(text, name), name, number)
    return _FORMATS[_suffix(name)].draft(text, name, number)


def with_draft(text: str, name: str, number: int | None, draft: Draft | None) -> str:
    """A file's text with one entry changed, added (no number) or removed (no draft).

    Raises:
        KnowledgeTextInvalid: title or text is missing, or the text would make more of it than one entry.
        KnowledgeFileInvalid: the file itself is broken.
        KnowledgeFileNotFound: there is no entry of this number.
    """
    if draft is not None:
        draft = Draft(_clean(draft.on_one_line), _clean(draft.body).strip("\n"), draft.aliases)
        if not draft.title or not draft.body.strip():
            raise KnowledgeTextInvalid(path=name, reason=Message("a title and a text are needed"))
    is_new_file = number is None and not text.strip()
    text = NEW_TEXTS[_suffix(name)] if is_new_file else text.replace("\r\n", "\n")
    before = () if is_new_file else entries_of(text, name)
    if number is not None:
        _require(before, name, number)
    if draft is None and len(before) == 1:
        raise KnowledgeTextInvalid(path=name, reason=Message("it would have no entry left; delete the file instead"))
    changed = _FORMATS[_suffix(name)].changed(text, name, number, draft)
    try:
        after = [(e.title, e.body, e.aliases) for e in entries_of(changed, name)]
    except KnowledgeFileInvalid as error:
        raise KnowledgeTextInvalid(path=name, reason=error.reason) from error
    others = [(e.title, e.body, e.aliases) for e in before]
    place = len(others) if number is None else number
    if after[:place] + after[place + (draft is not None) :] != others[:place] + others[place + (number is not None) :]:
        reason = Message("the text holds a line that would begin another entry, such as one with #")
        raise KnowledgeTextInvalid(path=name, reason=reason)
    return changed


def _require(entries: tuple[object, ...], name: str, number: int) -> None:
    if not 0 <= number < len(entries):
        raise KnowledgeFileNotFound(path=f"{name} #{number + 1}")


def _clean(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()


def _markdown_draft(text: str, name: str, number: int) -> Draft:
    lines, place = text.replace("\r\n", "\n").split("\n"), sections(text, name)[number]
    title = re.sub(r"\s+#+\s*$", "", lines[place.start].lstrip().removeprefix(place.mark)).strip()
    own = lines[place.text : place.end]
    aliases = [alias for line in own if (match := is_aliases(line)) for alias in split_aliases(match.group(1))]
    return Draft(title, "\n".join(line for line in own if not is_aliases(line)).strip("\n"), tuple(aliases))


def _markdown_changed(text: str, name: str, number: int | None, draft: Draft | None) -> str:
    lines = text.split("\n")
    known = sections(text, name) if text else ()
    end = len(lines)
    place = known[number] if number is not None else Section(end, end, end, known[-1].mark if known else "##")
    written: list[str] = []
    if draft is not None:
        word = "별칭" if language_of(f"{draft.title} {draft.body}") == "ko" else "aliases"
        aliases = [f"{word}: {', '.join(draft.aliases)}"] if draft.aliases else []
        written = [f"{place.mark} {draft.title}", *aliases, *draft.body.split("\n"), ""]
    before, after = "\n".join(lines[: place.start]).rstrip("\n"), "\n".join(lines[place.end :]).lstrip("\n")
    parts = (before, "\n".join(written).rstrip("\n"), after.rstrip("\n"))
    return "\n\n".join(part for part in parts if part) + "\n"


def _csv_rows(text: str) -> tuple[list[list[str]], list[int]]:
    """All rows, and which of them are entries."""
    rows = list(csv.reader(StringIO(text, newline=""), strict=True))
    return rows, [i for i, row in enumerate(rows) if i and any(cell.strip() for cell in row)]


def _csv_columns(rows: list[list[str]]) -> dict[str, int]:
    return {column.strip().lower(): i for i, column in enumerate(rows[0])}


def _csv_draft(text: str, name: str, number: int) -> Draft:
    rows, places = _csv_rows(text)
    columns, row = _csv_columns(rows), rows[places[number]]
    title, body, aliases = (
        row[columns[name]].strip() if columns.get(name, len(row)) < len(row) else "" for name in COLUMNS
    )
    return Draft(title, body, split_aliases(aliases))


def _csv_changed(text: str, name: str, number: int | None, draft: Draft | None) -> str:
    rows, places = _csv_rows(text)
    if draft is None:
        del rows[places[number or 0]]
    else:
        if draft.aliases and "aliases" not in _csv_columns(rows):
            rows[0].append("aliases")
        columns = _csv_columns(rows)
        if number is None:
            rows.append([])
        row = rows[-1] if number is None else rows[places[number]]
        row.extend([""] * (len(rows[0]) - len(row)))
        cells = {"title": draft.title, "body": draft.body, "aliases": ", ".join(draft.aliases)}
        for column, cell in cells.items():
            if column in columns:
                row[columns[column]] = cell
    written = StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()


def _json_draft(text: str, name: str, number: int) -> Draft:
    item = json.loads(text)[number]
    return Draft(item["question"].strip(), item["answer"].strip(), tuple(item.get("aliases", ())))


def _json_changed(text: str, name: str, number: int | None, draft: Draft | None) -> str:
    items: list[dict[str, Any]] = json.loads(text)
    if draft is None:
        del items[number or 0]
    else:
        if number is None:
            items.append({})
        item = items[-1 if number is None else number]
        item |= {"question": draft.title, "answer": draft.body, "aliases": list(draft.aliases)}
        if not draft.aliases:
            del item["aliases"]
    # An item a line, as the sample has it: a change is then one line of a diff.
    return "[\n" + ",\n".join(f" {json.dumps(item, ensure_ascii=False)}" for item in items) + "\n]\n"


@dataclass(frozen=True, slots=True)
class _Format:
    draft: Callable[[str, str, int], Draft]
    changed: Callable[[str, str, int | None, Draft | None], str]


_FORMATS: Mapping[str, _Format] = {
    ".md": _Format(_markdown_draft, _markdown_changed),
    ".csv": _Format(_csv_draft, _csv_changed),
    ".json": _Format(_json_draft, _json_changed),
}

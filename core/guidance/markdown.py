"""The handbook's Markdown files: every `## title` begins an entry."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.guidance.entry import Entry, split_aliases
from core.model.errors import KnowledgeFileInvalid
from core.model.message import Message

# A line under a text makes a heading of it in CommonMark; who writes a handbook means a line.
_PARSER = MarkdownIt("commonmark").enable("table").disable("lheading")
_ALIASES = re.compile(r"(?:aliases|별칭)\s*:\s*(.*)", re.IGNORECASE)


def read_markdown(text: str, name: str) -> Iterator[Entry]:
    """The entries of a file; where it has no `##`, of its `#`. Raises KnowledgeFileInvalid."""
    tokens = _PARSER.parse(text)
    slugs: dict[str, int] = {}
    for start, end in _entries(tokens, name):
        title = _inline(tokens[start + 1])
        lines = _lines(tokens[start + 3 : end])
        aliases = [match.group(1) for line in lines if (match := _ALIASES.fullmatch(line))]
        body = "\n".join(line for line in lines if not _ALIASES.fullmatch(line))
        if not title or not body:
            line = (tokens[start].map or [0])[0] + 1
            reason = Message("line {line}: the entry `{title}` has no text", {"line": line, "title": title})
            raise KnowledgeFileInvalid(path=name, reason=reason)
        slug = re.sub(r"[^\w]+", "-", title.lower()).strip("-")
        slugs[slug] = slugs.get(slug, 0) + 1
        place = slug if slugs[slug] == 1 else f"{slug}-{slugs[slug]}"
        yield Entry(title, body, split_aliases(",".join(aliases)), f"{name}#{place}")


@dataclass(frozen=True, slots=True)
class Section:
    """Where an entry stands in a file's text: lines from 0, `end` not included."""

    start: int
    """Its heading."""
    text: int
    """What follows the heading."""
    end: int
    mark: str
    """`##` or `#`."""


def sections(text: str, name: str) -> tuple[Section, ...]:
    """Where the entries that `read_markdown` gives stand. Raises KnowledgeFileInvalid."""
    tokens, last = _PARSER.parse(text), len(text.split("\n"))
    found: list[Section] = []
    for start, end in _entries(tokens, name):
        heading, following = tokens[start].map, tokens[end].map if end < len(tokens) else None
        first, after = heading or [0, 1]
        found.append(Section(first, after, following[0] if following else last, tokens[start].markup))
    return tuple(found)


def is_aliases(line: str) -> re.Match[str] | None:
    """A line that names aliases; its first group is them."""
    return _ALIASES.fullmatch(line.strip())


def _entries(tokens: Sequence[Token], name: str) -> Iterator[tuple[int, int]]:
    """Where each entry begins and ends among the tokens. Raises KnowledgeFileInvalid where none does."""
    tags = {token.tag for token in tokens if token.type == "heading_open"}
    tag = "h2" if "h2" in tags else "h1"
    if tag not in tags:
        raise KnowledgeFileInvalid(path=name, reason=Message("it has no `## title`"))
    starts = [i for i, token in enumerate(tokens) if token.type == "heading_open" and token.tag in ("h1", "h2")]
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        if tokens[start].tag == tag:
            yield start, end


def _lines(tokens: Sequence[Token]) -> list[str]:
    """The plain text of an entry: a line for each line of a paragraph, list item and row of a table."""
    lines: list[str] = []
    cells: list[str] = []
    in_table = False
    for token in tokens:
        if token.type in ("table_open", "table_close"):
            in_table = token.type == "table_open"
        elif token.type == "tr_close":
            lines.append(", ".join(cell for cell in cells if cell))
            cells = []
        elif token.type == "inline" and in_table:
            cells.append(_inline(token))
        elif token.type == "inline":
            lines.extend(_inline(token).splitlines())
        elif token.type in ("fence", "code_block"):
            lines.extend(token.content.splitlines())
    return [line.strip() for line in lines if line.strip()]


def _inline(token: Token) -> str:
    """The words of a piece of text without its marks."""
    words = {"softbreak": "\n", "hardbreak": "\n"}
    return "".join(
        words.get(child.type, child.content) for child in token.children or () if child.type != "html_inline"
    ).strip()

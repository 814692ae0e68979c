"""The handbook's Markdown files: every `## title` begins an entry."""

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.guidance.entry import Entry, split_aliases
from core.model.errors import KnowledgeFileInvalid

# A line under a text makes a heading of it in CommonMark; who writes a handbook means a line.
_PARSER = MarkdownIt("commonmark").enable("table").disable("lheading")
_ALIASES = re.compile(r"(?:aliases|별칭)\s*:\s*(.*)", re.IGNORECASE)


def read_markdown(text: str, name: str) -> Iterator[Entry]:
    """The entries of a file; where it has no `##`, of its `#`. Raises KnowledgeFileInvalid."""
    tokens = _PARSER.parse(text)
    tags = {token.tag for token in tokens if token.type == "heading_open"}
    tag = "h2" if "h2" in tags else "h1"
    if tag not in tags:
        raise KnowledgeFileInvalid(path=name, reason="it has no `## title`")
    slugs: dict[str, int] = {}
    starts = [i for i, token in enumerate(tokens) if token.type == "heading_open" and token.tag in ("h1", "h2")]
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        if tokens[start].tag != tag:
            continue
        title = _inline(tokens[start + 1])
        lines = _lines(tokens[start + 3 : end])
        aliases = [match.group(1) for line in lines if (match := _ALIASES.fullmatch(line))]
        body = "\n".join(line for line in lines if not _ALIASES.fullmatch(line))
        if not title or not body:
            line_number = (tokens[start].map or [0])[0] + 1
            raise KnowledgeFileInvalid(path=name, reason=f"line {line_number}: the entry `{title}` has no text")
        slug = re.sub(r"[^\w]+", "-", title.lower()).strip("-")
        slugs[slug] = slugs.get(slug, 0) + 1
        place = slug if slugs[slug] == 1 else f"{slug}-{slugs[slug]}"
        yield Entry(title, body, split_aliases(",".join(aliases)), f"{name}#{place}")


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

"""Text of others on a page, so that nothing in it is taken for markup."""

import re

_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>()#$~|:]")


def as_written(text: str) -> str:
    """A text for where Markdown is read, with nothing in it taken for Markdown, formulas or icons."""
    return _MARKDOWN.sub(r"\\\g<0>", text)

"""Message catalogues: the words of pages, errors and notes, in Korean and English.

English sentences are the keys. Catalogues are gettext `.po` files, read as they are (no compile step to forget).
"""

import gettext
import io
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from core.model.errors import EarshotError
from core.model.message import Message

LOCALES = ("ko", "en")
LOCALE_DIR = Path(__file__).parent / "locale"

Translate = Callable[[str], str]
"""From an English message to the reader's language."""


@cache
def translator(locale: str) -> Translate:
    """The translation function of a locale; English, and every unknown locale, gives the keys themselves.

    May be called from any thread.
    """
    path = LOCALE_DIR / locale / "LC_MESSAGES" / "earshot.po"
    if locale not in LOCALES or not path.exists():
        return gettext.NullTranslations().gettext
    compiled = io.BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=locale, abort_invalid=True))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled).gettext


def choose_locale(preferred: str | None) -> str:
    """The catalogue for a browser's locale such as `ko-KR`; English where there is none."""
    primary = (preferred or "").lower().replace("_", "-").split("-")[0]
    return primary if primary in LOCALES else "en"


def message(text: str) -> str:
    """Mark a sentence for the catalogues; it is translated where it is shown."""
    return text


def describe(sentence: Message | EarshotError, translate: Translate) -> str:
    """A message, or what an error says, in the reader's language; so is every message among its parameters."""
    parameters = {
        name: describe(value, translate) if isinstance(value, Message) else value
        for name, value in sentence.parameters.items()
    }
    return translate(sentence.template).format(**parameters)


def describe_all(sentences: Iterable[Message | EarshotError], translate: Translate) -> str:
    """Sentences in the reader's language, one after the other; empty where there are none."""
    return " ".join(describe(sentence, translate) for sentence in sentences)

"""Scripted conversations: JSON files with a title, a language, and a list of `{"speaker", "text"}`.

A file may also be that list alone; its title is then its name, and its language is found from the text.
"""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.model.call import Language, Role
from core.model.errors import ScenarioInvalid
from core.model.insight import Turn

SPEAKERS = {"고객": Role.CUSTOMER, "customer": Role.CUSTOMER, "상담사": Role.AGENT, "agent": Role.AGENT}
LANGUAGES = ("ko", "en")
LARGEST_BYTES = 1_000_000
MOST_TURNS = 1_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scripted conversation."""

    name: str
    """The file's, without its ending; unique in its folder."""
    title: Mapping[str, str]
    """What it is about, for each locale of the interface (`ko`, `en`)."""
    language: Language
    names: Mapping[Role, str]
    """What the speakers are called; those that are not there are called after their role."""
    turns: tuple[Turn, ...]
    path: Path

    def title_in(self, locale: str) -> str:
        """The title for a reader; in another language where there is none in this one."""
        return self.title.get(locale) or next(iter(self.title.values()), self.name)


def read_scenario(path: Path) -> Scenario:
    """The conversation of a file. Raises ScenarioInvalid, naming what is wrong and where."""
    content = _content(path)
    if isinstance(content, list):
        turns = _turns(path, content)
        name = _name(path)
        return Scenario(name, dict.fromkeys(LANGUAGES, name), language_of(turns), {}, turns, path)
    if not isinstance(content, dict):
        raise _invalid(path, "it is neither a conversation nor a list of turns")
    turns = _turns(path, content.get("turns"))
    language = content.get("language", language_of(turns))
    if language not in LANGUAGES:
        raise _invalid(path, f"the language is none of {', '.join(LANGUAGES)}")
    return Scenario(
        name=_name(path),
        title=_texts(path, "title", content.get("title"), LANGUAGES),
        language=language,
        names={SPEAKERS[key]: name for key, name in _texts(path, "names", content.get("names", {}), SPEAKERS).items()},
        turns=turns,
        path=path,
    )


def language_of(turns: tuple[Turn, ...]) -> Language:
    """Korean where any Hangul is spoken, English otherwise."""
    return "ko" if any("가" <= c <= "힣" for turn in turns for c in turn.text) else "en"


def _name(path: Path) -> str:
    return unicodedata.normalize("NFC", path.stem)


def _invalid(path: Path, reason: str) -> ScenarioInvalid:
    return ScenarioInvalid(path=str(path), reason=reason)


def _content(path: Path) -> object:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise _invalid(path, f"it is larger than {LARGEST_BYTES // 1000} kB")
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise _invalid(path, error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise _invalid(path, "it is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise _invalid(path, f"line {error.lineno}: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise _invalid(path, "it holds what no conversation holds: a huge number, or too deep a nesting") from error


def _turns(path: Path, entries: object) -> tuple[Turn, ...]:
    if not isinstance(entries, list) or not entries:
        raise _invalid(path, "it has no list of turns")
    if len(entries) > MOST_TURNS:
        raise _invalid(path, f"it has more than {MOST_TURNS} turns")
    return tuple(_turn(path, number, entry) for number, entry in enumerate(entries, start=1))


def _turn(path: Path, number: int, entry: object) -> Turn:
    if not isinstance(entry, dict):
        raise _invalid(path, f"entry {number} is not an object")
    speaker, text = entry.get("speaker"), entry.get("text")
    if not isinstance(speaker, str) or speaker not in SPEAKERS:
        raise _invalid(path, f"entry {number}: the speaker is none of {', '.join(SPEAKERS)}")
    if not isinstance(text, str) or not text.strip():
        raise _invalid(path, f"entry {number} has no text")
    return Turn(SPEAKERS[speaker], text)


def _texts(path: Path, field: str, given: object, keys: tuple[str, ...] | Mapping[str, Role]) -> dict[str, str]:
    """An object of texts, with no other keys than `keys`."""
    if not isinstance(given, dict) or not all(isinstance(text, str) and text.strip() for text in given.values()):
        raise _invalid(path, f"`{field}` is not an object of texts")
    unknown = [key for key in given if key not in keys]
    if unknown:
        raise _invalid(path, f"`{field}` has `{unknown[0]}`, which is none of {', '.join(keys)}")
    if field == "title" and not given:
        raise _invalid(path, "`title` is empty")
    return given

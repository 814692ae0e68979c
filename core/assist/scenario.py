"""Scripted conversations: JSON files with a list of `{"speaker", "text"}`."""

import json
from pathlib import Path

from core.model.call import Language, Role
from core.model.errors import ScenarioInvalid
from core.model.insight import Turn

SPEAKERS = {"고객": Role.CUSTOMER, "customer": Role.CUSTOMER, "상담사": Role.AGENT, "agent": Role.AGENT}


def read_scenario(path: Path) -> tuple[Turn, ...]:
    """The turns of a file. Raises ScenarioInvalid, naming the entry."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioInvalid(path=str(path), reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise ScenarioInvalid(path=str(path), reason="it is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise ScenarioInvalid(path=str(path), reason=f"line {error.lineno}: {error.msg}") from error
    if not isinstance(entries, list) or not entries:
        raise ScenarioInvalid(path=str(path), reason="it is not a list of turns")
    return tuple(_turn(path, number, entry) for number, entry in enumerate(entries, start=1))


def _turn(path: Path, number: int, entry: object) -> Turn:
    if not isinstance(entry, dict):
        raise ScenarioInvalid(path=str(path), reason=f"entry {number} is not an object")
    speaker, text = entry.get("speaker"), entry.get("text")
    if not isinstance(speaker, str) or speaker not in SPEAKERS:
        raise ScenarioInvalid(path=str(path), reason=f"entry {number}: the speaker is none of {', '.join(SPEAKERS)}")
    if not isinstance(text, str) or not text.strip():
        raise ScenarioInvalid(path=str(path), reason=f"entry {number} has no text")
    return Turn(SPEAKERS[speaker], text)


def language_of(turns: tuple[Turn, ...]) -> Language:
    """Korean where any Hangul is spoken, English otherwise."""
    return "ko" if any("가" <= c <= "힣" for turn in turns for c in turn.text) else "en"

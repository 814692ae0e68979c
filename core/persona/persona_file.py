"""A persona's file: TOML that is read strictly, so that a slip of the pen is named with its key and does not pass."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import NoReturn, TypeVar

from core.model.call import PersonaId
from core.model.errors import PersonaFileInvalid, PersonaNotFound
from core.model.folder import file_stamps, unreadable_reason
from core.model.message import Message
from core.model.opening_hours import WEEKDAYS, OpeningHours
from core.model.persona import Persona
from core.persona.models import RETIREMENTS, knows_voice
from core.settings.opening_hours import read_date, read_spans, read_time_zone

LARGEST_BYTES = 200_000
LONGEST_INSTRUCTIONS = 30_000
LONGEST_WORDS = 1_000
WHOLE = "file"
"""The key of what is wrong with all of it."""
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_KINDS: Mapping[type, Callable[[], Message]] = {
    str: lambda: Message("it is not a text"),
    bool: lambda: Message("it is neither true nor false"),
    list: lambda: Message("it is not a list"),
    dict: lambda: Message("it is not a table"),
}
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class PersonaDefaults:
    """What a file may leave to the settings and the server."""

    model: str
    tools: frozenset[str]
    """Names of the tools that there are."""
    today: date
    """In the settings' time zone: a model that is shut down by then is refused."""


def load_personas(folder: Path, defaults: PersonaDefaults) -> tuple[dict[PersonaId, Persona], list[PersonaFileInvalid]]:
    """Every persona of a folder by its id, and what is wrong with the files that could not be read. Blocking."""
    personas: dict[PersonaId, Persona] = {}
    problems: list[PersonaFileInvalid] = []
    for stamp in file_stamps(folder, {".toml"}, below=False):
        try:
            if not stamp.is_readable_file:
                reason = Message("it cannot be read: {reason}", {"reason": unreadable_reason(stamp.path)})
                raise PersonaFileInvalid(path=str(stamp.path), key=WHOLE, reason=reason)
            persona = load_persona(stamp.path, defaults)
            personas[persona.id] = persona
        except PersonaFileInvalid as error:
            problems.append(error)
    return personas, problems


def load_persona(path: Path, defaults: PersonaDefaults) -> Persona:
    """One file's persona. Blocking.

    Raises:
        PersonaNotFound: there is no such file.
        PersonaFileInvalid: it cannot be used.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError as error:
        raise PersonaNotFound(persona=path.stem) from error
    except OSError as error:
        reason = Message("it cannot be read: {reason}", {"reason": error.strerror or str(error)})
        raise PersonaFileInvalid(path=str(path), key=WHOLE, reason=reason) from error
    if len(data) > LARGEST_BYTES:
        limit = Message("the file is larger than {limit} kB", {"limit": LARGEST_BYTES // 1000})
        raise PersonaFileInvalid(path=str(path), key=WHOLE, reason=limit)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PersonaFileInvalid(path=str(path), key=WHOLE, reason=Message("the text is not in UTF-8")) from error
    return parse_persona(text, path, defaults)


def parse_persona(text: str, path: Path, defaults: PersonaDefaults) -> Persona:
    """What a text would be as a persona's file. Raises PersonaFileInvalid."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = Message("it is no TOML: {reason}", {"reason": str(error)})
        raise PersonaFileInvalid(path=str(path), key=WHOLE, reason=reason) from error
    return _Reader(path, table).persona(defaults)


class _Reader:
    """Takes keys out of a table; what is left over at the end is unknown."""

    def __init__(self, path: Path, table: dict[str, object], prefix: str = "") -> None:
        self._path = path
        self._table = dict(table)
        self._prefix = prefix

    def persona(self, defaults: PersonaDefaults) -> Persona:
        """The whole file."""
        if not _ID.fullmatch(self._path.stem):
            self.refuse(WHOLE, Message("its name may hold small letters, digits and hyphens only"))
        model, retires_on = self._model(defaults)
        persona = Persona(
            id=PersonaId(self._path.stem),
            name=self._text("name", 80),
            language=self._language(),
            instructions=self._text("instructions", LONGEST_INSTRUCTIONS),
            voice=self._voice(),
            model=model,
            greeting=self._text("greeting", LONGEST_WORDS, ""),
            farewell=self._text("farewell", LONGEST_WORDS, ""),
            description=self._text("description", LONGEST_WORDS, ""),
            tools=self._tools(defaults.tools),
            opening_hours=self._opening_hours(),
            autostart=self._take("autostart", bool, False),
            barge_in=self._take("barge_in", bool, False),
            retires_on=retires_on,
        )
        self.finish()
        return persona

    def finish(self) -> None:
        """Refuse what nobody asked for: most likely a misspelt key."""
        for key in self._table:
            self.refuse(key, Message("there is no such key"))

    def refuse(self, key: str, reason: Message) -> NoReturn:
        """Say what is wrong with a key."""
        raise PersonaFileInvalid(path=str(self._path), key=self._prefix + key, reason=reason)

    def _take(self, key: str, kind: type[_Value], default: _Value | None = None) -> _Value:
        if key not in self._table:
            if default is None:
                self.refuse(key, Message("it is missing"))
            return default
        value = self._table.pop(key)
        if not isinstance(value, kind):
            self.refuse(key, _KINDS[kind]())
        return value

    def _text(self, key: str, limit: int, default: str | None = None) -> str:
        text = self._take(key, str, default).strip()
        if not text and default is None:
            self.refuse(key, Message("it is empty"))
        if len(text) > limit:
            self.refuse(key, Message("it is longer than {limit} characters", {"limit": limit}))
        return text

    def _texts(self, key: str, default: list[object] | None = None) -> list[str]:
        values = self._take(key, list, default)
        for value in values:
            if not isinstance(value, str):
                self.refuse(key, Message("it is not a list of texts"))
        return [str(value) for value in values]

    def _language(self) -> str:
        language = self._text("language", 3)
        if not _LANGUAGE.fullmatch(language):
            self.refuse("language", Message("it is not a language such as `ko` or `en`"))
        return language

    def _voice(self) -> str:
        voice = self._text("voice", 100)
        if not knows_voice(voice):
            self.refuse("voice", Message("there is no voice `{voice}`", {"voice": voice}))
        return voice

    def _model(self, defaults: PersonaDefaults) -> tuple[str, date | None]:
        model = self._text("model", 100, defaults.model)
        retires_on = RETIREMENTS.get(model)
        if retires_on is not None and retires_on <= defaults.today:
            parameters = {"model": model, "date": retires_on.isoformat(), "other": defaults.model}
            self.refuse("model", Message("{model} was shut down on {date}; take {other}", parameters))
        return model, retires_on

    def _tools(self, known: frozenset[str]) -> tuple[str, ...]:
        names = self._texts("tools", [])
        for name in names:
            if name not in known:
                self.refuse("tools", Message("there is no tool `{tool}`", {"tool": name[:60]}))
        return tuple(dict.fromkeys(names))

    def _opening_hours(self) -> OpeningHours | None:
        table = self._take("opening_hours", dict, {})
        if not table:
            return None
        return _Reader(self._path, table, "opening_hours.").hours()

    def hours(self) -> OpeningHours:
        """The table `opening_hours`: days without a key have the hours of `every_day`, or none."""
        name = self._text("time_zone", 60, OpeningHours().time_zone)
        zone = read_time_zone(name)
        if isinstance(zone, Message):
            self.refuse("time_zone", zone)
        every_day: list[object] = [*self._texts("every_day", ["closed"])]
        week = []
        for day in WEEKDAYS:
            spans = read_spans(self._texts(day, every_day))
            if isinstance(spans, Message):
                self.refuse(day, spans)
            week.append(spans)
        holidays = set()
        # TOML has dates of its own; one in quotes is meant the same.
        for value in self._take("holidays", list, []):
            is_date = isinstance(value, date) and not isinstance(value, datetime)
            holiday = value if is_date else read_date(str(value))
            if isinstance(holiday, Message):
                self.refuse("holidays", holiday)
            holidays.add(holiday)
        self.finish()
        return OpeningHours(name, tuple(week), frozenset(holidays))

"""A folder of personas, whose changes are seen without a restart."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core.model.call import PersonaId
from core.model.errors import PersonaFileInvalid, PersonaNotFound
from core.model.folder import FileStamp, file_stamps
from core.model.persona import Persona
from core.persona.persona_file import PersonaDefaults, load_personas


@dataclass(frozen=True, slots=True)
class PersonaList:
    """What a folder holds."""

    personas: tuple[Persona, ...]
    """By name of their files."""
    problems: tuple[PersonaFileInvalid, ...]
    """The files that were left out, each with the reason."""


class PersonaFolder:
    """The personas of a folder (`*.toml` directly in it). Any thread.

    Files are read when they are asked for, and again only after they have changed, or on another day: on that a
    model may have been shut down.
    """

    def __init__(self, path: Path, model: str, tools: frozenset[str], today: Callable[[], date]) -> None:
        """`model` is that of personas whose file names none, `tools` names those that there are."""
        self.path = path
        self._model = model
        self._tools = tools
        self._today = today
        self._lock = threading.Lock()
        self._seen: tuple[date, tuple[FileStamp, ...]] | None = None
        self._read = PersonaList((), ())

    def list(self) -> PersonaList:
        """All that is in the folder now; a broken file is named and left out. An absent folder is an empty one."""
        with self._lock:
            today, stamps = self._today(), file_stamps(self.path, {".toml"}, below=False)
            if (today, stamps) != self._seen:
                personas, problems = load_personas(self.path, PersonaDefaults(self._model, self._tools, today))
                self._read = PersonaList(tuple(personas.values()), tuple(problems))
                self._seen = (today, stamps)
            return self._read

    def find(self, persona_id: PersonaId) -> Persona:
        """One by its id, which is only ever compared, never made into a path.

        Raises:
            PersonaNotFound: there is none.
            PersonaFileInvalid: there is one, but it cannot be used: its model was shut down, say.
        """
        found = self.list()
        for persona in found.personas:
            if persona.id == persona_id:
                return persona
        for problem in found.problems:
            if Path(problem.path).stem == persona_id:
                raise problem
        raise PersonaNotFound(persona=persona_id)

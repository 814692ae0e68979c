"""A folder of scripted conversations, whose changes are seen without a restart."""

import threading
from dataclasses import dataclass, replace
from pathlib import Path

from core.assist.scenario import Scenario, read_scenario
from core.model.errors import ScenarioInvalid, ScenarioNotFound
from core.model.folder import FileStamp, file_stamps, unreadable_reason


@dataclass(frozen=True, slots=True)
class ScenarioList:
    """What a folder holds."""

    scenarios: tuple[Scenario, ...]
    """Korean ones first, by name within a language."""
    problems: tuple[ScenarioInvalid, ...]
    """The files that were left out, each with the reason."""


class ScenarioFolder:
    """The scenarios of a folder (`*.json` directly in it). Any thread.

    Files are read when they are asked for, and again only after they have changed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._seen: tuple[FileStamp, ...] | None = None
        self._read = ScenarioList((), ())

    def list(self) -> ScenarioList:
        """All that is in the folder now; a broken file is named and left out. An absent folder is an empty one."""
        with self._lock:
            stamps = file_stamps(self.path, {".json"}, below=False)
            if stamps != self._seen:
                self._read = self._read_all(stamps)
                self._seen = stamps
            return self._read

    def find(self, name: str) -> Scenario:
        """One by its name, which is only ever compared, never made into a path. Raises ScenarioNotFound."""
        for scenario in self.list().scenarios:
            if scenario.name == name:
                return scenario
        raise ScenarioNotFound(name=name)

    def _read_all(self, stamps: tuple[FileStamp, ...]) -> ScenarioList:
        scenarios: list[Scenario] = []
        problems: list[ScenarioInvalid] = []
        for stamp in stamps:
            try:
                if not stamp.is_readable_file:
                    raise ScenarioInvalid(path=str(stamp.path), reason=unreadable_reason(stamp.path))
                scenarios.append(read_scenario(stamp.path))
            except ScenarioInvalid as error:
                problems.append(replace(error, path=self._short(stamp.path)))
        scenarios.sort(key=lambda scenario: (scenario.language != "ko", scenario.name))
        return ScenarioList(tuple(scenarios), tuple(problems))

    def _short(self, path: Path) -> str:
        return str(path.relative_to(self.path)) if path != self.path else str(path)

"""The file of vocabulary hints as it is on the disk: read again when it changes, and saved whole or not at all."""

import hashlib
import logging
import stat
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from core.model.atomic_file import put_in_place
from core.model.call import Language
from core.model.clock import Clock
from core.model.errors import HintsChanged, HintsInvalid, HintsUnreadable, HintsUnwritable
from core.model.folder import FileStamp, file_stamp, unreadable_reason
from core.speech.hints import SpeechHints
from core.speech.hints_format import LARGEST_BYTES, decode_hints, parse_hints

logger = logging.getLogger(__name__)

SAMPLE = Path(__file__).with_name("sample_hints.yaml")
"""What an editor begins with where there is no file yet; it is never in use itself."""


@dataclass(frozen=True, slots=True)
class HintsReport:
    """The file, and what is in use of it."""

    path: Path
    text: str
    """As it is on the disk, right or wrong; empty where there is no file, or where it is too large."""
    digest: str
    """Of the file's bytes, by which a change is noticed; empty where there is no file."""
    hints: SpeechHints
    """In use: the last good ones."""
    read_at: float | None
    """When those were read, in seconds since the Unix epoch; None where there have never been any."""
    problem: HintsInvalid | HintsUnreadable | None
    """Why the file as it is now is not in use."""

    @property
    def exists(self) -> bool:
        """Whether there is a file that can be read."""
        return bool(self.digest)


class HintsFile:
    """Vocabulary hints in a file. All methods may be called from any thread.

    The file is looked at whenever its hints are asked for, and read again only after it has changed. A bad one is named
    in the log and in the report, and the last good hints stay in use. No file is no hints, and no error.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: FileStamp | None = None
        self._report = HintsReport(path, "", "", SpeechHints(), None, None)
        self._by_language: dict[Language, SpeechHints] = {}

    def __call__(self, language: Language) -> SpeechHints:
        """What is in use for a language now; the same object for as long as nothing has changed."""
        with self._lock:
            hints = self._current().hints
            if language not in self._by_language:
                self._by_language[language] = hints.in_language(language)
            return self._by_language[language]

    def report(self) -> HintsReport:
        """The file as it is now, and what is in use."""
        with self._lock:
            return self._current()

    def save(self, text: str, digest: str) -> HintsReport:
        """Put a text in the file's place, and use it from now on. Blocking.

        Args:
            text: All of it.
            digest: `HintsReport.digest` of what was edited.

        Raises:
            HintsInvalid: the text is wrong; the file stays as it is.
            HintsChanged: the file is no longer what was edited.
            HintsUnwritable: the disk or the rights do not allow it.
        """
        # A browser may send half of a surrogate pair, which no file can hold.
        data = text.encode("utf-8", errors="replace")
        parse_hints(decode_hints(data, str(self.path)), str(self.path))
        with self._lock:
            if self._current().digest != digest:
                raise HintsChanged(path=str(self.path))
            try:
                put_in_place(data, self.path)
            except OSError as error:
                raise HintsUnwritable(path=str(self.path), reason=error.strerror or str(error)) from error
            return self._current()

    def _current(self) -> HintsReport:
        stamp = file_stamp(self.path)
        if stamp != self._seen:
            self._report = self._read()
            self._seen = stamp
            if self._report.problem is not None:
                logger.warning("%s", self._report.problem)
        return self._report

    def _read(self) -> HintsReport:
        try:
            is_file = stat.S_ISREG(self.path.stat().st_mode)
            # A pipe or a device would never end.
            data = _beginning(self.path) if is_file else b""
        except FileNotFoundError:
            return self._in_use(SpeechHints(), "", "", None)
        except OSError as error:
            return self._unreadable(error.strerror or str(error))
        if not is_file:
            return self._unreadable(unreadable_reason(self.path))
        digest = hashlib.sha256(data).hexdigest()
        try:
            text = decode_hints(data, str(self.path))
            return self._in_use(parse_hints(text, str(self.path)), text, digest, self._clock.wall())
        except HintsInvalid as error:
            shown = "" if len(data) > LARGEST_BYTES else data.decode("utf-8-sig", errors="replace")
            return replace(self._report, text=shown, digest=digest, problem=error)

    def _unreadable(self, reason: str) -> HintsReport:
        problem = HintsUnreadable(path=str(self.path), reason=reason)
        return replace(self._report, text="", digest="", problem=problem)

    def _in_use(self, hints: SpeechHints, text: str, digest: str, read_at: float | None) -> HintsReport:
        self._by_language.clear()
        return HintsReport(self.path, text, digest, hints, read_at, None)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES + 1)

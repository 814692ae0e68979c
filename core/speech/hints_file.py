"""The file of vocabulary hints as it is on the disk, and what is in use of it for each language."""

import threading
from pathlib import Path

from core.model.call import Language
from core.model.clock import Clock
from core.model.errors import HintsChanged, HintsInvalid, HintsUnreadable, HintsUnwritable
from core.settings.edited_file import EditedFile, FileForm, FileReport
from core.speech.hints import SpeechHints
from core.speech.hints_format import parse_hints

SAMPLE = Path(__file__).with_name("sample_hints.yaml")
"""What an editor begins with where there is no file yet; it is never in use itself."""

HintsReport = FileReport[SpeechHints]

HINTS_FORM: FileForm[SpeechHints] = FileForm(
    parse=parse_hints,
    without=SpeechHints(),
    invalid=HintsInvalid,
    unreadable=HintsUnreadable,
    unwritable=HintsUnwritable,
    changed=HintsChanged,
)


class HintsFile(EditedFile[SpeechHints]):
    """Vocabulary hints in a file. All methods may be called from any thread."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(path, clock, HINTS_FORM)
        self._of_languages = threading.Lock()
        self._whole: SpeechHints | None = None
        self._by_language: dict[Language, SpeechHints] = {}

    def __call__(self, language: Language) -> SpeechHints:
        """What is in use for a language now; the same object for as long as nothing has changed."""
        hints = self.report().content
        with self._of_languages:
            if hints is not self._whole:
                self._whole = hints
                self._by_language = {}
            if language not in self._by_language:
                self._by_language[language] = hints.in_language(language)
            return self._by_language[language]

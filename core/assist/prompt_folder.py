"""The prompts in use: Earshot's own, and those that were changed here, one file a language."""

import re
import threading
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

from core.assist.prompt import Prompt, parse_prompt
from core.model.call import Language
from core.model.clock import Clock
from core.model.errors import PromptChanged, PromptInvalid, PromptUnreadable, PromptUnwritable
from core.settings.edited_file import EditedFile, FileForm, FileReport

SHIPPED: Final = Path(__file__).with_name("prompts")
"""Earshot's own prompts, which are in use wherever there is no other."""
PROMPT_LANGUAGES = ("ko", "en")
"""Languages that Earshot has a prompt of its own for."""
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")

PromptReport = FileReport[Prompt]


class PromptFolder:
    """Prompts for every language. All methods may be called from any thread.

    A file of the folder comes before Earshot's own prompt. It is read again when it has changed; a bad one is named in
    the log and in the report, and the last good one, or Earshot's own, stays in use.
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._lock = threading.Lock()
        self._files: dict[Language, EditedFile[Prompt]] = {}

    def __call__(self, language: Language) -> Prompt:
        """What is in use for calls in a language now; without a prompt of its own it is asked in English."""
        known = language if _LANGUAGE.fullmatch(language) else "en"
        prompt = self._file(known).report().content
        # A file that is not there leaves Earshot's own in use, which is the English one for other languages.
        chosen = prompt if prompt.language == known else self._file(prompt.language).report().content
        own = prompt_form(chosen.language).without
        return replace(chosen, wrap_up=chosen.wrap_up or own.wrap_up, question=chosen.question or own.question)

    def report(self, language: Language) -> PromptReport:
        """A language's file as it is now, and what is in use of it."""
        return self._file(language).report()

    def check(self, text: str, language: Language) -> Prompt:
        """What a text would be if it were the language's prompt. Raises PromptInvalid."""
        return prompt_form(language).check(text, self._file(language).path.name)

    def save(self, text: str, language: Language, digest: str) -> PromptReport:
        """Put a text in the place of a language's file. Blocking.

        Raises:
            PromptInvalid: the text is wrong; what is in use stays so.
            PromptChanged: the file is no longer what was edited, which had the digest `digest`.
            PromptUnwritable: the disk or the rights do not allow it.
        """
        return self._file(language).save(text, digest)

    def _file(self, language: Language) -> EditedFile[Prompt]:
        with self._lock:
            if language not in self._files:
                path = self._directory / f"{language}.md"
                self._files[language] = EditedFile(path, self._clock, prompt_form(language))
            return self._files[language]


def shipped_file(language: Language) -> Path:
    """Earshot's own prompt for a language; the English one for others."""
    return SHIPPED / f"{language if language in PROMPT_LANGUAGES else 'en'}.md"


@lru_cache(64)
def prompt_form(language: Language) -> FileForm[Prompt]:
    """What a language's file holds, and its errors."""
    own = shipped_file(language)
    return FileForm(
        parse=partial(_parsed, language=language),
        without=parse_prompt(own.read_text(encoding="utf-8"), own.stem, str(own)),
        invalid=PromptInvalid,
        unreadable=PromptUnreadable,
        unwritable=PromptUnwritable,
        changed=PromptChanged,
    )


def _parsed(text: str, path: str, language: Language) -> Prompt:
    return parse_prompt(text, language, path)

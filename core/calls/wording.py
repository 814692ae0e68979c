"""From what an engine wrote to what is shown, kept and searched: readable, and without numbers that identify somebody.

Lives on the calls loop; what takes long is done on a thread.
"""

import asyncio
from dataclasses import dataclass
from itertools import takewhile

from core.language.korean_display import display_of
from core.language.korean_numerals import numerals_as_digits
from core.language.korean_spacing import needs_analysis
from core.language.masking import Masker
from core.model.call import Language


@dataclass(frozen=True, slots=True)
class InterimWording:
    """The wording of an interim text."""

    text: str
    raw_text: str
    stable_chars: int
    """How many characters of `text` will most likely stay."""


class Wording:
    """The wording of one call's texts.

    All ways give the text and, where it differs, what the engine wrote. That is empty, too, where anything was hidden:
    the engine's own words would tell what the text hides.
    """

    def __init__(self, masker: Masker | None) -> None:
        self._masker = masker

    def of_interim(self, said: str, language: Language, at_s: float, stable_chars: int = 0) -> InterimWording:
        """Interim text, without the analysis of words for their spaces: it takes too long and will be done soon.

        Args:
            said: What the engine wrote.
            language: What is spoken.
            at_s: When, on the call's clock.
            stable_chars: How many characters of `said` will most likely stay.
        """
        text, raw_text = self._interim(said, language, at_s)
        if not 0 < stable_chars < len(said):
            return InterimWording(text, raw_text, len(text) if stable_chars else 0)
        # A number of which only a part is stable reads, or is hidden, as a whole: what stands for it is not stable yet.
        stable, _ = self._interim(said[:stable_chars], language, at_s)
        return InterimWording(text, raw_text, sum(1 for _ in takewhile(_are_same, zip(stable, text, strict=False))))

    def _interim(self, said: str, language: Language, at_s: float) -> tuple[str, str]:
        hidden = self._hidden(said, at_s)
        return self._as_read(said, hidden, numerals_as_digits(hidden) if language == "ko" else hidden, at_s)

    async def of_final(self, said: str, language: Language, at_s: float) -> tuple[str, str]:
        """Final text."""
        hidden = self._hidden(said, at_s)
        if language != "ko":
            readable = hidden
        elif needs_analysis(hidden):
            readable = await asyncio.to_thread(display_of, hidden)
        else:
            readable = display_of(hidden)
        return self._as_read(said, hidden, readable, at_s)

    def _hidden(self, said: str, at_s: float) -> str:
        return self._masker.mask(said, at_s) if self._masker is not None else said

    def _as_read(self, said: str, hidden: str, readable: str, at_s: float) -> tuple[str, str]:
        # Spaces and digits may show a number that could not be seen before.
        text = self._masker.mask_again(readable, said, at_s) if self._masker is not None else readable
        is_whole = hidden == said and text == readable
        return text, said if is_whole and text != said else ""


def _are_same(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]
